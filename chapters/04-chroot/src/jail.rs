//! Filling a folder so that programs start in it: copies, and nothing else. Nothing is
//! mounted, so that removing the folder can harm nobody.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::closure::{Closure, Item, Kind};
use crate::error::Error;
use crate::tree::Tree;

/// What was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Done {
    /// Files copied now.
    pub copied: usize,
    /// Files that were there already, the same.
    pub kept: usize,
    /// Links made or kept.
    pub links: usize,
    /// Bytes of the files copied now.
    pub bytes: u64,
}

/// Copies a closure from `source` into the folder `root`, and makes /tmp in it.
///
/// Files that are there already and look the same (size, time of change) are kept, so that
/// it can be called again with more.
pub fn fill(source: &Tree, closure: &Closure, root: &Path) -> Result<Done, Error> {
    prepare(closure, root)?;
    let mut done = Done::default();
    let mut twins = HashMap::new();
    for (path, item) in &closure.items {
        let inside = root.join(path.strip_prefix("/").unwrap_or(path));
        match &item.kind {
            Kind::Folder => folder(&inside, item.mode)?,
            Kind::Link(target) => {
                link(&inside, target)?;
                done.links += 1;
            }
            Kind::File { size } => {
                let from = source.outside(path);
                if file(&from, &inside, item, &mut twins)? {
                    done.copied += 1;
                    done.bytes += size;
                } else {
                    done.kept += 1;
                }
            }
        }
    }
    // Everybody's, and only the owner of a file there may remove it: the sticky bit.
    folder(&root.join("tmp"), 0o1777)?;
    Ok(done)
}

/// Makes the folder itself, or looks whether the one that is there can be a jail.
fn prepare(closure: &Closure, root: &Path) -> Result<(), Error> {
    fs::create_dir_all(root).map_err(|error| Error::make(root, &error))?;
    let unfit = |why: String| Error::Unfit {
        root: root.to_owned(),
        why,
    };
    let identity = |path: &Path| {
        fs::metadata(path)
            .map(|found| (found.dev(), found.ino()))
            .ok()
    };
    if identity(root) == identity(Path::new("/")) {
        return Err(unfit("it is the root of this machine".to_owned()));
    }
    // Copying /usr/bin/bash into /usr would begin a second system inside the first.
    let real = fs::canonicalize(root).map_err(|error| Error::read(root, &error))?;
    let is_file = |item: &Item| matches!(item.kind, Kind::File { .. });
    let mut files = closure.items.iter().filter(|(_, item)| is_file(item));
    if let Some((own, _)) = files.find(|(path, _)| path.starts_with(&real)) {
        let why = format!("{} is copied from there", own.display());
        return Err(unfit(why));
    }
    match stranger(root)? {
        Some(name) => Err(unfit(format!("it holds other things, such as {name:?}"))),
        None => Ok(()),
    }
}

/// What the root directory of a system may hold.
const ROOTLY: &[&str] = &[
    "bin",
    "boot",
    "dev",
    "etc",
    "home",
    "lib",
    "lib32",
    "lib64",
    "libx32",
    "lost+found",
    "media",
    "mnt",
    "nix",
    "opt",
    "proc",
    "root",
    "run",
    "sbin",
    "srv",
    "sys",
    "tmp",
    "usr",
    "var",
];

/// A name that says that this folder is somebody's, and no root: not one of a root's own, in
/// a folder that does not look like a root otherwise.
fn stranger(root: &Path) -> Result<Option<String>, Error> {
    let entries = fs::read_dir(root).map_err(|error| Error::read(root, &error))?;
    let names = entries.flatten().map(|entry| entry.file_name());
    let mut names: Vec<_> = names
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    names.sort();
    let has = |any: &[&str]| names.iter().any(|name| any.contains(&name.as_str()));
    if has(&["usr", "bin"]) && has(&["etc", "lib", "lib64"]) {
        return Ok(None);
    }
    Ok(names
        .into_iter()
        .find(|name| !ROOTLY.contains(&name.as_str())))
}

/// What is at a path, links not followed: nobody leads us out of the jail.
fn at(path: &Path) -> Option<fs::Metadata> {
    fs::symlink_metadata(path).ok()
}

fn folder(path: &Path, mode: u32) -> Result<(), Error> {
    match at(path) {
        Some(found) if found.is_dir() => return Ok(()),
        Some(found) => return Err(conflict(path, &found, "a folder".to_owned())),
        None => {}
    }
    let made = fs::create_dir(path);
    let made = made.and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(mode)));
    made.map_err(|error| Error::make(path, &error))
}

fn link(path: &Path, target: &Path) -> Result<(), Error> {
    match at(path) {
        Some(found) if found.is_symlink() && fs::read_link(path).is_ok_and(|to| to == target) => {
            return Ok(());
        }
        Some(found) => {
            let wanted = format!("a link to {}", target.display());
            return Err(conflict(path, &found, wanted));
        }
        None => {}
    }
    symlink(target, path).map_err(|error| Error::write(path, &error))
}

/// One file; false if it was there already. Names of one file (hard links) stay names of
/// one file: git has its program a hundred times.
fn file(
    from: &Path,
    to: &Path,
    item: &Item,
    twins: &mut HashMap<(u64, u64), PathBuf>,
) -> Result<bool, Error> {
    let source = fs::symlink_metadata(from).map_err(|error| Error::read(from, &error))?;
    match at(to) {
        Some(found) if found.is_file() && same(&source, &found) => {
            twins.insert((source.dev(), source.ino()), to.to_owned());
            return Ok(false);
        }
        Some(found) if !found.is_file() => return Err(conflict(to, &found, "a file".to_owned())),
        _ => {}
    }
    let identity = (source.dev(), source.ino());
    if let Some(twin) = twins.get(&identity).filter(|_| source.nlink() > 1) {
        let _ = fs::remove_file(to);
        fs::hard_link(twin, to).map_err(|error| Error::write(to, &error))?;
        return Ok(true);
    }
    copy(from, to, item.mode, &source)?;
    twins.insert(identity, to.to_owned());
    Ok(true)
}

