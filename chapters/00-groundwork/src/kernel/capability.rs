//! What a process may do as root: capget(2), capset(2), capabilities(7).

#![allow(unsafe_code)]

use nix::errno::Errno;
use nix::libc;

use super::{Result, call, capability_list, capability_name};

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
            let set = |name: &str, set: u64| format!("{name}={}", capability_list(set));
            vec![
                set("effective", effective),
                set("permitted", permitted),
                set("inheritable", inheritable),
            ]
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
