//! Strict mode, and filters for system calls: seccomp(2).

#![allow(unsafe_code)]

use std::os::fd::{FromRawFd, OwnedFd};

use nix::errno::Errno;
use nix::libc;

use super::{Result, call, joined};

/// One instruction of a filter, `struct sock_filter` of linux/filter.h.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct Instruction {
    /// What to do.
    pub code: u16,
    /// How far to jump if a comparison holds.
    pub jt: u8,
    /// How far if not.
    pub jf: u8,
    /// The number that it works with.
    pub k: u32,
}

/// The shortest useful filter: the system calls with these numbers fail with `errno`, all
/// others pass. It does not look at the architecture, so it is no protection, only a trial.
pub fn refusal(numbers: &[i64], errno: Errno) -> Vec<Instruction> {
    let step = |code: u32, jt, k| Instruction {
        code: code as u16,
        jt,
        jf: 0,
        k,
    };
    // Offset 0 of struct seccomp_data is the call's number.
    let mut program = vec![step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0)];
    for (index, number) in numbers.iter().enumerate() {
        // Over the comparisons that follow and the permission, to the refusal.
        let ahead = (numbers.len() - index) as u8;
        program.push(step(
            libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K,
            ahead,
            *number as u32,
        ));
    }
    let verdict = libc::BPF_RET | libc::BPF_K;
    program.push(step(verdict, 0, libc::SECCOMP_RET_ALLOW));
    program.push(step(verdict, 0, libc::SECCOMP_RET_ERRNO | errno as u32));
    program
}

/// What may be said beside a filter, by the names of seccomp(2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub enum FilterFlag {
    /// All threads of the process get the filter.
    Tsync = libc::SECCOMP_FILTER_FLAG_TSYNC,
    /// Every verdict but "allow" is logged.
    Log = libc::SECCOMP_FILTER_FLAG_LOG,
    /// Do not turn on the guard against speculative store bypass.
    SpecAllow = libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW,
    /// A call that a supervisor has begun to look at is interrupted by fatal signals only.
    WaitKillable = libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
}

impl FilterFlag {
    /// All of them.
    pub const ALL: [FilterFlag; 4] = [
        FilterFlag::Tsync,
        FilterFlag::Log,
        FilterFlag::SpecAllow,
        FilterFlag::WaitKillable,
    ];

    /// Its name in linux/seccomp.h.
    pub fn name(self) -> &'static str {
        match self {
            FilterFlag::Tsync => "SECCOMP_FILTER_FLAG_TSYNC",
            FilterFlag::Log => "SECCOMP_FILTER_FLAG_LOG",
            FilterFlag::SpecAllow => "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
            FilterFlag::WaitKillable => "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
        }
    }
}

/// Puts a filter before every later system call of this thread: SECCOMP_SET_MODE_FILTER in
/// seccomp(2). Needs no_new_privs or CAP_SYS_ADMIN.
#[track_caller]
pub fn seccomp_set_mode_filter(flags: &[FilterFlag], program: &[Instruction]) -> Result<()> {
    call(
        "seccomp",
        "seccomp(2)",
        || filter_args(&names(flags), program),
        || set_filter(bits(flags), program).map(drop),
    )
}

/// The same, and gives a descriptor at which a supervisor is told of the calls that the
/// filter leaves to it: SECCOMP_FILTER_FLAG_NEW_LISTENER, see seccomp_unotify(2).
#[track_caller]
pub fn seccomp_new_listener(flags: &[FilterFlag], program: &[Instruction]) -> Result<OwnedFd> {
    let listener = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER;
    let args = || {
        let mut names = names(flags);
        names.push("SECCOMP_FILTER_FLAG_NEW_LISTENER");
        filter_args(&names, program)
    };
    call("seccomp", "seccomp(2)", args, || {
        let fd = set_filter(bits(flags) | listener, program)?;
        // SAFETY: with this flag success gives a new descriptor, which is ours alone.
        Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
    })
}

fn names(flags: &[FilterFlag]) -> Vec<&'static str> {
    flags.iter().map(|flag| flag.name()).collect()
}

fn bits(flags: &[FilterFlag]) -> u64 {
    flags.iter().fold(0, |all, flag| all | *flag as u64)
}

fn filter_args(flags: &[&str], program: &[Instruction]) -> Vec<String> {
    vec![
        "SECCOMP_SET_MODE_FILTER".to_owned(),
        joined(flags),
        format!("{{len={}}}", program.len()),
    ]
}

fn set_filter(flags: u64, program: &[Instruction]) -> nix::Result<libc::c_long> {
    #[repr(C)]
    struct Program {
        length: u16,
        filter: *const Instruction,
    }
    let whole = Program {
        length: u16::try_from(program.len()).map_err(|_| Errno::EINVAL)?,
        filter: program.as_ptr(),
    };
    // SAFETY: the kernel copies `length` instructions, which outlive the call.
    let result = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            flags,
            &raw const whole,
        )
    };
    Errno::result(result)
}

/// Whether this kernel knows a verdict, by its number and the name to tell it by:
/// SECCOMP_GET_ACTION_AVAIL in seccomp(2). EOPNOTSUPP if not.
#[track_caller]
pub fn seccomp_get_action_avail(name: &str, action: u32) -> Result<()> {
    call(
        "seccomp",
        "seccomp(2)",
        || {
            let operation = "SECCOMP_GET_ACTION_AVAIL".to_owned();
            vec![operation, "0".to_owned(), format!("[{name}]")]
        },
        || {
            // SAFETY: the kernel reads one number, which lives here.
            let result = unsafe {
                libc::syscall(
                    libc::SYS_seccomp,
                    libc::SECCOMP_GET_ACTION_AVAIL,
                    0,
                    &raw const action,
                )
            };
            Errno::result(result).map(drop)
        },
    )
}

/// From now on this thread may call read(2), write(2), _exit(2) and sigreturn(2), and any
/// other call is its end: PR_SET_SECCOMP in prctl(2) with SECCOMP_MODE_STRICT.
#[track_caller]
pub fn prctl_set_seccomp_strict() -> Result<()> {
    call(
        "prctl",
        "prctl(2)",
        || {
            ["PR_SET_SECCOMP", "SECCOMP_MODE_STRICT"]
                .map(str::to_owned)
                .to_vec()
        },
        || {
            // SAFETY: takes numbers only.
            let result = unsafe {
                libc::prctl(
                    libc::PR_SET_SECCOMP,
                    libc::c_ulong::from(libc::SECCOMP_MODE_STRICT),
                )
            };
            Errno::result(result).map(drop)
        },
    )
}

/// Ends this thread, and a process that has no other: _exit(2) as the kernel has it. What the
/// C library calls `_exit` is exit_group(2), which strict mode does not allow.
pub fn exit_thread(status: i32) -> ! {
    loop {
        // SAFETY: takes a number and does not return. No destructor runs, as in _exit(2).
        unsafe { libc::syscall(libc::SYS_exit, status) };
    }
}
