//! `era-chroot new`: fills a folder with programs and what they need.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use chroot::closure::{self, Closure, Item, Kind, Reason, Wanted};
use chroot::jail;
use chroot::tree::Tree;
use chroot::why::DEFAULT_PATH;
use clap::Args;

use super::FAILED;
use crate::{failure, result};

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
    /// Leave out the folders that programs read when they run: only what starts them
    #[arg(long)]
    bare: bool,
    /// Copy nothing: show what would be copied, and who asked for it
    #[arg(long)]
    list: bool,
    /// The result as JSON
    #[arg(long)]
    json: bool,
}

impl New {
    pub(super) fn main(self) -> u8 {
        let path = std::env::var_os("PATH").unwrap_or_else(|| DEFAULT_PATH.into());
        let wanted = Wanted {
            programs: self.with,
            trees: self.tree,
            packages: self.package,
            path: std::env::split_paths(&path).collect(),
            bare: self.bare,
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
            result::aside(format_args!("note: {note}"));
        }
        if self.list {
            let text = if self.json {
                serde_json::to_string_pretty(&closure.items).expect("plain data")
            } else {
                list(&closure)
            };
            return result::print(&text, 0, FAILED);
        }
        match jail::fill(&host, &closure, &self.root) {
            Ok(done) if self.json => {
                let text = serde_json::to_string(&done).expect("numbers");
                result::print(&text, 0, FAILED)
            }
            Ok(done) => {
                let text = format!(
                    "{}: {} files copied ({}), {} kept, {} links",
                    self.root.display(),
                    done.copied,
                    size(done.bytes),
                    done.kept,
                    done.links
                );
                result::print(&text, 0, FAILED)
            }
            Err(error) => {
                failure::print(&error);
                FAILED
            }
        }
    }
}

/// What would be copied, as text.
fn list(closure: &Closure) -> String {
    let mut asked: BTreeMap<Option<&Path>, Vec<(&Path, &Item)>> = BTreeMap::new();
    let askers = closure.items.values().map(|item| item.asked_by.as_deref());
    let askers: HashSet<_> = askers.flatten().collect();
    for (path, item) in &closure.items {
        // Other folders carry no bytes, and follow from what is in them.
        let is_tree = item.reason == Reason::Tree && askers.contains(path.as_path());
        if item.kind != Kind::Folder || is_tree {
            let below = asked.entry(item.asked_by.as_deref()).or_default();
            below.push((path, item));
        }
    }
    let mut listing = Listing {
        closure,
        asked,
        rows: Vec::new(),
    };
    let mut first: Vec<_> = listing.below(None).to_vec();
    first.sort_by_key(|(_, item)| item.reason != Reason::Program);
    for (path, item) in first {
        listing.print(path, item, "", "");
    }
    // A package that was asked for is no file of the closure.
    let packages: Vec<_> = listing.asked.keys().flatten().copied().collect();
    for package in packages {
        if !closure.items.contains_key(package) {
            listing.whole("", package);
        }
    }
    listing.rows.push(total(closure));
    listing.rows.join("\n")
}

/// Who asked for whom.
struct Listing<'closure> {
    closure: &'closure Closure,
    asked: BTreeMap<Option<&'closure Path>, Vec<(&'closure Path, &'closure Item)>>,
    rows: Vec<String>,
}

impl<'closure> Listing<'closure> {
    fn below(&self, asker: Option<&'closure Path>) -> &[(&'closure Path, &'closure Item)] {
        self.asked.get(&asker).map_or(&[], Vec::as_slice)
    }

    /// One row, and below it what it asks for.
    fn print(&mut self, path: &'closure Path, item: &Item, branch: &str, indent: &str) {
        let is_tree = item.kind == Kind::Folder;
        let rows = if is_tree {
            self.whole(branch, path);
            self.below_tree(path)
        } else {
            self.rows.push(row(branch, path, item));
            self.below(Some(path)).to_vec()
        };
        for (index, (path, item)) in rows.iter().enumerate() {
            let (branch, below) = match index + 1 == rows.len() {
                true => ("└─ ", "   "),
                false => ("├─ ", "│  "),
            };
            let branch = format!("{indent}{branch}");
            self.print(path, item, &branch, &format!("{indent}{below}"));
        }
    }

    /// What the files of a folder ask for, the folder's own files left out: they are many.
    fn below_tree(&self, folder: &'closure Path) -> Vec<(&'closure Path, &'closure Item)> {
        let files = self.below(Some(folder)).iter();
        let asked = files.flat_map(|(file, _)| self.below(Some(file)));
        let asked = asked.filter(|(_, item)| item.reason != Reason::Tree);
        asked.copied().collect()
    }

    /// A folder or package that is taken whole, as one row.
    fn whole(&mut self, branch: &str, name: &Path) {
        let of = |item: &&Item| item.asked_by.as_deref() == Some(name);
        let items = self.closure.items.values().filter(of);
        let files = items.filter(|item| matches!(item.kind, Kind::File { .. }));
        let (count, sum) = files.fold((0, 0), |(count, sum), file| (count + 1, sum + bytes(file)));
        let shown = format!("{branch}{}", name.display());
        let row = format!("{shown:<58} {:>9}  {count} files", size(sum));
        self.rows.push(row);
    }
}

fn row(indent: &str, path: &Path, item: &Item) -> String {
    if let Kind::Link(target) = &item.kind {
        // Beside what it leads to, its name says enough.
        let beside = |of: &Path| of.parent() == path.parent();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        return match item.asked_by.as_deref().is_some_and(beside) {
            true => format!("{indent}{name} -> {}", target.display()),
            false => format!("{indent}{} -> {}", path.display(), target.display()),
        };
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
