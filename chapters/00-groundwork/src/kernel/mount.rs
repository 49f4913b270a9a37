//! What is mounted where: mount(2) and umount2(2).

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;
use nix::libc;
use nix::mount::{MntFlags, MsFlags};

use super::{FlagNames, Result, call, quoted};

/// What a mount shares with its peers: mount_namespaces(7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Propagation {
    /// Events stay here.
    Private,
    /// Events come in from the peers and do not go out.
    Slave,
    /// Events go both ways.
    Shared,
    /// As [`Propagation::Private`], and cannot be bind mounted.
    Unbindable,
}

impl Propagation {
    fn flags(self) -> MsFlags {
        match self {
            Propagation::Private => MsFlags::MS_PRIVATE,
            Propagation::Slave => MsFlags::MS_SLAVE,
            Propagation::Shared => MsFlags::MS_SHARED,
            Propagation::Unbindable => MsFlags::MS_UNBINDABLE,
        }
    }
}

/// mount(2) with every argument. The functions below name its common uses.
#[track_caller]
pub fn mount(
    source: Option<&Path>,
    target: impl AsRef<Path>,
    fs_type: Option<&str>,
    flags: MsFlags,
    data: Option<&str>,
) -> Result<()> {
    let target = target.as_ref();
    let or_null = |text: Option<String>| text.unwrap_or_else(|| "NULL".to_owned());
    call(
        "mount",
        "mount(2)",
        || {
            vec![
                or_null(source.map(quoted)),
                quoted(target),
                or_null(fs_type.map(quoted)),
                flags.names(),
                or_null(data.map(quoted)),
            ]
        },
        || nix::mount::mount(source, target, fs_type, flags, data),
    )
}

/// Mounts a new file system of type `fs_type` at `target`.
#[track_caller]
pub fn mount_new(
    fs_type: &str,
    target: impl AsRef<Path>,
    flags: MsFlags,
    data: Option<&str>,
) -> Result<()> {
    mount(Some(Path::new(fs_type)), target, Some(fs_type), flags, data)
}

/// Makes a directory or file visible at a second place: MS_BIND.
#[track_caller]
pub fn bind_mount(source: impl AsRef<Path>, target: impl AsRef<Path>) -> Result<()> {
    mount(Some(source.as_ref()), target, None, MsFlags::MS_BIND, None)
}

/// [`bind_mount`] with all that is mounted below `source`: MS_BIND | MS_REC.
#[track_caller]
pub fn bind_mount_recursive(source: impl AsRef<Path>, target: impl AsRef<Path>) -> Result<()> {
    let flags = MsFlags::MS_BIND | MsFlags::MS_REC;
    mount(Some(source.as_ref()), target, None, flags, None)
}

/// Sets what the mount at `target` and all below it share with their peers.
#[track_caller]
pub fn mount_propagation(target: impl AsRef<Path>, propagation: Propagation) -> Result<()> {
    let flags = MsFlags::MS_REC | propagation.flags();
    mount(Some(Path::new("none")), target, None, flags, None)
}

/// Forbids writing through the mount at `target`, and through all mounts below it if it is
/// `recursive`: mount_setattr(2), since Linux 5.12. What else holds for them stays.
#[track_caller]
pub fn mount_read_only(target: impl AsRef<Path>, recursive: bool) -> Result<()> {
    let target = target.as_ref();
    let flags = if recursive { libc::AT_RECURSIVE } else { 0 };
    let args = || {
        let flags = if recursive { "AT_RECURSIVE" } else { "0" };
        let attributes = "{attr_set=MOUNT_ATTR_RDONLY, attr_clr=0, propagation=0, userns_fd=0}";
        let size = size_of::<libc::mount_attr>().to_string();
        vec![
            "AT_FDCWD".to_owned(),
            quoted(target),
            flags.to_owned(),
            attributes.to_owned(),
            size,
        ]
    };
    call("mount_setattr", "mount_setattr(2)", args, || {
        let path = CString::new(target.as_os_str().as_bytes()).map_err(|_| Errno::EINVAL)?;
        let attributes = libc::mount_attr {
            attr_set: libc::MOUNT_ATTR_RDONLY,
            attr_clr: 0,
            propagation: 0,
            userns_fd: 0,
        };
        // SAFETY: the path ends in zero, and the kernel reads one mount_attr of the size that
        // it is told; both live here.
        #[allow(unsafe_code)]
        let result = unsafe {
            libc::syscall(
                libc::SYS_mount_setattr,
                libc::AT_FDCWD,
                path.as_ptr(),
                flags,
                &raw const attributes,
                size_of::<libc::mount_attr>(),
            )
        };
        Errno::result(result).map(drop)
    })
}

/// Takes away what is mounted at `target`: umount2(2).
#[track_caller]
pub fn umount2(target: impl AsRef<Path>, flags: MntFlags) -> Result<()> {
    let target = target.as_ref();
    call(
        "umount2",
        "umount(2)",
        || vec![quoted(target), flags.names()],
        || nix::mount::umount2(target, flags),
    )
}

/// Takes a mount out of sight now, and away when nobody uses it any more: MNT_DETACH.
#[track_caller]
pub fn detach(target: impl AsRef<Path>) -> Result<()> {
    umount2(target, MntFlags::MNT_DETACH)
}
