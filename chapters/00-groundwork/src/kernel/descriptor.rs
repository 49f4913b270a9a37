//! Open descriptors, and what the kernel tells about a namespace by one of them.

use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::path::Path;

use nix::errno::Errno;
use nix::libc;

use super::{FlagNames, OFlag, Result, call, quoted};

/// Opens a file: open(2). Always close-on-exec.
#[track_caller]
pub fn open(path: impl AsRef<Path>, flags: OFlag) -> Result<OwnedFd> {
    let path = path.as_ref();
    let flags = flags | OFlag::O_CLOEXEC;
    call(
        "open",
        "open(2)",
        || vec![quoted(path), flags.names()],
        || nix::fcntl::open(path, flags, nix::sys::stat::Mode::empty()),
    )
}

/// Closes every descriptor from `first` upwards: close_range(2).
#[track_caller]
pub fn close_range(first: u32) -> Result<()> {
    call(
        "close_range",
        "close_range(2)",
        || vec![first.to_string(), "~0U".to_owned(), "0".to_owned()],
        || {
            // SAFETY: takes numbers only. Descriptors that Rust objects own are closed under
            // them: callers do this last, just before they become another program.
            #[allow(unsafe_code)]
            let result = unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, 0) };
            Errno::result(result).map(drop)
        },
    )
}

/// Marks every descriptor from `first` upwards close-on-exec: close_range(2) with
/// CLOSE_RANGE_CLOEXEC, so that a report of a failed execve(2) can still be sent.
#[track_caller]
pub fn close_range_on_exec(first: u32) -> Result<()> {
    /// linux/close_range.h
    const CLOSE_RANGE_CLOEXEC: u32 = 1 << 2;
    call(
        "close_range",
        "close_range(2)",
        || {
            vec![
                first.to_string(),
                "~0U".to_owned(),
                "CLOSE_RANGE_CLOEXEC".to_owned(),
            ]
        },
        || {
            // SAFETY: takes numbers only, and closes nothing before an execve(2) does.
            #[allow(unsafe_code)]
            let result = unsafe {
                libc::syscall(libc::SYS_close_range, first, u32::MAX, CLOSE_RANGE_CLOEXEC)
            };
            Errno::result(result).map(drop)
        },
    )
}

/// The requests of ioctl_ns(2): `_IO(0xb7, N)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
enum NsRequest {
    UserNs = 0xb701,
    Parent = 0xb702,
    Type = 0xb703,
    OwnerUid = 0xb704,
}

/// The user namespace that owns this one: NS_GET_USERNS in ioctl_ns(2).
#[track_caller]
pub fn ns_get_userns(namespace: impl AsFd) -> Result<OwnedFd> {
    ns_ioctl_fd(namespace, NsRequest::UserNs, "NS_GET_USERNS")
}

/// The parent of a user or PID namespace: NS_GET_PARENT in ioctl_ns(2).
#[track_caller]
pub fn ns_get_parent(namespace: impl AsFd) -> Result<OwnedFd> {
    ns_ioctl_fd(namespace, NsRequest::Parent, "NS_GET_PARENT")
}

#[track_caller]
fn ns_ioctl_fd(namespace: impl AsFd, request: NsRequest, name: &'static str) -> Result<OwnedFd> {
    let fd = namespace.as_fd().as_raw_fd();
    call(
        "ioctl",
        "ioctl_ns(2)",
        || vec![fd.to_string(), name.to_owned()],
        || {
            // SAFETY: these requests take no argument and return a new descriptor of ours.
            #[allow(unsafe_code)]
            unsafe {
                Errno::result(libc::ioctl(fd, request as libc::Ioctl))
                    .map(|fd| OwnedFd::from_raw_fd(fd))
            }
        },
    )
}

/// Which type of namespace a descriptor stands for, as the CLONE_NEW* number:
/// NS_GET_NSTYPE in ioctl_ns(2).
#[track_caller]
pub fn ns_get_nstype(namespace: impl AsFd) -> Result<i32> {
    let fd = namespace.as_fd().as_raw_fd();
    call(
        "ioctl",
        "ioctl_ns(2)",
        || vec![fd.to_string(), "NS_GET_NSTYPE".to_owned()],
        || {
            // SAFETY: takes no argument, returns a number.
            #[allow(unsafe_code)]
            let result = unsafe { libc::ioctl(fd, NsRequest::Type as libc::Ioctl) };
            Errno::result(result)
        },
    )
}

/// The uid that made a user namespace, as seen from ours: NS_GET_OWNER_UID in ioctl_ns(2).
#[track_caller]
pub fn ns_get_owner_uid(namespace: impl AsFd) -> Result<u32> {
    let fd = namespace.as_fd().as_raw_fd();
    let mut uid: libc::uid_t = 0;
    call(
        "ioctl",
        "ioctl_ns(2)",
        || vec![fd.to_string(), "NS_GET_OWNER_UID".to_owned()],
        || {
            // SAFETY: writes one uid_t, which lives here.
            #[allow(unsafe_code)]
            let result = unsafe { libc::ioctl(fd, NsRequest::OwnerUid as libc::Ioctl, &mut uid) };
            Errno::result(result).map(drop)
        },
    )?;
    Ok(uid)
}

/// Opens a namespace file under /proc, as setns(2) wants it.
#[track_caller]
pub fn open_namespace(path: impl AsRef<Path>) -> Result<File> {
    open(path, OFlag::O_RDONLY).map(File::from)
}

/// Whether nobody holds the other end of a socket any more: POLLHUP of poll(2), at once.
pub(crate) fn is_hung_up(socket: i32) -> bool {
    let mut asked = libc::pollfd {
        fd: socket,
        events: 0,
        revents: 0,
    };
    // SAFETY: one entry, which lives here; a number that is no descriptor gives POLLNVAL.
    #[allow(unsafe_code)]
    let answered = unsafe { libc::poll(&raw mut asked, 1, 0) };
    answered == 1 && asked.revents & libc::POLLHUP != 0
}
