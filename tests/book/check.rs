//! What is wrong with a book, found without mdBook.
//!
//! [`problems`] reads a checkout (`book/src`, `book/theme`, `chapters`) and says
//! every fault in a sentence that begins with the file.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::{drawings, includes};

/// A console block must fit the terminal of a page: 80x24 with the tour's own lines around it.
const COLUMNS: usize = 80;
const ROWS: usize = 18;

/// A page as written.
pub struct Page {
    /// Relative to book/src.
    pub name: PathBuf,
    pub text: String,
}

/// Everything that is wrong with the book in `checkout`.
pub fn problems(checkout: &Path) -> Vec<String> {
    let src = checkout.join("book/src");
    let pages = pages(&src);
    let mut found = summary(&src, &pages);
    for page in &pages {
        let mut add = |fault: String| found.push(format!("{}: {fault}", page.name.display()));
        links(&src, page, &pages).into_iter().for_each(&mut add);
        blocks(page).into_iter().for_each(&mut add);
        numbered(page).into_iter().for_each(&mut add);
    }
    found.extend(includes::problems(checkout, &pages));
    found.extend(drawings::problems(checkout, &pages));
    found.extend(readme(checkout));
    found
}

fn pages(src: &Path) -> Vec<Page> {
    let mut names: Vec<PathBuf> = files_below(src);
    names.retain(|name| name.extension().is_some_and(|end| end == "md"));
    names.retain(|name| name != Path::new("SUMMARY.md"));
    let read = |name: PathBuf| Page {
        text: fs::read_to_string(src.join(&name)).unwrap(),
        name,
    };
    names.into_iter().map(read).collect()
}

/// All files below `folder`, named relative to it, in order.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                found.push(path.strip_prefix(folder).unwrap().to_path_buf());
            }
        }
    }
    found.sort();
    found
}

/// SUMMARY.md names every page, and nothing that is not there.
fn summary(src: &Path, pages: &[Page]) -> Vec<String> {
    let text = fs::read_to_string(src.join("SUMMARY.md")).unwrap();
    let listed: BTreeSet<PathBuf> = destinations(&text)
        .into_iter()
        .map(|(to, _)| to.into())
        .collect();
    let there: BTreeSet<PathBuf> = pages.iter().map(|page| page.name.clone()).collect();
    let missing = listed
        .difference(&there)
        .map(|name| format!("SUMMARY.md: no file {}", name.display()));
    let absent = there
        .difference(&listed)
        .map(|name| format!("{}: not in SUMMARY.md", name.display()));
    missing.chain(absent).collect()
}

/// Where the links and images of a text lead; true for an image.
pub fn destinations(text: &str) -> Vec<(String, bool)> {
    let found = Parser::new_ext(text, options()).filter_map(|event| match event {
        Event::Start(Tag::Link { dest_url, .. }) => Some((dest_url.to_string(), false)),
        Event::Start(Tag::Image { dest_url, .. }) => Some((dest_url.to_string(), true)),
        _ => None,
    });
    found.collect()
}

/// What mdBook switches on.
fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_DEFINITION_LIST
        | Options::ENABLE_GFM
}

/// Local links lead to a file that is there, and to a heading in it.
fn links(src: &Path, page: &Page, pages: &[Page]) -> Vec<String> {
    let mut found = Vec::new();
    let folder = page.name.parent().unwrap();
    for (to, image) in destinations(&page.text) {
        if to.contains("://") || to.starts_with("mailto:") {
            continue;
        }
        let (file, fragment) = to.split_once('#').unwrap_or((&to, ""));
        let target = if file.is_empty() {
            page.name.clone()
        } else {
            folder.join(file)
        };
        if !src.join(&target).is_file() {
            let what = if image { "image" } else { "link" };
            found.push(format!("{what} to {to}: no such file"));
            continue;
        }
        let Some(target) = pages.iter().find(|page| page.name == target) else {
            continue;
        };
        if !fragment.is_empty() && !ids(&target.text).contains(fragment) {
            found.push(format!("link to {to}: no such heading"));
        }
    }
    found
}

/// The ids that mdBook gives to the headings and terms of a page.
fn ids(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut heading: Option<String> = None;
    for event in Parser::new_ext(text, options()) {
        match event {
            Event::Start(Tag::Heading { id: Some(id), .. }) => {
                found.insert(id.to_string());
            }
            Event::Start(Tag::Heading { .. } | Tag::DefinitionListTitle) => {
                heading = Some(String::new())
            }
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            Event::End(TagEnd::Heading(_) | TagEnd::DefinitionListTitle) => {
                if let Some(heading) = heading.take() {
                    insert_unique(&mut found, slug(&heading));
                }
            }
            _ => {}
        }
    }
    found
}

fn slug(heading: &str) -> String {
    let keep = |c: char| match c {
        c if c.is_alphanumeric() || c == '_' || c == '-' => Some(c),
        c if c.is_whitespace() => Some('-'),
        _ => None,
    };
    heading
        .trim()
        .to_lowercase()
        .chars()
        .filter_map(keep)
        .collect()
}

fn insert_unique(ids: &mut BTreeSet<String>, id: String) {
    if ids.insert(id.clone()) {
        return;
    }
    let free = (1..)
        .map(|n| format!("{id}-{n}"))
        .find(|id| !ids.contains(id));
    ids.extend(free);
}

/// Every console block fits 80 columns and 18 rows.
fn blocks(page: &Page) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Option<usize> = None;
    for (number, line) in page.text.lines().enumerate().map(|(i, line)| (i + 1, line)) {
        match open {
            None if line.starts_with("```console") => open = Some(number),
            Some(start) if line == "```" => {
                let rows = number - start - 1;
                if rows > ROWS {
                    found.push(format!(
                        "line {start}: a console block of {rows} rows, at most {ROWS}"
                    ));
                }
                open = None;
            }
            Some(_) if line.chars().count() > COLUMNS => {
                let columns = line.chars().count();
                found.push(format!(
                    "line {number}: {columns} columns, at most {COLUMNS}"
                ));
            }
            _ => {}
        }
    }
    found
}

/// A page with a number says its minutes and has its one drawing at least.
fn numbered(page: &Page) -> Vec<String> {
    let name = page.name.to_string_lossy();
    if !name.starts_with(|c: char| c.is_ascii_digit()) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let minutes = page
        .text
        .lines()
        .find_map(|line| line.strip_prefix("minutes:"));
    if !minutes.is_some_and(|minutes| minutes.trim().parse::<u32>().is_ok_and(|n| n > 0)) {
        found.push("no `minutes:` with a number".to_owned());
    }
    if !destinations(&page.text)
        .iter()
        .any(|(to, image)| *image && to.ends_with(".svg"))
    {
        found.push("no drawing".to_owned());
    }
    found
}

/// The local links of README.md lead somewhere.
fn readme(checkout: &Path) -> Vec<String> {
    let Ok(text) = fs::read_to_string(checkout.join("README.md")) else {
        return vec!["README.md: missing".to_owned()];
    };
    let local = destinations(&text)
        .into_iter()
        .map(|(to, _)| to)
        .filter(|to| !to.contains("://"));
    let file = |to: &String| checkout.join(to.split('#').next().unwrap_or(to));
    let dead = local.filter(|to| !to.starts_with('#') && !file(to).exists());
    dead.map(|to| format!("README.md: link to {to}: no such file"))
        .collect()
}
