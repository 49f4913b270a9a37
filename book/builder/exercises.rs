//! The tasks of a chapter's exercises, where its page says `<!-- exercises -->`.
//!
//! They lie in `chapters/NN-…/exercises/NAME/task.md`: what the student gets is what the book
//! shows, and a new folder is a new exercise in both. What is to be written stands below the
//! task as it stands in the student's file.

use std::fs;
use std::path::Path;

use mdbook_preprocessor::errors::{Error, Result};

use crate::starter;

/// The line of a page that they take the place of.
const PLACE: &str = "<!-- exercises -->";

/// A page with its tasks.
pub fn put_in(page: &str, path: &Path, book: &Path) -> Result<String> {
    if !page.contains(PLACE) {
        return Ok(page.to_owned());
    }
    let chapter = path.file_stem().unwrap_or_default();
    let folder = book.join("../chapters").join(chapter).join("exercises");
    let told = |error: std::io::Error| Error::msg(format!("{}: {error}", folder.display()));
    let mut tasks = Vec::new();
    for entry in fs::read_dir(&folder).map_err(told)? {
        let exercise = entry.map_err(told)?.path();
        let task = fs::read_to_string(exercise.join("task.md")).map_err(told)?;
        tasks.push((task, begun(&exercise)?));
    }
    // The number is the first thing in each.
    tasks.sort();
    let tasks: Vec<_> = tasks
        .iter()
        .map(|(task, begun)| section(task, begun))
        .collect();
    Ok(page.replace(PLACE, &tasks.join("\n")))
}

/// What the student's file begins with, where work is due; an exercise in shell begins with
/// an empty script.
fn begun(exercise: &Path) -> Result<String> {
    let file = exercise.join("starter.rs");
    if !file.is_file() {
        return Ok(String::new());
    }
    let told = |error: std::io::Error| Error::msg(format!("{}: {error}", file.display()));
    let text = fs::read_to_string(&file).map_err(told)?;
    let solution = fs::read_to_string(exercise.join("solution.rs")).map_err(told)?;
    let part = starter::to_write(&text, &solution);
    if part.is_empty() {
        let nothing = format!("{}: nothing is to be written in it", file.display());
        return Err(Error::msg(nothing));
    }
    Ok(format!("\n```rust,ignore\n{part}\n```\n"))
}

/// A task as a section of a page, and how to begin.
fn section(task: &str, begun: &str) -> String {
    let task = task.replacen("# ", "### ", 1);
    let id = task.split(' ').nth(1).unwrap_or_default();
    let begin = format!("\n```text\n$ era exercise start {id}\n```\n{begun}");
    match (task.split_once("<!-- exercise\n"), task.split_once("-->\n")) {
        (Some((title, _)), Some((_, text))) => format!("{title}{}\n{begin}", text.trim()),
        _ => task,
    }
}
