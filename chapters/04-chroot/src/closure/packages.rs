//! Which package a file belongs to, and what else is in it: dpkg's own lists.
//!
//! A program opens files later that no ELF file names: Python its library, git its helpers.
//! The package knows them. On a machine without dpkg nothing is found here.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::tree::Tree;

const LISTS: &str = "/var/lib/dpkg/info";
const STATUS: &str = "/var/lib/dpkg/status";

/// Folders that no program needs in order to work: documentation, and what is meant for
/// other programs of the system.
const NOT_NEEDED: &[&str] = &[
    "applications",
    "apport",
    "bash-completion",
    "binfmt.d",
    "binfmts",
    "bug",
    "doc",
    "doc-base",
    "icons",
    "info",
    "lintian",
    "locale",
    "man",
    "menu",
    "metainfo",
    "modules-load.d",
    "pixmaps",
    "sysctl.d",
    "systemd",
    "sysusers.d",
    "tmpfiles.d",
    "udev",
    "zsh",
];

/// dpkg's lists of one machine.
#[derive(Debug)]
pub struct Packages<'tree> {
    tree: &'tree Tree,
}

/// A folder of files that a program reads when it runs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Data {
    /// The folder.
    pub folder: PathBuf,
    /// The package that it comes from.
    pub package: String,
}

impl<'tree> Packages<'tree> {
    /// The packages of a tree.
    pub fn of(tree: &'tree Tree) -> Self {
        Packages { tree }
    }

    /// Every file of a package but its documentation; None if it is not installed.
    pub fn files(&self, package: &str) -> Option<Vec<PathBuf>> {
        let exact = format!("{package}.list");
        let any_machine = format!("{package}:");
        let list = self
            .lists()
            .into_iter()
            .find(|name| *name == exact || name.starts_with(&any_machine))?;
        let text = self.tree.read(&Path::new(LISTS).join(list))?;
        let text = String::from_utf8_lossy(&text).into_owned();
        let files = text.lines().map(PathBuf::from);
        Some(
            files
                .filter(|file| file.is_absolute() && is_needed(file))
                .collect(),
        )
    }

    /// The package that a path belongs to. Packages from before the merged /usr list
    /// `/bin/bash` where the file is `/usr/bin/bash` now, so both are looked for.
    pub fn owner(&self, path: &Path) -> Option<String> {
        let path = path.to_str()?;
        let old = path.strip_prefix("/usr").unwrap_or(path);
        let found = self.lists().into_iter().find(|name| {
            let text = self
                .tree
                .read(&Path::new(LISTS).join(name))
                .unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            text.lines().any(|line| line == path || line == old)
        })?;
        let name = found.trim_end_matches(".list");
        Some(name.split(':').next().unwrap_or(name).to_owned())
    }

    /// The folders of data of the package that owns `program`, and of those that it
    /// depends on directly and that were built with it.
    pub fn data(&self, program: &Path) -> BTreeSet<Data> {
        let Some(owner) = self.owner(program) else {
            return BTreeSet::new();
        };
        let relatives = self.relatives(&owner);
        let data = [vec![owner], relatives]
            .concat()
            .into_iter()
            .flat_map(|package| {
                let files = self.files(&package).unwrap_or_default();
                let folders = files.iter().filter_map(|file| data_folder(file));
                let folders: BTreeSet<_> = folders.collect();
                folders.into_iter().map(move |folder| Data {
                    folder,
                    package: package.clone(),
                })
            });
        data.collect()
    }

    /// Those that a package depends on and that come from the same source as it.
    fn relatives(&self, package: &str) -> Vec<String> {
        let status = self.tree.read(Path::new(STATUS)).unwrap_or_default();
        let status = String::from_utf8_lossy(&status).into_owned();
        let Some(own) = paragraph(&status, package) else {
            return Vec::new();
        };
        let source = |paragraph: &str, name: &str| {
            let source = field(paragraph, "Source").unwrap_or(name);
            source.split(' ').next().unwrap_or(name).to_owned()
        };
        let depends = ["Pre-Depends", "Depends"]
            .into_iter()
            .filter_map(|name| field(own, name));
        let names = depends
            .flat_map(|list| list.split([',', '|']))
            .map(|one| one.trim().split([' ', ':']).next().unwrap_or("").to_owned());
        names
            .filter(|name| {
                paragraph(&status, name)
                    .is_some_and(|other| source(other, name) == source(own, package))
            })
            .collect()
    }

    fn lists(&self) -> Vec<String> {
        let outside = self.tree.outside(Path::new(LISTS));
        let entries = std::fs::read_dir(outside).into_iter().flatten().flatten();
        let mut names: Vec<_> = entries
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| name.ends_with(".list"))
            .collect();
        names.sort();
        names
    }
}

/// The entry of an installed package in dpkg's status file.
fn paragraph<'text>(status: &'text str, package: &str) -> Option<&'text str> {
    let mut entries = status.split("\n\n");
    entries.find(|entry| field(entry, "Package") == Some(package))
}

fn field<'text>(paragraph: &'text str, name: &str) -> Option<&'text str> {
    let mut lines = paragraph.lines();
    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn is_needed(file: &Path) -> bool {
    let below = ["/usr/lib", "/usr/share"]
        .iter()
        .find_map(|top| file.strip_prefix(top).ok());
    let first = below.and_then(|below| below.iter().next());
    !first.is_some_and(|first| NOT_NEEDED.iter().any(|not| first == *not))
}

/// `/usr/lib/python3.11` of `/usr/lib/python3.11/json/decoder.py`; None for files that lie
/// right in a folder of programs or libraries.
fn data_folder(file: &Path) -> Option<PathBuf> {
    let below = ["/usr/lib", "/usr/share", "/lib"]
        .iter()
        .find_map(|top| file.strip_prefix(top).ok().map(|rest| (*top, rest)));
    let (top, rest) = below?;
    let parts: Vec<_> = rest.iter().collect();
    // Multiarch: /usr/lib/x86_64-linux-gnu/perl-base/…
    let depth = if parts.first()?.to_str()?.contains("-linux-") {
        2
    } else {
        1
    };
    (parts.len() > depth).then(|| {
        parts[..depth]
            .iter()
            .fold(PathBuf::from(top), |path, part| path.join(part))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_folder_is_the_first_that_belongs_to_the_package_alone() {
        let of = |file: &str| data_folder(Path::new(file));
        let json = of("/usr/lib/python3.11/json/decoder.py");
        assert_eq!(json, Some(PathBuf::from("/usr/lib/python3.11")));
        let perl = of("/usr/lib/x86_64-linux-gnu/perl-base/POSIX.pm");
        assert_eq!(
            perl,
            Some(PathBuf::from("/usr/lib/x86_64-linux-gnu/perl-base"))
        );
        assert_eq!(of("/usr/lib/x86_64-linux-gnu/libc.so.6"), None);
        assert_eq!(of("/usr/bin/python3"), None);
    }

    #[test]
    fn documentation_is_left_out() {
        assert!(!is_needed(Path::new("/usr/share/doc/bash/README")));
        assert!(is_needed(Path::new("/usr/share/git-core/templates")));
    }
}
