//! Folders that a program reads after it has started, and that no ELF header names.
//!
//! Python without its library starts and dies, and so does `git` without `git-core`.
//! Nobody has to list such folders by hand, two witnesses together find them:
//!
//! 1. The program's own bytes: a program that reads `/usr/share/perl` has that path, or its
//!    end `share/perl`, compiled into it (or carries the name itself: `python3.11`).
//! 2. The package that the program came with, and the packages built from the same source:
//!    of such a folder their files are taken, and nobody else's.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use memchr::memmem;

use super::packages::Packages;
use crate::tree::Tree;

/// A folder that a program reads when it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Data {
    /// The folder.
    pub folder: PathBuf,
    /// The packages whose files count.
    pub packages: Vec<String>,
    /// Those files, and the folders that they lie in.
    pub files: Vec<PathBuf>,
}

/// Folders that hold a folder for each program.
const SHELVES: &[&str] = &["/usr/lib", "/usr/libexec", "/usr/share", "/lib"];

/// Left out of them: a program works without its manual and its translations.
const FOR_PEOPLE: &[&str] = &["doc", "info", "locale", "man"];

/// Whether a file is documentation or a translation.
pub fn is_for_people(file: &Path) -> bool {
    let below = file.strip_prefix("/usr/share").ok();
    let first = below.and_then(|below| below.iter().next());
    first.is_some_and(|first| FOR_PEOPLE.iter().any(|name| first == *name))
}

/// What `program` reads later. `libraries` are those that it loads; both without links.
pub fn of_program(
    tree: &Tree,
    packages: &Packages,
    program: &Path,
    libraries: &[PathBuf],
) -> Vec<Data> {
    let Some(owner) = packages.owner(program) else {
        return Vec::new();
    };
    let family = packages.family(owner);
    let mut folders: BTreeMap<PathBuf, (BTreeSet<&str>, BTreeSet<PathBuf>)> = BTreeMap::new();
    for package in &family {
        for file in packages.files(package).unwrap_or_default() {
            if let Some(folder) = on_a_shelf(&file).filter(|_| !is_for_people(&file)) {
                let (packages, files) = folders.entry(folder).or_default();
                packages.insert(package);
                files.insert(file);
            }
        }
    }
    let kin = libraries.iter().filter(|library| {
        let owner = packages.owner(library);
        owner.is_some_and(|owner| family.contains(&owner))
    });
    let witnesses = kin.map(PathBuf::as_path).chain([program]);
    let witnesses: Vec<_> = witnesses.filter_map(|path| tree.read(path)).collect();
    let is_named = |folder: &Path| {
        folder.file_name() == program.file_name()
            || witnesses.iter().any(|bytes| names(bytes, folder))
    };
    let named = folders.into_iter().filter(|(folder, _)| is_named(folder));
    named
        .map(|(folder, (packages, files))| Data {
            folder,
            packages: packages.into_iter().map(str::to_owned).collect(),
            files: files.into_iter().collect(),
        })
        .collect()
}

/// Folders that a program names by their whole path, for one that no package brought: they
/// can only be pointed at, since nothing says whose the files in them are.
pub fn named_by(tree: &Tree, program: &Path) -> Vec<PathBuf> {
    const LOCAL: &[&str] = &["/usr/local/lib", "/usr/local/libexec", "/usr/local/share"];
    let bytes = tree.read(program).unwrap_or_default();
    let in_path = |byte: &u8| in_name(byte) || *byte == b'/';
    let mut found = BTreeSet::new();
    for at in memmem::find_iter(&bytes, b"/usr/") {
        let rest = &bytes[at..];
        let end = rest.iter().position(|byte| !in_path(byte));
        let path = String::from_utf8_lossy(&rest[..end.unwrap_or(rest.len())]).into_owned();
        // As if of a file in it, so that the folder itself counts.
        let folder = folder_on(LOCAL, &Path::new(&path).join("x"));
        found.extend(folder.or_else(|| on_a_shelf(&Path::new(&path).join("x"))));
    }
    let is_folder = |folder: &Path| tree.metadata(folder).is_some_and(|found| found.is_dir());
    found.retain(|folder| !is_for_people(folder) && is_folder(folder));
    found.into_iter().collect()
}

