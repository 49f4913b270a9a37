//! The supervisor's side of a filter: seccomp_unotify(2).

#![allow(unsafe_code)]

use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, UnixAddr, recvmsg, sendmsg};

use super::{Result, call};

/// A call that waits for a supervisor's decision: `struct seccomp_notif`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notification {
    /// Stands for this one call.
    pub id: u64,
    /// The thread that made it, in the supervisor's PID namespace.
    pub pid: u32,
    /// Its number, in the table of its architecture.
    pub number: i32,
    /// The architecture, an AUDIT_ARCH_* of linux/audit.h.
    pub arch: u32,
    /// Its arguments as numbers. What a pointer points to may change after it was read.
    pub args: [u64; 6],
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The kernel performs it.
    Continue,
    /// It is not made, and seems to give this.
    Value(i64),
    /// It is not made, and fails.
    Errno(Errno),
}

/// Waits for the next call: SECCOMP_IOCTL_NOTIF_RECV. ENOENT if its thread ended meanwhile.
#[track_caller]
pub fn seccomp_notify_receive(listener: impl AsFd) -> Result<Notification> {
    let fd = listener.as_fd().as_raw_fd();
    // SAFETY: plain numbers, for which zero is a value; the kernel insists on zeros.
    let mut told: libc::seccomp_notif = unsafe { std::mem::zeroed() };
    call(
        "ioctl",
        "seccomp_unotify(2)",
        || vec![fd.to_string(), "SECCOMP_IOCTL_NOTIF_RECV".to_owned()],
        || {
            // SAFETY: the kernel writes one seccomp_notif, which lives here. A kernel with a
            // longer one refuses with EINVAL: the request's number holds its size.
            let result = unsafe { libc::ioctl(fd, libc::SECCOMP_IOCTL_NOTIF_RECV, &raw mut told) };
            Errno::result(result).map(drop)
        },
    )?;
    Ok(Notification {
        id: told.id,
        pid: told.pid,
        number: told.data.nr,
        arch: told.data.arch,
        args: told.data.args,
    })
}

/// Decides a call: SECCOMP_IOCTL_NOTIF_SEND. ENOENT if its thread ended meanwhile.
#[track_caller]
pub fn seccomp_notify_send(listener: impl AsFd, id: u64, answer: Answer) -> Result<()> {
    let fd = listener.as_fd().as_raw_fd();
    let (val, error, flags) = match answer {
        Answer::Continue => (0, 0, libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32),
        Answer::Value(value) => (value, 0, 0),
        Answer::Errno(errno) => (0, -(errno as i32), 0),
    };
    call(
        "ioctl",
        "seccomp_unotify(2)",
        || {
            let what = match answer {
                Answer::Continue => "flags=SECCOMP_USER_NOTIF_FLAG_CONTINUE".to_owned(),
                Answer::Value(value) => format!("val={value}"),
                Answer::Errno(errno) => format!("error=-{errno:?}"),
            };
            let request = "SECCOMP_IOCTL_NOTIF_SEND".to_owned();
            vec![fd.to_string(), request, format!("{{{what}}}")]
        },
        || {
            let response = libc::seccomp_notif_resp {
                id,
                val,
                error,
                flags,
            };
            // SAFETY: the kernel reads one seccomp_notif_resp, which lives here.
            let result =
                unsafe { libc::ioctl(fd, libc::SECCOMP_IOCTL_NOTIF_SEND, &raw const response) };
            Errno::result(result).map(drop)
        },
    )
}

/// Hands a descriptor to another process: SCM_RIGHTS in unix(7).
pub fn send_descriptor(to: &UnixStream, descriptor: impl AsFd) -> nix::Result<()> {
    let fds = [descriptor.as_fd().as_raw_fd()];
    let rights = [ControlMessage::ScmRights(&fds)];
    // At least one byte of ordinary data has to go with it.
    let data = [IoSlice::new(b"!")];
    let fd = to.as_raw_fd();
    sendmsg::<UnixAddr>(fd, &data, &rights, MsgFlags::empty(), None).map(drop)
}

/// Takes a descriptor that another process hands over. None if it closed its end instead.
pub fn receive_descriptor(from: &UnixStream) -> nix::Result<Option<OwnedFd>> {
    let (mut byte, mut space) = ([0], nix::cmsg_space!(libc::c_int));
    let mut data = [IoSliceMut::new(&mut byte)];
    let flags = MsgFlags::MSG_CMSG_CLOEXEC;
    let message = recvmsg::<UnixAddr>(from.as_raw_fd(), &mut data, Some(&mut space), flags)?;
    for part in message.cmsgs()? {
        if let ControlMessageOwned::ScmRights(fds) = part {
            // SAFETY: the kernel has just made this descriptor for us, and nobody else has it.
            let owned = fds.first().map(|fd| unsafe { OwnedFd::from_raw_fd(*fd) });
            return Ok(owned);
        }
    }
    Ok(None)
}
