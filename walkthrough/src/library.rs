//! The pages and sources that are embedded, so that `era` works from any folder.

use std::path::Path;

use crate::page::{Page, parse};

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// A page could not be had.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// A file that is there but cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// Which.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// Not as `book/AUTHORING.md` says.
    #[error("{path}: {source}")]
    Parse {
        /// Which.
        path: String,
        /// What is wrong.
        source: parse::PageError,
    },
    /// No page answers to a word.
    #[error("no page is called {word}; there are: {known}")]
    Unknown {
        /// What was asked for.
        word: String,
        /// What there is.
        known: String,
    },
}

/// Every page of the book that has a number, in the book's order.
///
/// # Errors
/// The first page that cannot be parsed.
pub fn pages() -> Result<Vec<Page>, LibraryError> {
    let numbered = PAGES
        .iter()
        .filter(|(stem, _)| stem.as_bytes().first().is_some_and(u8::is_ascii_digit));
    numbered.map(|(stem, text)| read(stem, text)).collect()
}

fn read(stem: &str, text: &str) -> Result<Page, LibraryError> {
    parsed(stem, text, &format!("{stem}.md"))
}

/// A page, with the list of its exercises where it asks for it.
fn parsed(stem: &str, text: &str, path: &str) -> Result<Page, LibraryError> {
    let text = text.replace("<!-- exercises -->", &crate::exercise::show::of_page(stem));
    parse::page(stem, &text).map_err(|source| LibraryError::Parse {
        path: path.to_owned(),
        source,
    })
}

/// The page that a word means: a file, or a page of the book by its number,
/// file, name or program.
///
/// # Errors
/// No such page, or one that cannot be read.
pub fn find(word: &str) -> Result<Page, LibraryError> {
    let path = Path::new(word);
    if word.ends_with(".md") && path.is_file() {
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|source| LibraryError::Read {
            path: word.to_owned(),
            source,
        })?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        return parsed(&stem, &text, word);
    }
    let mut pages = pages()?;
    match pages.iter().position(|page| page.answers_to(word)) {
        Some(found) => Ok(pages.swap_remove(found)),
        None => {
            let known = pages
                .iter()
                .map(|page| page.stem.as_str())
                .collect::<Vec<_>>()
                .join(", ");
            Err(LibraryError::Unknown {
                word: word.to_owned(),
                known,
            })
        }
    }
}

/// A source file of the project, by its path from the root.
pub fn source(path: &str) -> Option<&'static str> {
    SOURCES
        .iter()
        .find(|(known, _)| *known == path)
        .map(|(_, text)| *text)
}

/// Replaces `{{#include PATH:ANCHOR}}` in a page by the lines that it names.
pub fn include(text: &str) -> String {
    let resolved = text.lines().map(|line| {
        match line
            .trim()
            .strip_prefix("{{#include ")
            .and_then(|rest| rest.strip_suffix("}}"))
        {
            Some(what) => included(what.trim()).unwrap_or_else(|| line.to_owned()),
            None => line.to_owned(),
        }
    });
    resolved.collect::<Vec<_>>().join("\n")
}

/// `../../chapters/04-chroot/src/enter.rs:enter`
fn included(what: &str) -> Option<String> {
    let (path, anchor) = what
        .split_once(':')
        .map_or((what, None), |(path, anchor)| (path, Some(anchor)));
    let text = source(path.trim_start_matches("../"))?;
    let Some(anchor) = anchor else {
        return Some(text.to_owned());
    };
    let is = |line: &str, word: &str| {
        line.split(word)
            .nth(1)
            .is_some_and(|name| name.trim() == anchor)
    };
    let lines = text
        .lines()
        .skip_while(|line| !is(line, "ANCHOR:"))
        .skip(1)
        .take_while(|line| !is(line, "ANCHOR_END:"));
    Some(
        lines
            .filter(|line| !line.contains("ANCHOR"))
            .collect::<Vec<_>>()
            .join("\n"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_of_the_book_can_be_read() {
        pages().unwrap();
    }

    #[test]
    fn sources_are_found_by_their_path_from_the_root() {
        assert!(source("chapters/00-groundwork/src/lib.rs").is_some());
    }
}
