//! The classic way out of a chroot, for whoever may call chroot(2) inside.
//!
//! The kernel stops `..` at the root directory of a process, and nowhere else. A process
//! that stands *outside* its own root never meets it on the way up. And it gets there with
//! the very call that shut it in: a second chroot(2), to a folder below, moves the root and
//! leaves the process where it stands. See chroot(2), NOTES.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use groundwork::kernel::{self, CallError};
use groundwork::step;

use crate::error::Error;

/// Which directory a path leads to: its file system and its inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The device number of the file system.
    pub device: u64,
    /// The inode on it.
    pub inode: u64,
}

impl Identity {
    /// Of what is at `path`.
    fn of(path: &str) -> Result<Self, CallError> {
        let path = Path::new(path);
        let found = std::fs::metadata(path);
        let found = found.map_err(|error| CallError::from_io("stat", path, "stat(2)", &error))?;
        Ok(Identity {
            device: found.dev(),
            inode: found.ino(),
        })
    }
}

impl std::fmt::Display for Identity {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "inode {} on device {}", self.inode, self.device)
    }
}

/// What an escape brought back.
#[derive(Debug, Clone)]
pub struct Escaped {
    /// The root before.
    pub inside: Identity,
    /// The root after.
    pub outside: Identity,
    /// What stood in the file outside.
    pub canary: String,
}

/// No tree that people make is deeper.
const DEEPEST: usize = 1024;

/// Breaks out of the root that this process has and reads `canary`, a path as seen from
/// outside. It reads, and starts nothing.
// ANCHOR: escape
pub fn escape(canary: &Path) -> Result<Escaped, Error> {
    let stage = |step| move |call| Error::Escape { step, call };
    let inside = Identity::of("/").map_err(stage("look at the root we have"))?;

    step("Move the root below us, and stay where we are: now we stand outside it");
    let folder = scratch_folder().map_err(stage("make a folder"))?;
    let moved = kernel::chroot(&folder).map_err(stage("chroot to a folder below"));
    let _ = std::fs::remove_dir(&folder);
    moved?;

    step("Walk up: nothing stops us before the top of the tree");
    climb().map_err(stage("walk up"))?;

    step("Make the top our root");
    kernel::chroot(".").map_err(stage("chroot to the top"))?;

    let outside = Identity::of("/").map_err(stage("look at the new root"))?;
    if outside == inside {
        return Err(Error::StillInside);
    }
    let canary = read(canary).map_err(Error::Canary)?;
    Ok(Escaped {
        inside,
        outside,
        canary,
    })
}

/// `..` until it changes nothing any more.
fn climb() -> kernel::Result<()> {
    let mut here = Identity::of(".")?;
    for _ in 0..DEEPEST {
        kernel::chdir("..")?;
        let above = Identity::of(".")?;
        if above == here {
            break;
        }
        here = above;
    }
    Ok(())
}
// ANCHOR_END: escape

/// A folder inside to move the root to. It goes away at once: the root needs no name.
fn scratch_folder() -> kernel::Result<PathBuf> {
    let name = PathBuf::from(format!("era-escape-{}", std::process::id()));
    kernel::mkdir(&name, 0o700)?;
    Ok(name)
}

fn read(canary: &Path) -> kernel::Result<String> {
    std::fs::read_to_string(canary)
        .map_err(|error| CallError::from_io("open", canary, "open(2)", &error))
}
