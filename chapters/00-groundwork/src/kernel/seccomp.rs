//! Filters for system calls: seccomp(2).

#![allow(unsafe_code)]

use nix::errno::Errno;
use nix::libc;

use super::{Result, call};

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

/// Puts a filter before every later system call of this thread: SECCOMP_SET_MODE_FILTER in
/// seccomp(2). Needs no_new_privs or CAP_SYS_ADMIN.
#[track_caller]
pub fn seccomp_set_mode_filter(program: &[Instruction]) -> Result<()> {
    #[repr(C)]
    struct Program {
        length: u16,
        filter: *const Instruction,
    }
    let args = || {
        vec![
            "SECCOMP_SET_MODE_FILTER".to_owned(),
            "0".to_owned(),
            format!("{{len={}}}", program.len()),
        ]
    };
    call("seccomp", "seccomp(2)", args, || {
        let whole = Program {
            length: u16::try_from(program.len()).map_err(|_| Errno::EINVAL)?,
            filter: program.as_ptr(),
        };
        // SAFETY: the kernel copies `length` instructions, which outlive the call.
        let result = unsafe {
            libc::syscall(
                libc::SYS_seccomp,
                libc::SECCOMP_SET_MODE_FILTER,
                0,
                &raw const whole,
            )
        };
        Errno::result(result).map(drop)
    })
}
