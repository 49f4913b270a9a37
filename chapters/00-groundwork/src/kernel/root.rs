//! Which directory is `/`, and where we stand.

use std::path::Path;

use nix::sys::stat::{self, Mode, SFlag};

use super::{Result, call, quoted};

/// Changes the current directory: chdir(2).
#[track_caller]
pub fn chdir(path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    call(
        "chdir",
        "chdir(2)",
        || vec![quoted(path)],
        || nix::unistd::chdir(path),
    )
}

/// Changes the current directory to one that is open: fchdir(2).
#[track_caller]
pub fn fchdir(directory: impl std::os::fd::AsFd) -> Result<()> {
    use std::os::fd::AsRawFd;
    let directory = directory.as_fd();
    call(
        "fchdir",
        "chdir(2)",
        || vec![directory.as_raw_fd().to_string()],
        || nix::unistd::fchdir(directory),
    )
}

/// Gives this process another root directory: chroot(2). Needs CAP_SYS_CHROOT.
///
/// It changes nothing else: not the current directory, not what is open.
#[track_caller]
pub fn chroot(path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    call(
        "chroot",
        "chroot(2)",
        || vec![quoted(path)],
        || nix::unistd::chroot(path),
    )
}

/// Makes `new_root` the root of the mount namespace and moves the old root to
/// `put_old`: pivot_root(2).
#[track_caller]
pub fn pivot_root(new_root: impl AsRef<Path>, put_old: impl AsRef<Path>) -> Result<()> {
    let (new_root, put_old) = (new_root.as_ref(), put_old.as_ref());
    call(
        "pivot_root",
        "pivot_root(2)",
        || vec![quoted(new_root), quoted(put_old)],
        || nix::unistd::pivot_root(new_root, put_old),
    )
}

/// Makes a directory: mkdir(2). `mode` is cut by the umask.
#[track_caller]
pub fn mkdir(path: impl AsRef<Path>, mode: u32) -> Result<()> {
    let path = path.as_ref();
    call(
        "mkdir",
        "mkdir(2)",
        || vec![quoted(path), format!("{mode:#o}").replacen("0o", "0", 1)],
        || nix::unistd::mkdir(path, Mode::from_bits_truncate(mode)),
    )
}

/// Removes an empty directory: rmdir(2). Of a control group, one without processes.
#[track_caller]
pub fn rmdir(path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    let act = || {
        std::fs::remove_dir(path)
            .map_err(|error| nix::errno::Errno::from_raw(error.raw_os_error().unwrap_or(0)))
    };
    call("rmdir", "rmdir(2)", || vec![quoted(path)], act)
}

/// Makes a character device: mknod(2). Needs CAP_MKNOD in the initial user namespace.
#[track_caller]
pub fn mknod_character(path: impl AsRef<Path>, mode: u32, major: u64, minor: u64) -> Result<()> {
    let path = path.as_ref();
    call(
        "mknod",
        "mknod(2)",
        || {
            vec![
                quoted(path),
                format!("S_IFCHR|0{mode:o}"),
                format!("makedev({major:#x}, {minor:#x})"),
            ]
        },
        || {
            stat::mknod(
                path,
                SFlag::S_IFCHR,
                Mode::from_bits_truncate(mode),
                stat::makedev(major, minor),
            )
        },
    )
}

/// Whether `path` is the root of what is mounted there: STATX_ATTR_MOUNT_ROOT of statx(2).
/// ENOSYS where the kernel cannot say (before 5.8).
#[track_caller]
pub fn is_mount_root(path: impl AsRef<Path>) -> Result<bool> {
    use nix::errno::Errno;
    use nix::libc;
    use std::os::unix::ffi::OsStrExt;

    let path = path.as_ref();
    let attribute = libc::STATX_ATTR_MOUNT_ROOT as u64;
    let act = || {
        let name =
            std::ffi::CString::new(path.as_os_str().as_bytes()).map_err(|_| Errno::EINVAL)?;
        // SAFETY: a statx is plain numbers, for which zero is a value.
        #[allow(unsafe_code)]
        let mut about: libc::statx = unsafe { std::mem::zeroed() };
        // SAFETY: the name ends in zero, and the kernel writes one statx, which lives here.
        #[allow(unsafe_code)]
        let result = unsafe { libc::statx(libc::AT_FDCWD, name.as_ptr(), 0, 0, &mut about) };
        Errno::result(result)?;
        if about.stx_attributes_mask & attribute == 0 {
            return Err(Errno::ENOSYS);
        }
        Ok(i32::from(about.stx_attributes & attribute != 0))
    };
    let args = || vec!["AT_FDCWD".to_owned(), quoted(path), "0".to_owned()];
    call("statx", "statx(2)", args, act).map(|is| is == 1)
}
