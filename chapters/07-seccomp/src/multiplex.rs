//! The calls of 32-bit x86 that are many in one.
//!
//! socketcall(2) and ipc(2) take the number of what is wanted as their first argument, and a
//! pointer to the rest. Since Linux 4.3 most sockets' calls have numbers of their own, too;
//! a rule has to be kept both ways.

use crate::arch::Arch;

/// The way round a call's own number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Way {
    /// `socketcall` or `ipc`.
    pub through: &'static str,
    /// Its first argument.
    pub selector: u32,
}

/// SYS_* of linux/net.h.
const SOCKETCALL: [(&str, u32); 20] = [
    ("socket", 1),
    ("bind", 2),
    ("connect", 3),
    ("listen", 4),
    ("accept", 5),
    ("getsockname", 6),
    ("getpeername", 7),
    ("socketpair", 8),
    ("send", 9),
    ("recv", 10),
    ("sendto", 11),
    ("recvfrom", 12),
    ("shutdown", 13),
    ("setsockopt", 14),
    ("getsockopt", 15),
    ("sendmsg", 16),
    ("recvmsg", 17),
    ("accept4", 18),
    ("recvmmsg", 19),
    ("sendmmsg", 20),
];

/// SEMOP and so on of linux/ipc.h.
const IPC: [(&str, u32); 12] = [
    ("semop", 1),
    ("semget", 2),
    ("semctl", 3),
    ("semtimedop", 4),
    ("msgsnd", 11),
    ("msgrcv", 12),
    ("msgget", 13),
    ("msgctl", 14),
    ("shmat", 21),
    ("shmdt", 22),
    ("shmget", 23),
    ("shmctl", 24),
];

/// The way round a call's own number, where there is one.
pub fn of(arch: Arch, name: &str) -> Option<Way> {
    if arch != Arch::X86 {
        return None;
    }
    let find = |table: &[(&str, u32)], through| {
        let found = table.iter().find(|(call, _)| *call == name)?;
        Some(Way {
            through,
            selector: found.1,
        })
    };
    find(&SOCKETCALL, "socketcall").or_else(|| find(&IPC, "ipc"))
}

/// Whether a call can be made this way.
pub fn has(arch: Arch, name: &str) -> bool {
    of(arch, name).is_some()
}
