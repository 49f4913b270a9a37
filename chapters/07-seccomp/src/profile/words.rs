//! The words of profiles: libseccomp's names of its own constants, see seccomp_rule_add(3).

use crate::action::Action;
use crate::arch::Arch;
use crate::error::{Error, Result};
use crate::profile::{Flag, Op};

/// Actions; the numbers of ERRNO and TRACE are written elsewhere.
pub(super) const ACTIONS: [(&str, Action); 9] = [
    ("SCMP_ACT_KILL", Action::KillThread),
    ("SCMP_ACT_KILL_THREAD", Action::KillThread),
    ("SCMP_ACT_KILL_PROCESS", Action::KillProcess),
    ("SCMP_ACT_TRAP", Action::Trap),
    ("SCMP_ACT_ERRNO", Action::Errno(0)),
    ("SCMP_ACT_NOTIFY", Action::Notify),
    ("SCMP_ACT_TRACE", Action::Trace(0)),
    ("SCMP_ACT_LOG", Action::Log),
    ("SCMP_ACT_ALLOW", Action::Allow),
];

/// Operators.
pub(super) const OPS: [(&str, Op); 7] = [
    ("SCMP_CMP_NE", Op::NotEqual),
    ("SCMP_CMP_LT", Op::Less),
    ("SCMP_CMP_LE", Op::LessOrEqual),
    ("SCMP_CMP_EQ", Op::Equal),
    ("SCMP_CMP_GE", Op::GreaterOrEqual),
    ("SCMP_CMP_GT", Op::Greater),
    ("SCMP_CMP_MASKED_EQ", Op::MaskedEqual),
];

/// Flags of seccomp(2).
pub(super) const FLAGS: [(&str, Flag); 4] = [
    ("SECCOMP_FILTER_FLAG_TSYNC", Flag::Tsync),
    ("SECCOMP_FILTER_FLAG_LOG", Flag::Log),
    ("SECCOMP_FILTER_FLAG_SPEC_ALLOW", Flag::SpecAllow),
    ("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", Flag::WaitKillable),
];

/// Architectures, of which some have no table here.
pub(super) const ARCHS: [(&str, Option<Arch>); 22] = [
    ("SCMP_ARCH_X86_64", Some(Arch::X86_64)),
    ("SCMP_ARCH_X86", Some(Arch::X86)),
    ("SCMP_ARCH_X32", Some(Arch::X32)),
    ("SCMP_ARCH_AARCH64", Some(Arch::Aarch64)),
    ("SCMP_ARCH_ARM", None),
    ("SCMP_ARCH_LOONGARCH64", None),
    ("SCMP_ARCH_M68K", None),
    ("SCMP_ARCH_MIPS", None),
    ("SCMP_ARCH_MIPS64", None),
    ("SCMP_ARCH_MIPS64N32", None),
    ("SCMP_ARCH_MIPSEL", None),
    ("SCMP_ARCH_MIPSEL64", None),
    ("SCMP_ARCH_MIPSEL64N32", None),
    ("SCMP_ARCH_PARISC", None),
    ("SCMP_ARCH_PARISC64", None),
    ("SCMP_ARCH_PPC", None),
    ("SCMP_ARCH_PPC64", None),
    ("SCMP_ARCH_PPC64LE", None),
    ("SCMP_ARCH_RISCV64", None),
    ("SCMP_ARCH_S390", None),
    ("SCMP_ARCH_S390X", None),
    ("SCMP_ARCH_SH", None),
];

/// What a word means; one that is not in the table is refused, with the one it may be.
pub(super) fn word<T: Copy>(table: &[(&str, T)], path: &str, written: &str) -> Result<T> {
    let known = table.iter().find(|(name, _)| *name == written);
    known
        .map(|(_, meaning)| *meaning)
        .ok_or_else(|| Error::Value {
            path: path.to_owned(),
            what: format!("{written:?} is not known"),
            like: like(table.iter().map(|(name, _)| *name), written),
        })
}

/// The name that is most like the written one, if one is alike.
pub(super) fn like<'a>(names: impl Iterator<Item = &'a str>, written: &str) -> Option<String> {
    let near = names.map(|name| (strsim::damerau_levenshtein(name, written), name));
    let (distance, name) = near.min()?;
    (distance <= 1 + written.len() / 4).then(|| name.to_owned())
}
