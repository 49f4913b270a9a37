//! Our pass over the pages, after mdBook has put the includes in.

use std::fs;
use std::path::Path;

use mdbook_preprocessor::book::{Book, BookItem};
use mdbook_preprocessor::errors::{Error, Result};
use mdbook_preprocessor::{Preprocessor, PreprocessorContext};

use crate::{console, drawing, exercises};

/// Console blocks and drawings become HTML; the front matter becomes a line.
pub struct Pages;

impl Preprocessor for Pages {
    fn name(&self) -> &str {
        "eras"
    }

    fn run(&self, context: &PreprocessorContext, mut book: Book) -> Result<Book> {
        let src = context.root.join(&context.config.book.src);
        let mut failed = None;
        book.for_each_mut(|item| {
            let BookItem::Chapter(chapter) = item else {
                return;
            };
            let Some(path) = &chapter.path else { return };
            let folder = src.join(path);
            let folder = folder.parent().unwrap_or(Path::new("."));
            let content = exercises::put_in(&chapter.content, path, &context.root);
            match content.and_then(|content| render(&content, folder)) {
                Ok(content) => chapter.content = content,
                Err(error) => failed = Some(error.context(path.display().to_string())),
            }
        });
        failed.map_or(Ok(book), Err)
    }
}

/// One page, whose images lie below `folder`.
fn render(page: &str, folder: &Path) -> Result<String> {
    let mut out = String::with_capacity(page.len() * 2);
    let mut minutes = page.lines().find_map(|line| line.strip_prefix("minutes: "));
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(info) = line.strip_prefix("```console") {
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            out.push_str(&console::html(info.trim(), &block));
        } else if line.starts_with("```") {
            // Code of another kind is mdBook's business, whatever it looks like.
            out.push_str(line);
            out.push('\n');
            for line in lines.by_ref() {
                out.push_str(line);
                out.push('\n');
                if line == "```" {
                    break;
                }
            }
        } else if let Some(image) = drawing::reference(line) {
            let file = folder.join(image);
            let svg = fs::read_to_string(&file)
                .map_err(|error| Error::msg(format!("{}: {error}", file.display())))?;
            out.push_str(&drawing::inline(&svg));
        } else {
            out.push_str(line);
        }
        if let Some(minutes) = minutes.take_if(|_| line.starts_with("# ")) {
            out.push_str(&format!("\n\n<p class=\"minutes\">{minutes} minutes</p>\n"));
        }
        out.push('\n');
    }
    Ok(out)
}
