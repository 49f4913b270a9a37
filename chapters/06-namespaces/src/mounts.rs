//! Which mount a file is on, and whose the namespaces are that decide about mounts.

use std::fs;
use std::path::{Path, PathBuf};

use groundwork::kernel;
use groundwork::mountinfo::{self, MountPoint};

use crate::kinds::Kind;

/// The folder that a file is in, as an absolute path.
pub(crate) fn folder_of(file: &Path) -> PathBuf {
    let file = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    file.parent().unwrap_or(Path::new("/")).to_owned()
}

/// The mount that a file is on.
pub(crate) fn holding(file: &Path) -> Option<MountPoint> {
    let file = fs::canonicalize(file).ok()?;
    let mounts = mountinfo::all().into_iter();
    let on_the_way = mounts.filter(|mount| file.starts_with(&mount.at));
    on_the_way.max_by_key(|mount| mount.at.components().count())
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
