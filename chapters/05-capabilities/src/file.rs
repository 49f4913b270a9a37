//! Capabilities of files: the attribute `security.capability`, read, written and taken away.

use std::fs::Metadata;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use groundwork::kernel::{self, CallError, Errno, FILE_CAPABILITIES};
use groundwork::step;

use crate::error::{Act, Error, Result};
use crate::format::FileCaps;

/// What a file has; None if it has no capabilities.
pub fn get(path: &Path) -> Result<Option<FileCaps>> {
    regular(path)?;
    step("Ask for the one attribute that execve reads");
    match kernel::lgetxattr(path, FILE_CAPABILITIES) {
        Ok(bytes) => FileCaps::decode(&bytes).map(Some),
        // A file system without attributes holds files without capabilities.
        Err(call) if [Errno::ENODATA, Errno::ENOTSUP].contains(&call.errno()) => Ok(None),
        Err(call) => Err(Error::file(Act::Read, path, call)),
    }
}

/// Gives a file these, in place of what it had.
// ANCHOR: set
pub fn set(path: &Path, caps: &FileCaps) -> Result<()> {
    regular(path)?;
    let bytes = caps.encode();

    step("Revision and flag, then permitted and inheritable, low and high halves");
    kernel::lsetxattr(path, FILE_CAPABILITIES, &bytes).map_err(|call| Error::File {
        what: Act::Give,
        path: path.into(),
        root: caps.root,
        call,
    })
}
// ANCHOR_END: set

/// Takes a file's capabilities away.
pub fn clear(path: &Path) -> Result<()> {
    regular(path)?;
    step("Without the attribute it is a file like any other");
    kernel::lremovexattr(path, FILE_CAPABILITIES).map_err(|call| Error::file(Act::Take, path, call))
}

/// The kernel looks at the capabilities of what it executes, and that is no link.
fn regular(path: &Path) -> Result<()> {
    let found = std::fs::symlink_metadata(path);
    let found = found.map_err(|error| Error::look(path, "lstat(2)", "lstat", &error))?;
    match kind(&found) {
        None => Ok(()),
        Some("a link") => Err(Error::Link {
            path: path.to_owned(),
            target: std::fs::canonicalize(path).ok(),
        }),
        Some(is) => Err(Error::NotRegular {
            path: path.to_owned(),
            is,
        }),
    }
}

/// What it is, if it is no regular file.
fn kind(found: &Metadata) -> Option<&'static str> {
    let kind = found.file_type();
    match () {
        () if kind.is_file() => None,
        () if kind.is_symlink() => Some("a link"),
        () if kind.is_dir() => Some("a folder"),
        () if kind.is_fifo() => Some("a pipe"),
        () if kind.is_socket() => Some("a socket"),
        () => Some("a device"),
    }
}

/// A file with capabilities, or a place where nothing could be found out.
pub type Found = Result<(PathBuf, FileCaps)>;

/// Every file with capabilities at or below a path, in the order of the names. Links are not
/// followed.
pub fn find(path: &Path, found: &mut dyn FnMut(Found)) {
    let about = match std::fs::symlink_metadata(path) {
        Ok(about) => about,
        Err(error) => return found(Err(Error::look(path, "lstat(2)", "lstat", &error))),
    };
    if about.is_file() {
        match get(path) {
            Ok(Some(caps)) => found(Ok((path.to_owned(), caps))),
            Ok(None) => {}
            Err(error) if has_gone(&error) => {}
            Err(error) => found(Err(error)),
        }
    }
    if !about.is_dir() {
        return;
    }
    let entries = match std::fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) => return found(Err(Error::look(path, "open(2)", "open", &error))),
    };
    let mut below: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    below.sort();
    below.iter().for_each(|path| find(path, found));
}

/// Of a tree that is in use: it was there when its folder was read.
fn has_gone(error: &Error) -> bool {
    let call = error.call().map(CallError::errno);
    call == Some(Errno::ENOENT)
}

/// Why the kernel will not look at a file's capabilities where it lies, if it will not.
pub fn is_ignored(path: &Path) -> Option<String> {
    let about = nix::sys::statvfs::statvfs(path).ok()?;
    let nosuid = about
        .flags()
        .contains(nix::sys::statvfs::FsFlags::ST_NOSUID);
    nosuid.then(|| {
        let path = path.display();
        format!("{path} lies on a mount with nosuid: who runs it there gets no capability")
    })
}
