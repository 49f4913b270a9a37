//! Why a port was refused: looked up, never guessed from the errno.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::MetadataExt;

use groundwork::error::Advice;
use groundwork::kernel::{self, CallError, Errno};
use nix::net::if_::InterfaceFlags;

use super::NET_BIND_SERVICE;

/// Why this address could not be taken.
pub(crate) fn port(address: SocketAddr, call: &CallError) -> Option<Advice> {
    match call.errno() {
        Errno::EACCES => low_port(address.port()),
        Errno::EADDRINUSE => Some(Advice::new(
            format!(
                "somebody listens on port {} already{}",
                address.port(),
                owner(address)
            ),
            "take another port; ss -ltnp, as root, shows who it is",
        )),
        Errno::EADDRNOTAVAIL => no_such_address(address.ip()),
        _ => None,
    }
}

/// Why CAP_NET_BIND_SERVICE could not be made effective.
pub(crate) fn raise() -> Option<Advice> {
    let sets = kernel::capget().ok()?;
    (!has(sets.permitted)).then(|| {
        Advice::new(
            "CAP_NET_BIND_SERVICE is not permitted to this process, and what is not \
             permitted cannot be switched on",
            set_on_a_copy("+p"),
        )
    })
}

/// The first port that everybody may take, in this network namespace: ip(7).
fn first_free_port() -> Option<u16> {
    let text = fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start").ok()?;
    text.trim().parse().ok()
}

fn low_port(port: u16) -> Option<Advice> {
    let first = first_free_port().filter(|first| port < *first)?;
    let rule = format!("ports below {first} want CAP_NET_BIND_SERVICE");
    let sets = kernel::capget().ok()?;
    if has(sets.effective) {
        return Some(of_another_network(&rule));
    }
    Some(match has(sets.permitted) {
        true => Advice::new(
            format!("{rule}: permitted, and not effective"),
            "--raise   (switches it on for this one call)",
        ),
        false => Advice::new(
            format!("{rule}, and it is not held here"),
            set_on_a_copy("+ep"),
        ),
    })
}

/// A capability counts in its own user namespace: user_namespaces(7).
fn of_another_network(rule: &str) -> Advice {
    let owner = kernel::open_namespace("/proc/self/ns/net").and_then(kernel::ns_get_userns);
    let inode = |file: std::io::Result<fs::Metadata>| file.map(|file| file.ino()).ok();
    let owner = owner
        .ok()
        .and_then(|fd| inode(fs::File::from(fd).metadata()));
    let ours = inode(fs::metadata("/proc/self/ns/user"));
    match owner.is_some() && owner == ours {
        // Then something else refuses it, and we do not know what.
        true => Advice::because(format!("{rule}; it is effective, and refused all the same")),
        false => Advice::new(
            format!(
                "{rule}; it is effective in our user namespace, and this network belongs to \
                 another"
            ),
            "era-unshare --net   (a network of our own, inside)",
        ),
    }
}

fn no_such_address(address: IpAddr) -> Option<Advice> {
    if !address.is_loopback() {
        return Some(Advice::new(
            format!("no interface of this network namespace has the address {address}"),
            "ip address   shows those that there are",
        ));
    }
    loopback_is_down().then(|| {
        Advice::new(
            "the loopback interface is down, as in every new network namespace",
            "ip link set lo up   (as root of the namespace)",
        )
    })
}

/// Whether this machine cannot reach itself: nobody has switched lo on yet.
pub(crate) fn loopback_is_down() -> bool {
    let is_up = |flags: InterfaceFlags| {
        flags.contains(InterfaceFlags::IFF_LOOPBACK | InterfaceFlags::IFF_UP)
    };
    let interfaces = nix::ifaddrs::getifaddrs();
    interfaces.is_ok_and(|mut all| !all.any(|interface| is_up(interface.flags)))
}

/// `, for uid 33`: from the tables of proc_net_tcp, where 0A is LISTEN.
fn owner(address: SocketAddr) -> String {
    let table = match address {
        SocketAddr::V4(_) => "/proc/self/net/tcp",
        SocketAddr::V6(_) => "/proc/self/net/tcp6",
    };
    let table = fs::read_to_string(table).unwrap_or_default();
    let port = format!(":{:04X}", address.port());
    let uid = table.lines().find_map(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        let listens = fields.get(1)?.ends_with(&port) && fields.get(3) == Some(&"0A");
        listens.then(|| fields.get(7).copied()).flatten()
    });
    uid.map(|uid| format!(", for uid {uid}"))
        .unwrap_or_default()
}

fn has(set: u64) -> bool {
    set >> NET_BIND_SERVICE & 1 == 1
}

fn set_on_a_copy(flags: &str) -> String {
    format!("era-caps file set cap_net_bind_service={flags} COPY   (a copy of ours)")
}
