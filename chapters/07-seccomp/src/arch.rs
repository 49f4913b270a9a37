//! Which kind of machine a system call comes from: one kernel answers several.
//!
//! The same number means another call on each: 59 is execve(2) on x86-64, oldolduname on
//! 32-bit x86. A filter that looks at the number alone can be walked around, so the kernel
//! hands it the architecture, too: `arch` of struct seccomp_data, see seccomp(2).

use std::fmt;

/// A way to call the kernel, with numbers of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Arch {
    /// The `syscall` instruction of 64-bit x86.
    X86_64,
    /// 32-bit x86: `int 0x80`, which works from a 64-bit program, too.
    X86,
    /// 64-bit x86 with 32-bit pointers: the architecture of x86-64, and bit 30 of the number.
    X32,
    /// 64-bit ARM.
    Aarch64,
}

/// The bit of a call's number that says x32: `__X32_SYSCALL_BIT` of asm/unistd.h.
pub const X32_BIT: u32 = 0x4000_0000;

const AUDIT_ARCH_64BIT: u32 = 0x8000_0000;
const AUDIT_ARCH_LE: u32 = 0x4000_0000;

impl Arch {
    /// Every one that we have a table for.
    pub const ALL: [Arch; 4] = [Arch::X86_64, Arch::X86, Arch::X32, Arch::Aarch64];

    /// The one that this program was built for.
    pub const fn native() -> Arch {
        if cfg!(target_arch = "aarch64") {
            Arch::Aarch64
        } else if cfg!(target_arch = "x86") {
            Arch::X86
        } else {
            Arch::X86_64
        }
    }

    /// What the kernel calls it: AUDIT_ARCH_* of linux/audit.h, an ELF machine with flags.
    pub const fn token(self) -> u32 {
        match self {
            Arch::X86_64 | Arch::X32 => 62 | AUDIT_ARCH_64BIT | AUDIT_ARCH_LE,
            Arch::X86 => 3 | AUDIT_ARCH_LE,
            Arch::Aarch64 => 183 | AUDIT_ARCH_64BIT | AUDIT_ARCH_LE,
        }
    }

    /// Of which a call with this token and number is.
    pub fn of_call(token: u32, number: u32) -> Option<Arch> {
        let arch = Arch::ALL.into_iter().find(|arch| arch.token() == token)?;
        // A tracer sets -1 to have a call skipped, see seccomp(2): it is no call of x32.
        let x32 = arch == Arch::X86_64 && number >= X32_BIT && number != u32::MAX;
        Some(if x32 { Arch::X32 } else { arch })
    }

    /// Its name in a terminal: x86_64, x86, x32, aarch64.
    pub const fn name(self) -> &'static str {
        match self {
            Arch::X86_64 => "x86_64",
            Arch::X86 => "x86",
            Arch::X32 => "x32",
            Arch::Aarch64 => "aarch64",
        }
    }

    /// Its name in a profile of Docker's or of the OCI: SCMP_ARCH_X86_64 and so on.
    pub const fn oci_name(self) -> &'static str {
        match self {
            Arch::X86_64 => "SCMP_ARCH_X86_64",
            Arch::X86 => "SCMP_ARCH_X86",
            Arch::X32 => "SCMP_ARCH_X32",
            Arch::Aarch64 => "SCMP_ARCH_AARCH64",
        }
    }

    /// Its name in `includes` and `excludes` of Docker's profile.
    pub const fn docker_name(self) -> &'static str {
        match self {
            Arch::X86_64 => "amd64",
            Arch::X86 => "x86",
            Arch::X32 => "x32",
            Arch::Aarch64 => "arm64",
        }
    }

    /// How many bits of an argument a filter compares. As libseccomp, we compare the lower
    /// half alone where pointers have 32 bits, x32 included.
    pub const fn word_bits(self) -> u32 {
        match self {
            Arch::X86_64 | Arch::Aarch64 => 64,
            Arch::X86 | Arch::X32 => 32,
        }
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
