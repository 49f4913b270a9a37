//! Names and numbers of system calls, for each architecture.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use syscalls::{aarch64, x86, x86_64};

use crate::arch::{Arch, X32_BIT};
use crate::error::{Error, Result};

/// The calls of x32 that read structures with pointers in them: numbers of their own.
/// linux/arch/x86/entry/syscalls/syscall_64.tbl, "x32-specific system call numbers".
const X32_OWN: [(&str, u32); 36] = [
    ("rt_sigaction", 512),
    ("rt_sigreturn", 513),
    ("ioctl", 514),
    ("readv", 515),
    ("writev", 516),
    ("recvfrom", 517),
    ("sendmsg", 518),
    ("recvmsg", 519),
    ("execve", 520),
    ("ptrace", 521),
    ("rt_sigpending", 522),
    ("rt_sigtimedwait", 523),
    ("rt_sigqueueinfo", 524),
    ("sigaltstack", 525),
    ("timer_create", 526),
    ("mq_notify", 527),
    ("kexec_load", 528),
    ("waitid", 529),
    ("set_robust_list", 530),
    ("get_robust_list", 531),
    ("vmsplice", 532),
    ("move_pages", 533),
    ("preadv", 534),
    ("pwritev", 535),
    ("rt_tgsigqueueinfo", 536),
    ("recvmmsg", 537),
    ("sendmmsg", 538),
    ("process_vm_readv", 539),
    ("process_vm_writev", 540),
    ("setsockopt", 541),
    ("getsockopt", 542),
    ("io_setup", 543),
    ("io_submit", 544),
    ("execveat", 545),
    ("preadv2", 546),
    ("pwritev2", 547),
];

/// The calls of x86-64 that x32 does not have: those marked `64` in the same table.
const NOT_X32: [&str; 14] = [
    "uselib",
    "_sysctl",
    "create_module",
    "get_kernel_syms",
    "query_module",
    "nfsservctl",
    "set_thread_area",
    "get_thread_area",
    "epoll_ctl_old",
    "epoll_wait_old",
    "vserver",
    "uretprobe",
    "uprobe",
    "map_shadow_stack",
];

/// Calls with 64-bit times for 32-bit machines: 64-bit ARM never had them.
const TIME64: std::ops::RangeInclusive<u32> = 403..=423;

/// Calls that are younger than the crate's tables: since 2019 a new call has one number
/// everywhere. linux/scripts/syscall.tbl.
const YOUNGER: [(&str, u32); 17] = [
    ("map_shadow_stack", 453),
    ("futex_wake", 454),
    ("futex_wait", 455),
    ("futex_requeue", 456),
    ("statmount", 457),
    ("listmount", 458),
    ("lsm_get_self_attr", 459),
    ("lsm_set_self_attr", 460),
    ("lsm_list_modules", 461),
    ("mseal", 462),
    ("setxattrat", 463),
    ("getxattrat", 464),
    ("listxattrat", 465),
    ("removexattrat", 466),
    ("open_tree_attr", 467),
    ("file_getattr", 468),
    ("file_setattr", 469),
];

struct Table {
    by_name: BTreeMap<&'static str, u32>,
    by_number: BTreeMap<u32, &'static str>,
}

impl Table {
    fn of(pairs: impl Iterator<Item = (&'static str, u32)>) -> Table {
        let by_name: BTreeMap<_, _> = pairs.collect();
        let by_number = by_name.iter().map(|(name, number)| (*number, *name));
        Table {
            by_number: by_number.collect(),
            by_name,
        }
    }
}

fn table(arch: Arch) -> &'static Table {
    static TABLES: OnceLock<BTreeMap<Arch, Table>> = OnceLock::new();
    let tables = TABLES.get_or_init(|| {
        let tables = Arch::ALL.map(|arch| (arch, make(arch)));
        tables.into_iter().collect()
    });
    &tables[&arch]
}

