//! What is mounted where, as /proc/self/mountinfo tells: proc_pid_mountinfo(5).

use std::fs;
use std::path::{Path, PathBuf};

use groundwork::host::unescaped;
use groundwork::kernel;

use crate::kinds::Kind;

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

    pub(crate) fn is_below(&self, folder: &str) -> bool {
        self.at != Path::new(folder) && self.at.starts_with(folder)
    }

    pub(crate) fn is_whole_proc(&self) -> bool {
        self.fs_type == "proc" && self.root == Path::new("/")
    }

    pub(crate) fn shown(&self) -> String {
        self.at.display().to_string()
    }
}

/// All mounts of this mount namespace that are in sight.
pub fn all() -> Vec<MountPoint> {
    let text = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    text.lines().filter_map(MountPoint::parse).collect()
}

/// The folder that a file is in, as an absolute path.
pub(crate) fn folder_of(file: &Path) -> PathBuf {
    let file = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    file.parent().unwrap_or(Path::new("/")).to_owned()
}

/// The mount that a file is on.
pub(crate) fn holding(file: &Path) -> Option<MountPoint> {
    let file = fs::canonicalize(file).ok()?;
    let mounts = all().into_iter();
    let on_the_way = mounts.filter(|mount| file.starts_with(&mount.at));
    on_the_way.max_by_key(|mount| mount.at.components().count())
}

/// Whether this process is in a user namespace other than the machine's first: that one
/// maps every id to itself.
pub(crate) fn in_a_user_namespace() -> bool {
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    let fields: Vec<_> = map.split_whitespace().collect();
    fields != ["0", "0", "4294967295"]
}

/// Whether the namespace of this process belongs to its user namespace: only then do our
/// capabilities count in it, see user_namespaces(7).
pub(crate) fn owns_its(kind: Kind) -> bool {
    use std::os::unix::fs::MetadataExt;
    let link = format!("/proc/self/ns/{}", kind.link_of_the_newest());
    let owner = kernel::open_namespace(link).and_then(kernel::ns_get_userns);
    let owner = owner
        .ok()
        .and_then(|owner| std::fs::File::from(owner).metadata().ok());
    let ours = fs::metadata("/proc/self/ns/user").ok();
    owner
        .zip(ours)
        .is_some_and(|(owner, ours)| owner.ino() == ours.ino())
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