fn same(source: &fs::Metadata, copy: &fs::Metadata) -> bool {
    source.len() == copy.len() && source.modified().ok() == copy.modified().ok()
}

/// Under another name first, so that an interrupted copy is never taken for the file.
fn copy(from: &Path, to: &Path, mode: u32, source: &fs::Metadata) -> Result<(), Error> {
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(".era-new");
    let new = to.with_file_name(name);
    let reading = fs::File::open(from).map_err(|error| Error::read(from, &error))?;
    let written = || -> std::io::Result<()> {
        let mut reading = reading;
        // A link of this name, left by somebody inside, must not be followed.
        let _ = fs::remove_file(&new);
        let mut writing = fs::File::create_new(&new)?;
        std::io::copy(&mut reading, &mut writing)?;
        writing.set_permissions(fs::Permissions::from_mode(mode))?;
        writing.set_modified(source.modified()?)?;
        fs::rename(&new, to)
    };
    written().map_err(|error| {
        let _ = fs::remove_file(&new);
        Error::write(to, &error)
    })
}

fn conflict(path: &Path, found: &fs::Metadata, wanted: String) -> Error {
    Error::Conflict {
        path: path.to_owned(),
        is: if found.is_symlink() {
            "another link"
        } else if found.is_dir() {
            "a folder"
        } else {
            "a file"
        },
        wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::closure::{self, Wanted};

    fn of_sh() -> Closure {
        let wanted = Wanted {
            programs: vec!["/bin/sh".into()],
            ..Wanted::default()
        };
        closure::collect(&Tree::host(), &wanted).unwrap()
    }

    #[test]
    fn filling_it_again_copies_nothing() {
        let jail = tempfile::tempdir().unwrap();
        let first = fill(&Tree::host(), &of_sh(), jail.path()).unwrap();
        let again = fill(&Tree::host(), &of_sh(), jail.path()).unwrap();
        assert!(first.copied > 0);
        assert_eq!((again.copied, again.kept), (0, first.copied));
    }

    #[test]
    fn a_link_in_the_jail_leads_no_copy_out_of_it() {
        let outside = tempfile::tempdir().unwrap();
        let jail = tempfile::tempdir().unwrap();
        symlink(outside.path(), jail.path().join("etc")).unwrap();
        let refused = fill(&Tree::host(), &of_sh(), jail.path());
        assert!(
            matches!(refused, Err(Error::Conflict { .. })),
            "{refused:?}"
        );
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    }

    #[test]
    fn the_machines_own_root_is_refused() {
        let refused = fill(&Tree::host(), &Closure::default(), Path::new("/usr/.."));
        assert!(matches!(refused, Err(Error::Unfit { .. })), "{refused:?}");
    }

    #[test]
    fn tmp_is_for_everybody() {
        let jail = tempfile::tempdir().unwrap();
        fill(&Tree::host(), &Closure::default(), jail.path()).unwrap();
        let mode = fs::metadata(jail.path().join("tmp"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o7777, 0o1777);
    }

    #[test]
    fn a_set_user_id_program_becomes_an_ordinary_one() {
        let machine = tempfile::tempdir().unwrap();
        fs::create_dir(machine.path().join("bin")).unwrap();
        let su = machine.path().join("bin/su");
        fs::write(&su, "").unwrap();
        fs::set_permissions(&su, fs::Permissions::from_mode(0o6755)).unwrap();
        let tree = Tree::new(machine.path());
        let wanted = Wanted {
            programs: vec!["/bin/su".into()],
            ..Wanted::default()
        };
        let jail = tempfile::tempdir().unwrap();
        fill(
            &tree,
            &closure::collect(&tree, &wanted).unwrap(),
            jail.path(),
        )
        .unwrap();
        let mode = fs::metadata(jail.path().join("bin/su")).unwrap().mode();
        assert_eq!(mode & 0o7777, 0o755);
    }

    #[test]
    fn a_link_in_the_place_of_a_copy_is_not_followed() {
        let outside = tempfile::tempdir().unwrap();
        let victim = outside.path().join("victim");
        let closure = of_sh();
        let (first, _) = closure
            .items
            .iter()
            .find(|(_, item)| matches!(item.kind, Kind::File { .. }))
            .unwrap();
        let jail = tempfile::tempdir().unwrap();
        let folder = jail
            .path()
            .join(first.parent().unwrap().strip_prefix("/").unwrap());
        fs::create_dir_all(&folder).unwrap();
        let mut name = first.file_name().unwrap().to_owned();
        name.push(".era-new");
        symlink(&victim, folder.join(name)).unwrap();
        fill(&Tree::host(), &closure, jail.path()).unwrap();
        assert!(!victim.exists());
    }

    #[test]
    fn somebodys_folder_is_refused_and_an_empty_or_a_jail_is_not() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("letters"), "").unwrap();
        let refused = fill(&Tree::host(), &of_sh(), home.path());
        assert!(matches!(refused, Err(Error::Unfit { .. })), "{refused:?}");
        let refused = fill(&Tree::host(), &of_sh(), Path::new("/usr"));
        assert!(matches!(refused, Err(Error::Unfit { .. })), "{refused:?}");

        let jail = tempfile::tempdir().unwrap();
        fill(&Tree::host(), &of_sh(), jail.path()).unwrap();
        fs::write(jail.path().join("notes"), "").unwrap();
        fill(&Tree::host(), &of_sh(), jail.path()).unwrap();
    }
}