/// The crate's own list ends one before its last call.
fn make(arch: Arch) -> Table {
    match arch {
        Arch::X86_64 => Table::of(x86_64_pairs()),
        Arch::X86 => {
            let calls = x86::Sysno::iter().chain([x86::Sysno::last()]);
            let calls = calls.map(|call| (plain(call.name()), call.id() as u32));
            Table::of(calls.chain(YOUNGER))
        }
        Arch::X32 => Table::of(x32_pairs()),
        Arch::Aarch64 => Table::of(
            aarch64::Sysno::iter()
                .chain([aarch64::Sysno::last()])
                .map(|call| (plain(call.name()), call.id() as u32))
                .filter(|(_, number)| !TIME64.contains(number))
                // Its name in the kernel, and in every profile.
                .map(|(name, number)| match name {
                    "fstatat" => ("newfstatat", number),
                    "sync_file_range2" => ("sync_file_range", number),
                    name => (name, number),
                })
                .chain(YOUNGER),
        ),
    }
}

/// A name without the mark that Rust needs where it is a word of the language: `r#break`.
fn plain(name: &'static str) -> &'static str {
    name.trim_start_matches("r#")
}

fn x86_64_pairs() -> impl Iterator<Item = (&'static str, u32)> {
    let calls = x86_64::Sysno::iter().chain([x86_64::Sysno::last()]);
    let calls = calls.map(|call| (plain(call.name()), call.id() as u32));
    calls
        .chain([("uretprobe", 335), ("uprobe", 336)])
        .chain(YOUNGER)
}

fn x32_pairs() -> impl Iterator<Item = (&'static str, u32)> {
    let own = |name: &str| X32_OWN.iter().find(|(call, _)| *call == name);
    x86_64_pairs()
        .filter(|(name, _)| !NOT_X32.contains(name))
        .map(move |(name, number)| (name, own(name).map_or(number, |(_, own)| *own) | X32_BIT))
}

/// The number of a call, or None where this architecture has no such call.
pub fn number(arch: Arch, name: &str) -> Option<u32> {
    table(arch).by_name.get(name).copied()
}

/// The number of a call as a rule names it: by its name, or, for a call that is younger than
/// our tables, by its number. A number that belongs to another architecture is none here: no
/// rule for x86-64 lets a call of x32 through.
pub fn resolve(arch: Arch, word: &str) -> Option<u32> {
    let by_number = || {
        let number: u32 = word.parse().ok()?;
        let number = match arch {
            Arch::X32 if number < X32_BIT => number | X32_BIT,
            _ => number,
        };
        let here = Arch::of_call(arch.token(), number) == Some(arch);
        (here && number != u32::MAX).then_some(number)
    };
    number(arch, word).or_else(by_number)
}

/// The name of a call.
pub fn name(arch: Arch, number: u32) -> Option<&'static str> {
    table(arch).by_number.get(&number).copied()
}

/// Every call of an architecture: name and number, by number.
pub fn all(arch: Arch) -> impl Iterator<Item = (&'static str, u32)> {
    let calls = table(arch).by_number.iter();
    calls.map(|(number, name)| (*name, *number))
}

/// Whether any architecture that we know has such a call.
pub fn is_known(name: &str) -> bool {
    let has = |arch| resolve(arch, name).is_some() || crate::multiplex::has(arch, name);
    Arch::ALL.into_iter().any(has)
}

/// The number of a call that somebody typed: a name, or a number. A name that is mistyped
/// is refused, with the one that it may have been.
pub fn parse(arch: Arch, word: &str) -> Result<u32> {
    resolve(arch, word).ok_or_else(|| Error::UnknownCall {
        name: word.to_owned(),
        arch,
        like: like(word),
    })
}

/// The call whose name is most like this one, if one is alike.
pub fn like(name: &str) -> Option<&'static str> {
    let names = Arch::ALL.into_iter().flat_map(all).map(|(known, _)| known);
    let near = names
        .filter(|known| *known != name)
        .map(|known| (strsim::damerau_levenshtein(known, name), known));
    let (distance, known) = near.min()?;
    (distance <= 1 + name.len() / 8).then_some(known)
}
