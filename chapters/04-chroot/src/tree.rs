//! A tree of files with a root of its own: what a path means inside a jail.
//!
//! Opening `jail/lib64/ld.so` from outside is not what a process inside does: a link to an
//! absolute path starts at the root *of the jail* there. So paths are walked here one name
//! at a time, as path_resolution(7) says.

use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use groundwork::kernel::CallError;

use crate::error::Error;

/// A folder that is somebody's `/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    root: PathBuf,
}

/// A link that was met on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Where it is.
    pub path: PathBuf,
    /// What it says.
    pub target: PathBuf,
}

/// A path, walked to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walked {
    /// Where it really leads: no name in it is a link.
    pub path: PathBuf,
    /// The links that were met, in order.
    pub links: Vec<Link>,
}

/// Why a path leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// ENOENT.
    #[error("{missing:?} is not there{}", after(.by))]
    Missing {
        /// The first name that is not there.
        missing: PathBuf,
        /// The link that says this name, if one does.
        by: Option<Link>,
    },
    /// ENOTDIR.
    #[error("{0:?} is not a folder")]
    NotAFolder(PathBuf),
    /// ELOOP.
    #[error("{0:?} leads round in a circle of links")]
    Circle(PathBuf),
    /// EACCES.
    #[error("{0:?} may not be searched")]
    Denied(PathBuf),
    /// Anything else.
    #[error("{0:?}: {1}")]
    Other(PathBuf, String),
}

fn after(by: &Option<Link>) -> String {
    by.as_ref().map_or_else(String::new, |link| {
        format!(" (the link {:?} leads to {:?})", link.path, link.target)
    })
}

/// The kernel gives up after so many links: path_resolution(7).
const MOST_LINKS: usize = 40;

impl Tree {
    /// The tree below `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Tree { root: root.into() }
    }

    /// The tree below a folder, which has to be one.
    pub fn of_folder(root: &Path) -> Result<Self, Error> {
        match fs::metadata(root.join(".")) {
            Ok(_) => Ok(Tree::new(root)),
            Err(error) => Err(Error::Look {
                root: root.to_owned(),
                call: CallError::from_io("stat", root, "stat(2)", &error),
            }),
        }
    }

    /// This machine's own.
    pub fn host() -> Self {
        Tree::new("/")
    }

    /// Where a path that is free of links lies for us, outside.
    pub fn outside(&self, path: &Path) -> PathBuf {
        let below = path.strip_prefix("/").unwrap_or(path);
        self.root.join(below)
    }

    /// Walks a path as a process with this root would.
    pub fn walk(&self, path: &Path) -> Result<Walked, Trouble> {
        let mut waiting: Vec<OsString> = names(path);
        let mut here = PathBuf::from("/");
        let mut links: Vec<Link> = Vec::new();
        // As long as more names than this wait, we are on the way that the last link says.
        let mut beyond = usize::MAX;
        while let Some(name) = waiting.pop() {
            if name == ".." {
                here.pop();
                continue;
            }
            let next = here.join(name);
            let outside = self.outside(&next);
            let found = fs::symlink_metadata(&outside).map_err(|error| {
                let by = links.last().filter(|_| waiting.len() >= beyond);
                trouble(&error, &next, by)
            })?;
            if !found.is_symlink() {
                if !found.is_dir() && !waiting.is_empty() {
                    return Err(Trouble::NotAFolder(next));
                }
                here = next;
                continue;
            }
            let target = fs::read_link(&outside).map_err(|error| trouble(&error, &next, None))?;
            beyond = waiting.len();
            waiting.extend(names(&target));
            if target.is_absolute() {
                here = PathBuf::from("/");
            }
            links.push(Link { path: next, target });
            if links.len() > MOST_LINKS {
                return Err(Trouble::Circle(path.to_owned()));
            }
        }
        Ok(Walked { path: here, links })
    }

    /// The file at the end of a path, by its path outside.
    pub fn find(&self, path: &Path) -> Result<PathBuf, Trouble> {
        self.walk(path).map(|walked| self.outside(&walked.path))
    }

    /// Whether the path leads to a file that is no folder.
    pub fn has_file(&self, path: &Path) -> bool {
        self.metadata(path).is_some_and(|found| found.is_file())
    }

    /// What the kernel knows of the file at the end of a path.
    pub fn metadata(&self, path: &Path) -> Option<Metadata> {
        let outside = self.find(path).ok()?;
        fs::symlink_metadata(outside).ok()
    }

    /// What is in the program at the end of a path, as [`program`] says; None if it cannot
    /// be read.
    pub fn program(&self, path: &Path) -> Option<Vec<u8>> {
        program(&self.find(path).ok()?).ok()
    }

    /// The bytes of the file at the end of a path; None if it cannot be read.
    pub fn read(&self, path: &Path) -> Option<Vec<u8>> {
        fs::read(self.find(path).ok()?).ok()
    }
}

