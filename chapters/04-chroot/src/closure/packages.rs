//! Which package a file belongs to, and what else it brought: dpkg's own lists.
//!
//! dpkg(1) keeps a list of files for each package in /var/lib/dpkg/info, and what it knows
//! of the package in /var/lib/dpkg/status. Both are text and are read here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::tree::Tree;

const LISTS: &str = "/var/lib/dpkg/info";
const STATUS: &str = "/var/lib/dpkg/status";

/// The packages of a machine, as far as dpkg keeps them.
#[derive(Debug, Default)]
pub struct Packages {
    packages: BTreeMap<String, Package>,
}

/// One installed package.
#[derive(Debug)]
struct Package {
    /// What it was built from: packages of one source belong together.
    source: String,
    /// Its list, a path a line.
    list: String,
}

/// Who else keeps packages, and where. Their lists are not read.
const OTHERS: &[(&str, &str)] = &[
    ("/var/lib/rpm", "rpm"),
    ("/usr/lib/sysimage/rpm", "rpm"),
    ("/lib/apk/db/installed", "apk"),
    ("/var/lib/pacman/local", "pacman"),
];

/// The keeper of a machine's packages, if it is another than dpkg.
pub fn other_keeper(tree: &Tree) -> Option<&'static str> {
    let there = |path: &str| tree.walk(Path::new(path)).is_ok();
    let other = OTHERS.iter().find(|(path, _)| there(path));
    other.map(|(_, name)| *name).filter(|_| !there(STATUS))
}

impl Packages {
    /// The packages of a tree; none where dpkg keeps none.
    pub fn of(tree: &Tree) -> Self {
        let status = tree.read(Path::new(STATUS)).unwrap_or_default();
        let status = String::from_utf8_lossy(&status);
        let packages = status.split("\n\n").filter_map(|entry| {
            let name = field(entry, "Package")?;
            field(entry, "Status")?.strip_suffix(" installed")?;
            // "Source: perl (5.36.0-7)"; without the field it is the package's own name.
            let source = field(entry, "Source").unwrap_or(name);
            let source = source.split(' ').next().unwrap_or(source).to_owned();
            let machine = field(entry, "Architecture").unwrap_or_default();
            let files = [format!("{name}.list"), format!("{name}:{machine}.list")];
            let mut files = files.iter().map(|file| Path::new(LISTS).join(file));
            let list = files.find_map(|file| tree.read(&file))?;
            let list = String::from_utf8_lossy(&list).into_owned();
            Some((name.to_owned(), Package { source, list }))
        });
        Packages {
            packages: packages.collect(),
        }
    }

    /// Every path that a package brought; None if it is not installed.
    pub fn files(&self, package: &str) -> Option<Vec<PathBuf>> {
        let lines = self.packages.get(package)?.list.lines();
        Some(lines.skip(1).map(PathBuf::from).collect())
    }

    /// The package that a path without links belongs to. Packages from before the merged
    /// /usr list `/bin/bash` where the file is `/usr/bin/bash` now, so both are looked for.
    pub fn owner(&self, path: &Path) -> Option<&str> {
        let path = path.to_str()?;
        let old = path.strip_prefix("/usr").unwrap_or(path);
        let lines = [format!("\n{path}\n"), format!("\n{old}\n")];
        let owns = |package: &Package| lines.iter().any(|line| package.list.contains(line));
        let mut owners = self.packages.iter().filter(|(_, package)| owns(package));
        owners.next().map(|(name, _)| name.as_str())
    }

    /// The packages that were built from the same source as this one, itself among them.
    pub fn family(&self, package: &str) -> Vec<&str> {
        let source = self.packages.get(package).map(|package| &package.source);
        let same = |other: &Package| Some(&other.source) == source;
        let family = self.packages.iter().filter(|(_, other)| same(other));
        family.map(|(name, _)| name.as_str()).collect()
    }
}

fn field<'text>(entry: &'text str, name: &str) -> Option<&'text str> {
    let mut lines = entry.lines();
    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn debian() -> (tempfile::TempDir, Tree) {
        let dir = tempfile::tempdir().unwrap();
        let dpkg = dir.path().join("var/lib/dpkg");
        fs::create_dir_all(dpkg.join("info")).unwrap();
        let status = "Package: perl-base\nStatus: install ok installed\nSource: perl (5.1)\n\n\
            Package: perl\nStatus: install ok installed\nArchitecture: amd64\n\n\
            Package: gone\nStatus: deinstall ok config-files\n";
        fs::write(dpkg.join("status"), status).unwrap();
        let list = "/.\n/bin\n/bin/perl\n/usr/share/perl\n";
        fs::write(dpkg.join("info/perl-base.list"), list).unwrap();
        fs::write(dpkg.join("info/perl:amd64.list"), "/.\n/usr/share/perl\n").unwrap();
        fs::write(dpkg.join("info/gone.list"), "/.\n/bin/gone\n").unwrap();
        let tree = Tree::new(dir.path());
        (dir, tree)
    }

    #[test]
    fn a_file_has_an_owner_and_the_owner_a_family() {
        let (_dir, tree) = debian();
        let packages = Packages::of(&tree);
        assert_eq!(
            packages.owner(Path::new("/usr/bin/perl")),
            Some("perl-base")
        );
        assert_eq!(packages.owner(Path::new("/bin/gone")), None);
        assert_eq!(packages.owner(Path::new("/bin/per")), None);
        assert_eq!(packages.family("perl-base"), ["perl", "perl-base"]);
        assert_eq!(packages.files("gone"), None);
    }

    #[test]
    fn another_keeper_is_named() {
        let (dir, tree) = debian();
        fs::create_dir_all(dir.path().join("var/lib/rpm")).unwrap();
        assert_eq!(other_keeper(&tree), None);
        fs::remove_file(dir.path().join("var/lib/dpkg/status")).unwrap();
        assert_eq!(other_keeper(&tree), Some("rpm"));
    }
}
