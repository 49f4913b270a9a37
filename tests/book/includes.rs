//! Code of the chapters in the pages: `{{#include ../../chapters/04-chroot/src/enter.rs:enter}}`.
//!
//! mdBook leaves an include of a missing file as it stands, and shows nothing
//! for an anchor that is not there. Both are faults here, and so is an anchor
//! in the chapters that no page shows.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::check::{Page, files_below};

/// The lines of each anchor of a file; None where its end is missing.
type Anchors = BTreeMap<String, Option<Vec<String>>>;

/// What is wrong with the includes of `pages`, and with the anchors of `checkout`.
pub fn problems(checkout: &Path, pages: &[Page]) -> Vec<String> {
    let src = checkout.join("book/src");
    let mut found = Vec::new();
    let mut used: Vec<(PathBuf, String)> = Vec::new();
    for page in pages {
        for include in includes(&page.text) {
            let folder = src.join(&page.name);
            match resolve(folder.parent().unwrap(), &include) {
                Ok(anchor) => used.push(anchor),
                Err(fault) => found.push(format!(
                    "{}: include of {include}: {fault}",
                    page.name.display()
                )),
            }
        }
    }
    let chapters = checkout.join("chapters");
    for name in files_below(&chapters) {
        if name.extension().is_none_or(|end| end != "rs") {
            continue;
        }
        let file = fs::canonicalize(chapters.join(&name)).unwrap();
        for (anchor, lines) in anchors(&fs::read_to_string(&file).unwrap()) {
            let at = format!("chapters/{}", name.display());
            if lines.is_none() {
                found.push(format!("{at}: anchor {anchor} has no end"));
            } else if !used.contains(&(file.clone(), anchor.clone())) {
                found.push(format!("{at}: no page shows anchor {anchor}"));
            }
        }
    }
    found
}

/// What stands between `{{#include ` and `}}`, in order.
fn includes(text: &str) -> Vec<String> {
    let after_open = text.split("{{#").skip(1);
    let inside = after_open
        .filter_map(|rest| rest.split_once("}}"))
        .map(|(inside, _)| inside);
    let words = inside.filter_map(|inside| inside.split_once(' '));
    let kinds = ["include", "rustdoc_include", "playground"];
    words
        .filter(|(kind, _)| kinds.contains(kind))
        .map(|(_, path)| path.trim().to_owned())
        .collect()
}

/// The file and anchor that an include shows.
fn resolve(folder: &Path, include: &str) -> Result<(PathBuf, String), String> {
    let (file, anchor) = include
        .split_once(':')
        .ok_or("a whole file: name an anchor")?;
    if anchor.starts_with(|c: char| c.is_ascii_digit() || c == ':') {
        return Err("line numbers move: name an anchor".to_owned());
    }
    let file = fs::canonicalize(folder.join(file)).map_err(|_| "no such file")?;
    let text = fs::read_to_string(&file).map_err(|error| error.to_string())?;
    let lines = anchors(&text).remove(anchor).ok_or("no such anchor")?;
    if !lines
        .ok_or("its anchor has no end")?
        .iter()
        .any(|line| !line.trim().is_empty())
    {
        return Err("its anchor is empty".to_owned());
    }
    Ok((file, anchor.to_owned()))
}

/// Every `ANCHOR: name` of a source file, with the lines down to its `ANCHOR_END: name`.
fn anchors(text: &str) -> Anchors {
    let mut done = Anchors::new();
    let mut open: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for line in text.lines() {
        if let Some((_, name)) = line.split_once("ANCHOR_END:") {
            if let Some(lines) = open.remove(name.trim()) {
                done.insert(name.trim().to_owned(), Some(lines));
            }
        } else if let Some((_, name)) = line.split_once("ANCHOR:") {
            open.insert(name.trim(), Vec::new());
        } else {
            open.values_mut()
                .for_each(|lines| lines.push(line.to_owned()));
        }
    }
    done.extend(open.into_keys().map(|name| (name.to_owned(), None)));
    done
}
