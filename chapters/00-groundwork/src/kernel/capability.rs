//! What a process may do as root: capget(2), capset(2), capabilities(7).

#![allow(unsafe_code)]

use nix::errno::Errno;
use nix::libc;

use super::{Result, call};

/// May change groups: setgid(2), setgroups(2).
pub const CAP_SETGID: u8 = 6;
/// May call chroot(2).
pub const CAP_SYS_CHROOT: u8 = 18;
/// May mount, and much else.
pub const CAP_SYS_ADMIN: u8 = 21;

/// The three sets that a process hands to the kernel, bit N for capability N.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CapabilitySets {
    /// What is checked.
    pub effective: u64,
    /// What may be made effective.
    pub permitted: u64,
    /// What survives execve(2) of a program that inherits it.
    pub inheritable: u64,
}

/// `_LINUX_CAPABILITY_VERSION_3`, see capget(2): 64 bits in two halves.
const VERSION_3: u32 = 0x2008_0522;

#[repr(C)]
struct Header {
    version: u32,
    pid: i32,
}

#[repr(C)]
#[derive(Default, Clone, Copy)]
struct Half {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// The sets of this process: capget(2).
#[track_caller]
pub fn capget() -> Result<CapabilitySets> {
    let mut halves = [Half::default(); 2];
    call(
        "capget",
        "capget(2)",
        || vec!["0".to_owned()],
        || {
            let mut header = Header {
                version: VERSION_3,
                pid: 0,
            };
            // SAFETY: version 3 reads one header and writes two halves; both live here.
            let result =
                unsafe { libc::syscall(libc::SYS_capget, &mut header, halves.as_mut_ptr()) };
            Errno::result(result).map(drop)
        },
    )?;
    let join =
        |pick: fn(&Half) -> u32| u64::from(pick(&halves[1])) << 32 | u64::from(pick(&halves[0]));
    Ok(CapabilitySets {
        effective: join(|half| half.effective),
        permitted: join(|half| half.permitted),
        inheritable: join(|half| half.inheritable),
    })
}

/// Sets the sets of this process: capset(2).
#[track_caller]
pub fn capset(sets: CapabilitySets) -> Result<()> {
    let half = |shift: u32| Half {
        effective: (sets.effective >> shift) as u32,
        permitted: (sets.permitted >> shift) as u32,
        inheritable: (sets.inheritable >> shift) as u32,
    };
    let halves = [half(0), half(32)];
    call(
        "capset",
        "capget(2)",
        || {
            let CapabilitySets {
                effective,
                permitted,
                inheritable,
            } = sets;
            vec![format!(
                "effective={effective:#x}, permitted={permitted:#x}, inheritable={inheritable:#x}"
            )]
        },
        || {
            let mut header = Header {
                version: VERSION_3,
                pid: 0,
            };
            // SAFETY: version 3 reads one header and two halves; both live here.
            let result = unsafe { libc::syscall(libc::SYS_capset, &mut header, halves.as_ptr()) };
            Errno::result(result).map(drop)
        },
    )
}

/// Puts one capability into the ambient set, which survives execve(2) as a user other than
/// root: PR_CAP_AMBIENT in prctl(2).
#[track_caller]
pub fn prctl_ambient_raise(capability: u8) -> Result<()> {
    call(
        "prctl",
        "prctl(2)",
        || {
            let words = ["PR_CAP_AMBIENT", "PR_CAP_AMBIENT_RAISE"].map(str::to_owned);
            let mut args = words.to_vec();
            args.push(capability_name(capability));
            args.extend(["0", "0"].map(str::to_owned));
            args
        },
        || {
            // SAFETY: PR_CAP_AMBIENT takes numbers only.
            let result = unsafe {
                libc::prctl(
                    libc::PR_CAP_AMBIENT,
                    libc::PR_CAP_AMBIENT_RAISE,
                    libc::c_ulong::from(capability),
                    0,
                    0,
                )
            };
            Errno::result(result).map(drop)
        },
    )
}

/// The name of a capability, as in capabilities(7).
pub fn capability_name(capability: u8) -> String {
    const NAMES: [&str; 41] = [
        "CHOWN",
        "DAC_OVERRIDE",
        "DAC_READ_SEARCH",
        "FOWNER",
        "FSETID",
        "KILL",
        "SETGID",
        "SETUID",
        "SETPCAP",
        "LINUX_IMMUTABLE",
        "NET_BIND_SERVICE",
        "NET_BROADCAST",
        "NET_ADMIN",
        "NET_RAW",
        "IPC_LOCK",
        "IPC_OWNER",
        "SYS_MODULE",
        "SYS_RAWIO",
        "SYS_CHROOT",
        "SYS_PTRACE",
        "SYS_PACCT",
        "SYS_ADMIN",
        "SYS_BOOT",
        "SYS_NICE",
        "SYS_RESOURCE",
        "SYS_TIME",
        "SYS_TTY_CONFIG",
        "MKNOD",
        "LEASE",
        "AUDIT_WRITE",
        "AUDIT_CONTROL",
        "SETFCAP",
        "MAC_OVERRIDE",
        "MAC_ADMIN",
        "SYSLOG",
        "WAKE_ALARM",
        "BLOCK_SUSPEND",
        "AUDIT_READ",
        "PERFMON",
        "BPF",
        "CHECKPOINT_RESTORE",
    ];
    match NAMES.get(usize::from(capability)) {
        Some(name) => format!("CAP_{name}"),
        // Younger than this list.
        None => capability.to_string(),
    }
}
