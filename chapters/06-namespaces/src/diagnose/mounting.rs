//! Mounts and roots that could not be made.

use std::fs;
use std::path::Path;

use groundwork::error::{Advice, shell_word};
use groundwork::kernel::CallError;
use groundwork::mountinfo::{self, MountPoint};
use groundwork::process;
use nix::errno::Errno;

use super::{Capability, has, without};
use crate::kinds::Kind;
use crate::mounts;

pub(super) fn keep(kind: Kind, file: &Path, call: &CallError) -> Option<Advice> {
    if !file.exists() {
        return Some(Advice::new(
            "a namespace is mounted on a file that is there already",
            format!("touch {}", shell_word(file)),
        ));
    }
    if call.errno() == Errno::EPERM && !(has(Capability::SysAdmin) && mounts::owns_its(Kind::Mnt)) {
        return Some(Advice::new(
            "to mount in the mount namespace of the caller wants CAP_SYS_ADMIN there",
            "keep it from a shell that is root of its own mounts: era-unshare -rm",
        ));
    }
    if kind == Kind::Pid && !Path::new("/proc/self/ns/pid_for_children").exists() {
        return Some(Advice::new(
            "a PID namespace has no file before it has a first process",
            "add --fork",
        ));
    }
    let mount = mounts::holding(file)?;
    if kind != Kind::Mnt || call.errno() != Errno::EINVAL {
        return None;
    }
    if !mount.is_shared {
        // mnt_ns_loop() in the kernel: only what is younger than we are may be kept, and
        // Linux 6.18 counts age on each CPU apart.
        return Some(Advice::new(
            "this kernel takes the new mount namespace for one older than ours",
            "try again on one CPU: taskset -c 0 sh, and era-unshare from there",
        ));
    }
    let folder = mounts::folder_of(file);
    let folder = shell_word(folder);
    Some(Advice::new(
        format!(
            "{} is a shared mount: a mount namespace kept there would hold itself",
            mount.at.display()
        ),
        format!("mount --bind {folder} {folder}; mount --make-private {folder}"),
    ))
}

pub(super) fn mount_proc(at: &Path, call: &CallError) -> Option<Advice> {
    if !at.is_dir() {
        return Some(Advice::new(
            format!("{} is not a directory here", at.display()),
            format!("mkdir {}", shell_word(at)),
        ));
    }
    if call.errno() != Errno::EPERM {
        return None;
    }
    let mounts = mountinfo::all();
    let masked: Vec<_> = mounts
        .iter()
        .filter(|mount| mount.is_below("/proc"))
        .collect();
    if process::in_a_user_namespace() && !masked.is_empty() {
        let names: Vec<_> = masked.iter().take(2).map(|mount| mount.shown()).collect();
        return Some(Advice::new(
            format!(
                "parts of /proc are covered ({}): the kernel gives no fuller view",
                names.join(", ")
            ),
            "start the outer container with --security-opt systempaths=unconfined",
        ));
    }
    let has_proc = mounts.iter().any(MountPoint::is_whole_proc);
    if process::in_a_user_namespace() && !has_proc {
        return Some(Advice::because(
            "no /proc is in sight here, and the kernel gives a new one only beside an old",
        ));
    }
    if process::in_a_user_namespace() && !mounts::owns_its(Kind::Pid) {
        return Some(Advice::new(
            "the PID namespace is not ours: it belongs to a user namespace further out",
            "add --pid --fork",
        ));
    }
    without(Capability::SysAdmin)
}

pub(super) fn pivot(new_root: &Path, call: &CallError) -> Option<Advice> {
    match call.errno() {
        Errno::ENOENT | Errno::ENOTDIR => path(new_root),
        Errno::EINVAL
            if mountinfo::all()
                .iter()
                .all(|mount| mount.at != Path::new("/")) =>
        {
            Some(Advice::new(
                "this process was put into a chroot: its / is no mount point",
                "start from outside of the chroot",
            ))
        }
        _ => without(Capability::SysAdmin),
    }
}

/// Which part of a path is missing.
pub(super) fn path(dir: &Path) -> Option<Advice> {
    if dir.is_dir() {
        return without(Capability::SysChroot);
    }
    if dir.exists() {
        return Some(Advice::because(format!(
            "{} is there, but is no directory",
            dir.display()
        )));
    }
    let missing = dir
        .ancestors()
        .filter(|part| !part.as_os_str().is_empty() && fs::symlink_metadata(part).is_err())
        .last()?;
    Some(Advice::new(
        format!("there is no {}", missing.display()),
        format!("mkdir -p {}", shell_word(dir)),
    ))
}
