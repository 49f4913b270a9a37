//! What is mounted where, as /proc/self/mountinfo tells: proc_pid_mountinfo(5).

use std::fs;
use std::path::{Path, PathBuf};

use crate::host::unescaped;

/// One line of mountinfo, as much of it as is needed here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MountPoint {
    /// The part of the file system that is mounted.
    pub root: PathBuf,
    /// Where.
    pub at: PathBuf,
    /// Whether its mounts spread to peers.
    pub is_shared: bool,
    /// `ext4`, `proc`, `nsfs`
    pub fs_type: String,
}

impl MountPoint {
    fn parse(line: &str) -> Option<MountPoint> {
        let (mount, fs) = line.split_once(" - ")?;
        let mut fields = mount.split(' ').skip(3);
        let root = unescaped(fields.next()?);
        let at = unescaped(fields.next()?);
        Some(MountPoint {
            root,
            at,
            is_shared: fields.skip(1).any(|field| field.starts_with("shared:")),
            fs_type: fs.split(' ').next()?.to_owned(),
        })
    }

    /// Whether it is mounted somewhere below a folder.
    pub fn is_below(&self, folder: impl AsRef<Path>) -> bool {
        let folder = folder.as_ref();
        self.at != folder && self.at.starts_with(folder)
    }

    /// Whether it is a proc file system, and no part of one.
    pub fn is_whole_proc(&self) -> bool {
        self.fs_type == "proc" && self.root == Path::new("/")
    }

    /// Where it is mounted, to be read.
    pub fn shown(&self) -> String {
        self.at.display().to_string()
    }
}

/// All mounts of this mount namespace that are in sight.
pub fn all() -> Vec<MountPoint> {
    let text = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    text.lines().filter_map(MountPoint::parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_mountinfo_is_read() {
        let line = "36 35 98:0 /mnt1 /a\\040b rw,noatime shared:1 master:2 - ext3 /dev/root rw";
        let mount = MountPoint::parse(line).unwrap();
        assert_eq!(mount.at, Path::new("/a b"));
        assert_eq!(mount.root, Path::new("/mnt1"));
        assert!(mount.is_shared);
        assert_eq!(mount.fs_type, "ext3");
        let private = line.replace(" shared:1 master:2", "");
        assert!(!MountPoint::parse(&private).unwrap().is_shared);
    }
}