/// An ELF file is read whole. Of any other file the beginning is enough, and all that the
/// kernel looks at: a disk image of some gigabytes is no program, and is not read to know it.
pub(crate) fn program(file: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read;
    const BEGINNING: u64 = 4096;
    let mut file = fs::File::open(file)?;
    let mut bytes = Vec::new();
    file.by_ref().take(BEGINNING).read_to_end(&mut bytes)?;
    if crate::closure::elf::is_elf(&bytes) {
        file.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// The names of a path, the first one last, so that it can be popped.
fn names(path: &Path) -> Vec<OsString> {
    let name = |part: Component<'_>| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        _ => None,
    };
    path.components().rev().filter_map(name).collect()
}

fn trouble(error: &std::io::Error, path: &Path, by: Option<&Link>) -> Trouble {
    match error.kind() {
        ErrorKind::NotFound => Trouble::Missing {
            missing: path.to_owned(),
            by: by.cloned(),
        },
        ErrorKind::PermissionDenied => Trouble::Denied(path.parent().unwrap_or(path).to_owned()),
        ErrorKind::NotADirectory => Trouble::NotAFolder(path.to_owned()),
        _ => Trouble::Other(path.to_owned(), error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn jail() -> tempfile::TempDir {
        let jail = tempfile::tempdir().unwrap();
        fs::create_dir_all(jail.path().join("usr/bin")).unwrap();
        fs::write(jail.path().join("usr/bin/tea"), "").unwrap();
        symlink("usr/bin", jail.path().join("bin")).unwrap();
        jail
    }

    fn walk(jail: &tempfile::TempDir, path: &str) -> Result<Walked, Trouble> {
        Tree::new(jail.path()).walk(Path::new(path))
    }

    #[test]
    fn a_link_on_the_way_is_followed_and_remembered() {
        let walked = walk(&jail(), "/bin/tea").unwrap();
        assert_eq!(walked.path, Path::new("/usr/bin/tea"));
        assert_eq!(walked.links[0].path, Path::new("/bin"));
    }

    #[test]
    fn an_absolute_link_starts_at_the_root_of_the_tree() {
        let jail = jail();
        symlink("/bin/tea", jail.path().join("cup")).unwrap();
        assert_eq!(walk(&jail, "/cup").unwrap().path, Path::new("/usr/bin/tea"));
    }

    #[test]
    fn dots_stop_at_the_root() {
        let walked = walk(&jail(), "/../../bin/../bin/tea").unwrap();
        assert_eq!(walked.path, Path::new("/usr/bin/tea"));
    }

    #[test]
    fn a_link_out_of_the_tree_is_named_with_what_it_says() {
        let jail = jail();
        symlink("/etc/passwd", jail.path().join("users")).unwrap();
        let Err(Trouble::Missing { missing, by }) = walk(&jail, "/users") else {
            panic!("the host's file was found");
        };
        assert_eq!(missing, Path::new("/etc"));
        assert_eq!(by.unwrap().target, Path::new("/etc/passwd"));
    }

    #[test]
    fn a_link_that_leads_somewhere_is_not_blamed_for_what_is_missing_there() {
        let Err(Trouble::Missing { missing, by }) = walk(&jail(), "/bin/coffee") else {
            panic!("there is no coffee");
        };
        assert_eq!(missing, Path::new("/usr/bin/coffee"));
        assert_eq!(by, None);
    }

    #[test]
    fn a_circle_of_links_ends() {
        let jail = jail();
        symlink("b", jail.path().join("a")).unwrap();
        symlink("a", jail.path().join("b")).unwrap();
        assert!(matches!(walk(&jail, "/a"), Err(Trouble::Circle(_))));
    }
}
