//! The network: nftables in a namespace of its own, and the low ports.

use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrIn, bind, recv, send, socket,
};

use super::child::{At, Stopped};
use super::{Facts, Seen, State, reasons, spaces};
use crate::kernel::{self, CloneFlags};

/// Numbers of linux/netfilter/nfnetlink.h, nf_tables.h and netlink.h.
const NFNL_MSG_BATCH_BEGIN: u16 = 16;
const NFNL_MSG_BATCH_END: u16 = 17;
const NFNL_SUBSYS_NFTABLES: u16 = 10;
const NFT_MSG_NEWTABLE: u16 = 0;
const NFTA_TABLE_NAME: u16 = 1;
const NLM_F_REQUEST: u16 = 1;
const NLM_F_ACK: u16 = 4;
const NLM_F_CREATE: u16 = 0x400;
const NFPROTO_INET: u8 = 1;

/// One netlink message, netlink(7): length, type, flags, sequence, sender, then the four
/// bytes of nfnetlink, then attributes.
fn message(kind: u16, flags: u16, sequence: u32, nfgen: [u8; 4], attributes: &[u8]) -> Vec<u8> {
    let length = (16 + nfgen.len() + attributes.len()) as u32;
    let mut bytes = length.to_ne_bytes().to_vec();
    bytes.extend(kind.to_ne_bytes());
    bytes.extend((NLM_F_REQUEST | flags).to_ne_bytes());
    bytes.extend(sequence.to_ne_bytes());
    bytes.extend(0_u32.to_ne_bytes());
    bytes.extend(nfgen);
    bytes.extend(attributes);
    bytes
}

/// A batch that makes one table named `era`.
fn new_table() -> Vec<u8> {
    // The resource id of a batch is its subsystem, in network order.
    let subsystem = NFNL_SUBSYS_NFTABLES.to_be_bytes();
    let batch = [0, 0, subsystem[0], subsystem[1]];
    let mut name = 8_u16.to_ne_bytes().to_vec();
    name.extend(NFTA_TABLE_NAME.to_ne_bytes());
    name.extend(b"era\0");
    let kind = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE;
    let flags = NLM_F_ACK | NLM_F_CREATE;
    [
        message(NFNL_MSG_BATCH_BEGIN, 0, 0, batch, &[]),
        message(kind, flags, 1, [NFPROTO_INET, 0, 0, 0], &name),
        message(NFNL_MSG_BATCH_END, 0, 2, batch, &[]),
    ]
    .concat()
}

/// Sends it, and reads the acknowledgement: an errno, or 0.
fn make_table() -> Result<(), (&'static str, Errno)> {
    let netlink = socket(
        AddressFamily::Netlink,
        SockType::Raw,
        SockFlag::SOCK_CLOEXEC,
        SockProtocol::NetlinkNetFilter,
    )
    .map_err(|errno| ("socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER)", errno))?;
    let fd = netlink.as_raw_fd();
    send(fd, &new_table(), MsgFlags::empty()).map_err(|errno| ("send", errno))?;
    let mut answer = [0_u8; 4096];
    let length = recv(fd, &mut answer, MsgFlags::empty()).map_err(|errno| ("recv", errno))?;
    let number = answer[..length]
        .get(16..20)
        .and_then(|bytes| bytes.try_into().ok());
    match number.map(i32::from_ne_bytes) {
        Some(0) => Ok(()),
        Some(number) => Err(("the new table", Errno::from_raw(-number))),
        None => Err(("recv", Errno::EBADMSG)),
    }
}

/// A table of rules in a network of our own.
pub(super) fn nft(facts: &Facts) -> Seen {
    let tried = facts.attempt("nft", || {
        spaces::become_root_if_needed()?;
        kernel::unshare(CloneFlags::CLONE_NEWNET).at("network namespace")?;
        make_table().map_err(|(what, errno)| Stopped::Failed(format!("{what}: {errno:?}")))?;
        Ok("a table was made in a network namespace".to_owned())
    });
    match tried {
        Ok(what) => Seen::works(what),
        Err(stopped) if stopped.call().is_some() && stopped.step() != "network namespace" => {
            reasons::of_user_namespaces(facts, &stopped)
        }
        Err(Stopped::Failed(why))
            if ["EPROTONOSUPPORT", "EINVAL", "EOPNOTSUPP"]
                .iter()
                .any(|errno| why.ends_with(errno)) =>
        {
            Seen::absent(format!(
                "{why}: this kernel has no nf_tables, or may not load it"
            ))
            .fix("sudo modprobe nf_tables")
        }
        Err(stopped) => reasons::unexplained(facts, &stopped),
    }
}

/// Whether a port below 1024 is ours to take: ip(7).
pub(super) fn low_ports(facts: &Facts) -> Seen {
    let first = facts.read("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    let first = first.unwrap_or_else(|| "not known".to_owned());
    let tried = facts.look("low-ports", || {
        let any = SockFlag::SOCK_CLOEXEC;
        let wanted = SockaddrIn::new(0, 0, 0, 0, 80);
        let bound = socket(AddressFamily::Inet, SockType::Stream, any, None)
            .and_then(|socket| bind(socket.as_raw_fd(), &wanted));
        match bound {
            Ok(()) => Ok("bind to port 80 works".to_owned()),
            Err(Errno::EADDRINUSE) => Ok("port 80 is allowed, and taken".to_owned()),
            Err(errno) => Err(Stopped::Failed(format!("bind to port 80 gives {errno:?}"))),
        }
    });
    match tried {
        Ok(what) => Seen::works(what),
        Err(Stopped::Failed(why)) => {
            let why = format!("{why}: unprivileged ports begin at {first}");
            Seen::new(State::Refused, why).fix("publish a port from 1024 up: -p 8080:80")
        }
        Err(stopped) => Seen::new(State::Unknown, stopped.to_string()),
    }
}
