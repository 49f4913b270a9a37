//! What a process may do as root: capget(2), capset(2), and the sets that prctl(2) changes;
//! capabilities(7).

#![allow(unsafe_code)]

use nix::errno::Errno;
use nix::libc;

use super::{Result, call, capability_list, capability_name, joined, last_capability};

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
                set("eff", effective),
                set("prm", permitted),
                set("inh", inheritable),
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

/// One prctl(2) that takes numbers, told by the names of its arguments.
#[track_caller]
fn prctl(option: libc::c_int, words: &[&str], args: [libc::c_ulong; 2]) -> Result<()> {
    let described = || words.iter().map(|word| (*word).to_owned()).collect();
    call("prctl", "prctl(2)", described, || {
        // SAFETY: the options that this file uses take numbers only.
        let result = unsafe { libc::prctl(option, args[0], args[1], 0, 0) };
        Errno::result(result).map(drop)
    })
}

/// Takes one capability from the bounding set, for good: PR_CAPBSET_DROP in prctl(2). Needs
/// CAP_SETPCAP.
#[track_caller]
pub fn prctl_capbset_drop(capability: u8) -> Result<()> {
    let name = capability_name(capability);
    let words = ["PR_CAPBSET_DROP", &name];
    prctl(libc::PR_CAPBSET_DROP, &words, [capability.into(), 0])
}

/// Puts one capability into the ambient set, which survives execve(2) as a user other than
/// root: PR_CAP_AMBIENT in prctl(2).
#[track_caller]
pub fn prctl_ambient_raise(capability: u8) -> Result<()> {
    ambient(
        "PR_CAP_AMBIENT_RAISE",
        libc::PR_CAP_AMBIENT_RAISE,
        capability,
    )
}

/// Takes one capability from the ambient set: PR_CAP_AMBIENT in prctl(2).
#[track_caller]
pub fn prctl_ambient_lower(capability: u8) -> Result<()> {
    ambient(
        "PR_CAP_AMBIENT_LOWER",
        libc::PR_CAP_AMBIENT_LOWER,
        capability,
    )
}

#[track_caller]
fn ambient(word: &str, what: libc::c_int, capability: u8) -> Result<()> {
    let name = capability_name(capability);
    let words = ["PR_CAP_AMBIENT", word, &name, "0", "0"];
    let args = [what as libc::c_ulong, capability.into()];
    prctl(libc::PR_CAP_AMBIENT, &words, args)
}

/// Empties the ambient set: PR_CAP_AMBIENT in prctl(2).
#[track_caller]
pub fn prctl_ambient_clear_all() -> Result<()> {
    let words = ["PR_CAP_AMBIENT", "PR_CAP_AMBIENT_CLEAR_ALL", "0", "0", "0"];
    let args = [libc::PR_CAP_AMBIENT_CLEAR_ALL as libc::c_ulong, 0];
    prctl(libc::PR_CAP_AMBIENT, &words, args)
}

/// The bounding set of this process: PR_CAPBSET_READ, one question a capability. Not
/// narrated: nothing is changed, and it works where there is no /proc.
pub fn bounding_set() -> u64 {
    held(|capability| {
        // SAFETY: PR_CAPBSET_READ takes a number.
        unsafe { libc::prctl(libc::PR_CAPBSET_READ, capability) }
    })
}

/// The ambient set of this process: PR_CAP_AMBIENT_IS_SET, likewise.
pub fn ambient_set() -> u64 {
    held(|capability| {
        let is_set = libc::PR_CAP_AMBIENT_IS_SET as libc::c_ulong;
        // SAFETY: PR_CAP_AMBIENT takes numbers.
        unsafe { libc::prctl(libc::PR_CAP_AMBIENT, is_set, capability, 0, 0) }
    })
}

/// The capabilities of which the kernel says 1.
fn held(ask: impl Fn(libc::c_ulong) -> libc::c_int) -> u64 {
    (0..=last_capability())
        .filter(|capability| ask((*capability).into()) == 1)
        .fold(0, |set, capability| set | 1 << capability)
}

/// What the kernel does for root by itself, each bit with one that locks it: SECBIT_* of
/// capabilities(7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Securebits(pub u32);

impl Securebits {
    /// By bit, without `SECBIT_`.
    pub const NAMES: [&'static str; 8] = [
        "NOROOT",
        "NOROOT_LOCKED",
        "NO_SETUID_FIXUP",
        "NO_SETUID_FIXUP_LOCKED",
        "KEEP_CAPS",
        "KEEP_CAPS_LOCKED",
        "NO_CAP_AMBIENT_RAISE",
        "NO_CAP_AMBIENT_RAISE_LOCKED",
    ];
    /// Uid 0 gets nothing by execve(2).
    pub const NOROOT: Securebits = Securebits(1);
    /// A change of uids changes no capability.
    pub const NO_SETUID_FIXUP: Securebits = Securebits(1 << 2);
    /// The permitted set outlives uid 0, until the next execve(2).
    pub const KEEP_CAPS: Securebits = Securebits(1 << 4);
    /// The ambient set does not grow.
    pub const NO_CAP_AMBIENT_RAISE: Securebits = Securebits(1 << 6);

    /// Whether all bits of the other are set.
    pub fn contains(self, other: Securebits) -> bool {
        self.0 & other.0 == other.0
    }

    /// The names of the bits that are set.
    pub fn names(self) -> Vec<&'static str> {
        let names = Self::NAMES.iter().enumerate();
        let set = names.filter(|(bit, _)| self.0 >> bit & 1 == 1);
        set.map(|(_, name)| *name).collect()
    }
}

/// The securebits of this process: PR_GET_SECUREBITS. Not narrated, as nothing is changed.
pub fn securebits() -> Securebits {
    // SAFETY: PR_GET_SECUREBITS takes nothing.
    let bits = unsafe { libc::prctl(libc::PR_GET_SECUREBITS) };
    Securebits(bits.max(0) as u32)
}

/// Sets the securebits of this process: PR_SET_SECUREBITS in prctl(2). Needs CAP_SETPCAP.
#[track_caller]
pub fn prctl_set_securebits(bits: Securebits) -> Result<()> {
    let names: Vec<_> = bits
        .names()
        .iter()
        .map(|name| format!("SECBIT_{name}"))
        .collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let words = ["PR_SET_SECUREBITS", &joined(&names)];
    prctl(libc::PR_SET_SECUREBITS, &words, [bits.0.into(), 0])
}
