//! Embeds the pages of the book, the sources of the chapters and the exercises in `era`.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

#[path = "build/exercises.rs"]
mod exercises;
#[path = "build/witness.rs"]
mod witness;

fn main() -> std::io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace")
        .canonicalize()?;
    let out =
        PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it")).join("embedded.rs");
    let mut table = fs::File::create(out)?;

    writeln!(
        table,
        "/// Pages by the stem of their file, in the book's order."
    )?;
    writeln!(table, "pub const PAGES: &[(&str, &str)] = &[")?;
    for page in in_the_order_of_the_summary(&root)? {
        let stem = page
            .file_stem()
            .expect("a page has a name")
            .to_string_lossy()
            .into_owned();
        writeln!(table, "    ({stem:?}, include_str!({page:?})),")?;
    }
    writeln!(table, "];\n")?;

    writeln!(
        table,
        "/// Sources of the chapters by their path from the root of the project."
    )?;
    writeln!(table, "pub const SOURCES: &[(&str, &str)] = &[")?;
    let mut sources = Vec::new();
    files(&root.join("chapters"), "rs", &mut sources)?;
    sources.retain(|source| !source.iter().any(|name| name == "exercises"));
    sources.sort();
    for source in sources {
        let name = source.strip_prefix(&root).expect("below the root");
        writeln!(table, "    ({name:?}, include_str!({source:?})),")?;
    }
    writeln!(table, "];")?;
    exercises::embed(&root)?;
    witness::compile()
}

/// SUMMARY.md says which pages there are and in which order.
fn in_the_order_of_the_summary(root: &Path) -> std::io::Result<Vec<PathBuf>> {
    let folder = root.join("book/src");
    println!("cargo::rerun-if-changed={}", folder.display());
    let summary = fs::read_to_string(folder.join("SUMMARY.md")).unwrap_or_default();
    let names = summary
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    let pages = names
        .map(|name| folder.join(name))
        .filter(|page| page.is_file());
    Ok(pages.collect())
}

/// All files below `folder` with this end.
fn files(folder: &Path, end: &str, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files(&path, end, found)?;
        } else if path.extension().is_some_and(|extension| extension == end) {
            found.push(path);
        }
    }
    Ok(())
}
