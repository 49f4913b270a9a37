//! `era-chroot new`: fills a folder with programs and what they need.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chroot::closure::{self, Closure, Item, Kind, Reason, Wanted};
use chroot::jail;
use chroot::tree::Tree;
use clap::Args;

use super::FAILED;
use crate::failure;

#[derive(Debug, Args)]
pub(super) struct New {
    /// The folder to fill; made if it is not there
    root: PathBuf,
    /// Programs, by name or path
    #[arg(long, value_name = "PROGRAM,…", value_delimiter = ',')]
    with: Vec<PathBuf>,
    /// A folder to copy whole, for what no ELF file names: /usr/lib/python3.11
    #[arg(long, value_name = "DIR")]
    tree: Vec<PathBuf>,
    /// A Debian package to copy whole, but for its documentation
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    package: Vec<String>,
    /// Copy nothing: show what would be copied, and who asked for it
    #[arg(long)]
    list: bool,
    /// The result as JSON
    #[arg(long)]
    json: bool,
}

impl New {
    pub(super) fn main(self) -> u8 {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let wanted = Wanted {
            programs: self.with,
            trees: self.tree,
            packages: self.package,
            path: std::env::split_paths(&path).collect(),
        };
        let host = Tree::host();
        let closure = match closure::collect(&host, &wanted) {
            Ok(closure) => closure,
            Err(error) => {
                failure::print(&error);
                return FAILED;
            }
        };
        for note in &closure.notes {
            eprintln!("note: {note}");
        }
        if self.list {
            list(&closure, self.json);
            return 0;
        }
        match jail::fill(&host, &closure, &self.root) {
            Ok(done) if self.json => println!("{}", serde_json::to_string(&done).expect("numbers")),
            Ok(done) => println!(
                "{}: {} files copied ({}), {} kept, {} links",
                self.root.display(),
                done.copied,
                size(done.bytes),
                done.kept,
                done.links
            ),
            Err(error) => {
                failure::print(&error);
                return FAILED;
            }
        }
        0
    }
}

fn list(closure: &Closure, json: bool) {
    if json {
        println!(
            "{}",
            serde_json::to_string_pretty(&closure.items).expect("plain data")
        );
        return;
    }
    let mut asked: BTreeMap<Option<&Path>, Vec<(&Path, &Item)>> = BTreeMap::new();
    for (path, item) in &closure.items {
        // Folders carry no bytes, and follow from what is in them.
        if item.kind != Kind::Folder {
            asked
                .entry(item.asked_by.as_deref())
                .or_default()
                .push((path, item));
        }
    }
    let tree = Listing { asked };
    let mut first: Vec<_> = tree.below(None).to_vec();
    first.sort_by_key(|(_, item)| item.reason != Reason::Program);
    for (path, item) in first {
        println!("{}", row("", path, item));
        tree.print(path, "");
    }
    // A folder or a package that was asked for is no file of the closure.
    for (asker, files) in &tree.asked {
        let Some(asker) = asker.filter(|path| !tree.is_file(path)) else {
            continue;
        };
        let bytes = files.iter().map(|(_, item)| bytes(item)).sum();
        println!(
            "{:<58} {:>9}  {} files",
            asker.display(),
            size(bytes),
            files.len()
        );
    }
    println!("{}", total(closure));
}

/// Who asked for whom.
struct Listing<'closure> {
    asked: BTreeMap<Option<&'closure Path>, Vec<(&'closure Path, &'closure Item)>>,
}

impl<'closure> Listing<'closure> {
    fn below(&self, asker: Option<&'closure Path>) -> &[(&'closure Path, &'closure Item)] {
        self.asked.get(&asker).map_or(&[], Vec::as_slice)
    }

    fn is_file(&self, path: &Path) -> bool {
        self.asked
            .values()
            .flatten()
            .any(|(known, _)| *known == path)
    }

    fn print(&self, asker: &'closure Path, indent: &str) {
        let rows = self.below(Some(asker));
        for (index, (path, item)) in rows.iter().enumerate() {
            let last = index + 1 == rows.len();
            let (branch, below) = if last {
                ("└─ ", "   ")
            } else {
                ("├─ ", "│  ")
            };
            println!("{}", row(&format!("{indent}{branch}"), path, item));
            self.print(path, &format!("{indent}{below}"));
        }
    }
}

fn row(indent: &str, path: &Path, item: &Item) -> String {
    if let Kind::Link(target) = &item.kind {
        return format!("{indent}{} -> {}", path.display(), target.display());
    }
    let shown = format!("{indent}{}", path.display());
    let size = match item.kind {
        Kind::File { size: bytes } => size(bytes),
        _ => String::new(),
    };
    format!("{shown:<58} {size:>9}  {}", word(&item.reason))
        .trim_end()
        .to_owned()
}

fn word(reason: &Reason) -> &'static str {
    match reason {
        Reason::Program => "program",
        Reason::Loader => "loader",
        Reason::Library => "library",
        Reason::Interpreter => "interpreter",
        Reason::Link => "link",
        Reason::Names => "names",
        Reason::Cache => "cache",
        Reason::Tree => "tree",
    }
}

fn bytes(item: &Item) -> u64 {
    match item.kind {
        Kind::File { size } => size,
        _ => 0,
    }
}

fn total(closure: &Closure) -> String {
    let count = |wanted: fn(&Kind) -> bool| {
        closure
            .items
            .values()
            .filter(|item| wanted(&item.kind))
            .count()
    };
    let files = count(|kind| matches!(kind, Kind::File { .. }));
    let links = count(|kind| matches!(kind, Kind::Link(_)));
    let all = closure.items.values().map(bytes).sum();
    format!("{files} files, {links} links, {}", size(all))
}

/// `812`, `1.2M`: at most five places.
fn size(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["", "K", "M", "G"] {
        if value < 1000.0 || unit == "G" {
            let whole = unit.is_empty() || value >= 100.0;
            return if whole {
                format!("{value:.0}{unit}")
            } else {
                format!("{value:.1}{unit}")
            };
        }
        value /= 1024.0;
    }
    unreachable!("the last unit takes every value")
}
