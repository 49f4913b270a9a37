//! Why a file can be neither read nor written here: found by looking at it, and at the
//! folder that it is in or was to be in.

use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use groundwork::error::{Advice, shell_word};
use groundwork::kernel::CallError;
use nix::errno::Errno;
use nix::sys::statfs::{PROC_SUPER_MAGIC, SYSFS_MAGIC, statfs};
use nix::unistd::{AccessFlags, access};

/// Why `path` cannot be made or written.
pub(crate) fn unwritable(path: &Path, call: &CallError) -> Option<Advice> {
    let folder = nearest(path);
    let shown = shell_word(folder);
    let elsewhere = "name a folder elsewhere";
    match call.errno() {
        Errno::EACCES if access(folder, AccessFlags::W_OK).is_err() => Some(Advice::new(
            format!("this user may not write in {shown}"),
            "name a folder of your own, or run it as root",
        )),
        Errno::EROFS => Some(Advice::new(
            format!("{shown} is on a file system that is mounted read-only"),
            elsewhere,
        )),
        Errno::ENOSPC | Errno::EDQUOT => Some(Advice::new(
            format!("the file system of {shown} is full"),
            format!("make room there, or {elsewhere}"),
        )),
        Errno::EEXIST | Errno::ENOTDIR => blocked(path),
        _ if is_kernels(folder) => Some(Advice::new(
            format!("what lies in {shown} is the kernel's: nobody can put files there"),
            elsewhere,
        )),
        _ => None,
    }
}

/// Why nothing is mounted on a link.
pub(crate) fn link(path: &Path) -> Advice {
    let shown = shell_word(path);
    Advice::new(
        format!("{shown} is a link: what is mounted there could land outside the root"),
        format!("rm {shown}"),
    )
}

/// What stands where a folder has to be: at `path`, or above it.
fn blocked(path: &Path) -> Option<Advice> {
    let here = path
        .ancestors()
        .find(|path| fs::symlink_metadata(path).is_ok())?;
    let is = match fs::symlink_metadata(here).ok()?.file_type() {
        kind if kind.is_symlink() && fs::metadata(here).is_err() => "a link that leads nowhere",
        kind if kind.is_symlink() || kind.is_dir() => return None,
        kind if kind.is_file() => "a file",
        kind => special(kind),
    };
    let shown = shell_word(here);
    let why = format!("{shown} is {is}, where a folder has to be");
    Some(Advice::new(why, "name a new folder"))
}

/// Why `path` cannot be read.
pub(crate) fn unreadable(path: &Path, call: &CallError) -> Option<Advice> {
    let may_be_read = access(path, AccessFlags::R_OK).is_ok();
    (call.errno() == Errno::EACCES && !may_be_read).then(|| {
        Advice::new(
            format!("this user may not read {}", shell_word(path)),
            "run it as a user who may, such as root",
        )
    })
}

/// What is neither file nor folder nor link.
pub(crate) fn special(kind: fs::FileType) -> &'static str {
    match kind {
        kind if kind.is_fifo() => "a pipe",
        kind if kind.is_socket() => "a socket",
        _ => "a device",
    }
}

/// The first of its folders that is there.
fn nearest(path: &Path) -> &Path {
    let above = path.ancestors().skip(1);
    let above = above.filter(|folder| folder.as_os_str() != "");
    let mut existing = above.filter(|folder| folder.exists());
    existing.next().unwrap_or(Path::new("."))
}

fn is_kernels(folder: &Path) -> bool {
    statfs(folder)
        .is_ok_and(|found| [PROC_SUPER_MAGIC, SYSFS_MAGIC].contains(&found.filesystem_type()))
}

/// Whether this user has the x bit of a folder, and of all folders above it.
pub(crate) fn may_be_entered(folder: &Path) -> bool {
    access(folder, AccessFlags::X_OK).is_ok()
}

/// What to do with something that is no program.
pub(crate) fn no_program(path: &Path, is: &str) -> Advice {
    match is {
        "a folder" => Advice::new(
            "--with takes programs",
            format!("--tree {}", shell_word(path)),
        ),
        "a device" => Advice::new(
            "only the kernel can make what a device does; a copy would be a mere file",
            "era-chroot run --dev shows the harmless ones inside",
        ),
        _ => Advice::new("it holds no bytes of its own to copy", "name a program"),
    }
}
