//! What the network part of the kernel answers: netlink(7), rtnetlink(7).

#![allow(unsafe_code)]

use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd, FromRawFd};

use nix::errno::Errno;
use nix::libc;

use super::{Result, call};

/// The number by which this network namespace knows another one: RTM_GETNSID in
/// rtnetlink(7). None if it has given it no number.
#[track_caller]
pub fn netns_id(namespace: impl AsFd) -> Result<Option<u32>> {
    let fd = namespace.as_fd().as_raw_fd();
    let mut id = -1;
    call(
        "RTM_GETNSID",
        "rtnetlink(7)",
        || vec![fd.to_string()],
        || {
            id = ask_netns_id(fd)?;
            Ok(())
        },
    )?;
    Ok(u32::try_from(id).ok())
}

/// linux/net_namespace.h
const NETNSA_NSID: u16 = 1;
const NETNSA_FD: u16 = 3;
const HEADER: usize = size_of::<libc::nlmsghdr>();
/// `struct rtgenmsg`, padded.
const FAMILY: usize = 4;

fn ask_netns_id(fd: i32) -> nix::Result<i32> {
    let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC;
    // SAFETY: takes numbers; on success the descriptor is new and ours. A netlink socket
    // reads and writes whole messages, as read(2) and write(2) of a file do.
    let mut socket = unsafe {
        let socket = libc::socket(libc::AF_NETLINK, kind, libc::NETLINK_ROUTE);
        std::fs::File::from_raw_fd(Errno::result(socket)?)
    };
    let failed = |error: std::io::Error| Errno::from_raw(error.raw_os_error().unwrap_or(0));

    let mut request = Vec::new();
    request.extend((HEADER as u32 + FAMILY as u32 + 8).to_ne_bytes());
    request.extend(libc::RTM_GETNSID.to_ne_bytes());
    request.extend((libc::NLM_F_REQUEST as u16).to_ne_bytes());
    request.extend([0; 8 + FAMILY]);
    request.extend(8u16.to_ne_bytes());
    request.extend(NETNSA_FD.to_ne_bytes());
    request.extend(fd.to_ne_bytes());
    socket.write_all(&request).map_err(failed)?;

    let mut answer = [0; 256];
    let length = socket.read(&mut answer).map_err(failed)?;
    let short = |at: usize| u16::from_ne_bytes([answer[at], answer[at + 1]]);
    let word = |at: usize| {
        i32::from_ne_bytes([answer[at], answer[at + 1], answer[at + 2], answer[at + 3]])
    };
    if length >= HEADER + 4 && i32::from(short(4)) == libc::NLMSG_ERROR {
        return Err(Errno::from_raw(-word(HEADER)));
    }
    let mut at = HEADER + FAMILY;
    while at + 8 <= length {
        if short(at + 2) == NETNSA_NSID {
            return Ok(word(at + 4));
        }
        at += usize::from(short(at).max(4)).next_multiple_of(4);
    }
    Err(Errno::EBADMSG)
}