/// `/usr/share/perl` for `/usr/share/perl/5.36/strict.pm`, and the same one level deeper
/// for `/usr/lib/x86_64-linux-gnu/perl/…`; None for what lies right on a shelf.
fn on_a_shelf(file: &Path) -> Option<PathBuf> {
    folder_on(SHELVES, file)
}

fn folder_on(shelves: &[&str], file: &Path) -> Option<PathBuf> {
    let (shelf, rest) = shelves
        .iter()
        .find_map(|shelf| Some((Path::new(shelf), file.strip_prefix(shelf).ok()?)))?;
    let mut names = rest.iter();
    let mut folder = shelf.join(names.next()?);
    if folder.to_string_lossy().contains("-linux-") {
        folder.push(names.next()?);
    }
    names.next().map(|_| folder)
}

/// Whether the last two names of `folder` stand in `bytes`, as names of a path.
fn names(bytes: &[u8], folder: &Path) -> bool {
    let mut last: Vec<_> = folder.iter().rev().take(2).collect();
    last.reverse();
    let text: PathBuf = last.into_iter().collect();
    stands_alone(bytes, text.to_string_lossy().as_bytes())
}

/// What names of files are made of, mostly.
fn in_name(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-.+".contains(byte)
}

/// `share/perl` stands in `/usr/share/perl/5.36`, and not in `/usr/share/perl5`.
fn stands_alone(bytes: &[u8], text: &[u8]) -> bool {
    memmem::find_iter(bytes, text).any(|at| {
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        let after = bytes.get(at + text.len());
        !before.is_some_and(in_name) && !after.is_some_and(in_name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_the_one_below_its_shelf() {
        let folder = |path: &str| on_a_shelf(Path::new(path));
        let is = |path: &str| Some(PathBuf::from(path));
        assert_eq!(folder("/usr/share/perl/5.36/a.pm"), is("/usr/share/perl"));
        assert_eq!(folder("/usr/lib/git-core/git-add"), is("/usr/lib/git-core"));
        let multiarch = "/usr/lib/x86_64-linux-gnu/perl-base";
        assert_eq!(folder(&format!("{multiarch}/a.pm")), is(multiarch));
        assert_eq!(folder("/usr/lib/libx.so"), None);
        assert_eq!(folder("/usr/lib/x86_64-linux-gnu/libx.so"), None);
        assert_eq!(folder("/usr/bin/perl"), None);
    }

    #[test]
    fn a_name_counts_only_as_a_whole() {
        let folder = Path::new("/usr/share/perl");
        assert!(names(b"..\0/usr/share/perl/5.36\0", folder));
        assert!(names(b"\0share/perl\0", folder));
        assert!(!names(b"\0/usr/share/perl5\0", folder));
        assert!(!names(b"\0/usr/myshare/perl\0", folder));
        assert!(!names(b"perl", folder));
    }

    #[test]
    fn a_program_that_no_package_brought_names_its_folders() {
        let dir = tempfile::tempdir().unwrap();
        for folder in [
            "usr/lib/tea",
            "usr/local/libexec/tea-core",
            "usr/share/locale",
        ] {
            std::fs::create_dir_all(dir.path().join(folder)).unwrap();
        }
        let bytes = b"\0/usr/lib/tea/leaf.so\0/usr/local/libexec/tea-core\0/usr/share/locale\0\
                      /usr/lib/coffee\0";
        std::fs::write(dir.path().join("tea"), bytes).unwrap();
        let named = named_by(&Tree::new(dir.path()), Path::new("/tea"));
        let expected = ["/usr/lib/tea", "/usr/local/libexec/tea-core"];
        assert_eq!(named, expected.map(PathBuf::from));
    }

    #[test]
    fn manuals_and_translations_are_for_people() {
        assert!(is_for_people(Path::new("/usr/share/doc/bash/README")));
        assert!(is_for_people(Path::new("/usr/share/locale/de")));
        assert!(!is_for_people(Path::new("/usr/share/git-core/templates")));
        assert!(!is_for_people(Path::new("/usr/lib/locale/C.utf8")));
    }
}
