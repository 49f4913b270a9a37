//! The files of a group: small texts that the kernel makes up when they are read.

use std::fs;
use std::path::Path;

use groundwork::kernel;
use nix::sys::statfs::{CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, statfs};

use crate::error::{Error, Result};

/// Whether a folder is on a cgroup file system, and not a plain one with the same name.
pub(crate) fn is_cgroup(folder: &Path) -> bool {
    let kind = statfs(folder).map(|about| about.filesystem_type());
    kind.is_ok_and(|kind| kind == CGROUP_SUPER_MAGIC || kind == CGROUP2_SUPER_MAGIC)
}

/// A file's text. None where the group has no such file, or the kernel does not tell.
pub(crate) fn read(folder: &Path, file: &str) -> Option<String> {
    let text = fs::read_to_string(folder.join(file)).ok()?;
    Some(text.trim_end().to_owned())
}

/// A file that is one number. v1 writes "no limit" as a number of its own, see
/// [`crate::limits::Limit`].
pub(crate) fn number(folder: &Path, file: &str) -> Option<u64> {
    read(folder, file)?.parse().ok()
}

/// The number behind a key: `oom_kill 1`.
pub(crate) fn keyed(folder: &Path, file: &str, key: &str) -> Option<u64> {
    let text = read(folder, file)?;
    let value = |line: &str| line.strip_prefix(key)?.strip_prefix(' ')?.parse().ok();
    text.lines().find_map(value)
}

/// Writes a file of a group in one write(2). Anywhere else this would make or fill a plain
/// file, and nobody would be limited: so the file system is looked at first.
#[track_caller]
pub(crate) fn write(what: &str, folder: &Path, file: &str, text: &str) -> Result<()> {
    if folder.exists() && !is_cgroup(folder) {
        return Err(Error::PlainFolder {
            folder: folder.to_owned(),
        });
    }
    kernel::write_file(folder.join(file), text, "cgroups(7)").map_err(|call| Error::Write {
        what: what.to_owned(),
        call,
    })
}
