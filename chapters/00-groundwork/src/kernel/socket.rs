//! Sockets that wait for callers: socket(2), bind(2), listen(2); and the loopback interface.

use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::{
    self, AddressFamily, Backlog, SockFlag, SockType, SockaddrStorage, sockopt,
};

use super::{Result, call};

/// A socket for TCP over the family of `address`: socket(2), tcp(7). Close-on-exec.
#[track_caller]
pub fn socket_stream(address: SocketAddr) -> Result<OwnedFd> {
    let (family, name) = match address {
        SocketAddr::V4(_) => (AddressFamily::Inet, "AF_INET"),
        SocketAddr::V6(_) => (AddressFamily::Inet6, "AF_INET6"),
    };
    let args = || [name, "SOCK_STREAM|SOCK_CLOEXEC", "0"].map(str::to_owned);
    call(
        "socket",
        "socket(2)",
        || args().to_vec(),
        || socket::socket(family, SockType::Stream, SockFlag::SOCK_CLOEXEC, None),
    )
}

/// Lets an address be taken again right after its last owner has ended: SO_REUSEADDR of
/// socket(7).
#[track_caller]
pub fn reuse_address(socket: impl AsFd) -> Result<()> {
    let socket = socket.as_fd();
    call(
        "setsockopt",
        "setsockopt(2)",
        || {
            let words = ["SOL_SOCKET", "SO_REUSEADDR", "1"].map(str::to_owned);
            [vec![socket.as_raw_fd().to_string()], words.to_vec()].concat()
        },
        || socket::setsockopt(&socket, sockopt::ReuseAddr, &true),
    )
}

/// Gives a socket its address: bind(2). A port below ip_unprivileged_port_start, ip(7), wants
/// CAP_NET_BIND_SERVICE.
#[track_caller]
pub fn bind(socket: impl AsFd, address: SocketAddr) -> Result<()> {
    let fd = socket.as_fd().as_raw_fd();
    call(
        "bind",
        "bind(2)",
        || vec![fd.to_string(), address.to_string()],
        || socket::bind(fd, &SockaddrStorage::from(address)),
    )
}

/// Lets callers in: listen(2). This many may wait.
#[track_caller]
pub fn listen(socket: impl AsFd, waiting: u8) -> Result<()> {
    let socket = socket.as_fd();
    call(
        "listen",
        "listen(2)",
        || vec![socket.as_raw_fd().to_string(), waiting.to_string()],
        || socket::listen(&socket, Backlog::new(waiting)?),
    )
}

/// Switches on the interface by which a machine reaches itself, which is down in a new
/// network namespace: SIOCSIFFLAGS of netdevice(7).
#[track_caller]
pub fn loopback_up() -> Result<()> {
    call(
        "ioctl",
        "netdevice(7)",
        || ["SIOCSIFFLAGS", "lo", "IFF_UP"].map(str::to_owned).to_vec(),
        || {
            let any = SockFlag::SOCK_CLOEXEC;
            let socket = socket::socket(AddressFamily::Inet, SockType::Datagram, any, None)?;
            // SAFETY: an ifreq is plain bytes and numbers, for which zero is a value.
            #[allow(unsafe_code)]
            let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
            for (to, from) in request.ifr_name.iter_mut().zip(*b"lo") {
                *to = from as libc::c_char;
            }
            request.ifr_ifru.ifru_flags = libc::IFF_UP as libc::c_short;
            // SAFETY: SIOCSIFFLAGS reads one ifreq, which lives here; the socket is open.
            #[allow(unsafe_code)]
            let result = unsafe {
                libc::ioctl(
                    socket.as_raw_fd(),
                    libc::SIOCSIFFLAGS as libc::Ioctl,
                    &request,
                )
            };
            Errno::result(result).map(drop)
        },
    )
}
