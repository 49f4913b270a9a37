//! Stopping other processes, and seeing what the kernel answers them: ptrace(2). Not narrated:
//! it makes no container, and it is how the narration itself keeps its order, see
//! `process::gate`.

#![allow(unsafe_code)]

use nix::errno::Errno;
use nix::libc;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::Signal;
use nix::unistd::Pid;

/// Lets the parent trace this process: PTRACE_TRACEME.
pub fn trace_me() -> nix::Result<()> {
    ptrace::traceme()
}

/// Lets a stopped child run, with the signal that stopped it: PTRACE_CONT.
pub fn trace_continue(child: Pid, signal: Signal) {
    let _ = ptrace::cont(child, signal);
}

/// Lets a stopped child run, and go: PTRACE_DETACH.
pub fn trace_detach(child: Pid) {
    let _ = ptrace::detach(child, None);
}

/// Traces a process, and whatever it makes, without stopping it: PTRACE_SEIZE. It stops after
/// its next execve(2). All of them end with us.
pub fn trace_seize(process: Pid) -> nix::Result<()> {
    let options = Options::PTRACE_O_TRACESYSGOOD
        | Options::PTRACE_O_TRACEEXEC
        | Options::PTRACE_O_TRACEFORK
        | Options::PTRACE_O_TRACEVFORK
        | Options::PTRACE_O_TRACECLONE
        | Options::PTRACE_O_EXITKILL;
    ptrace::seize(process, options)
}

/// Lets a stopped process run to the entry or the exit of its next system call, with the
/// signal that it was about to get: PTRACE_SYSCALL.
pub fn trace_to_next_call(process: Pid, signal: Option<Signal>) {
    let _ = ptrace::syscall(process, signal);
}

/// Where a process stands that was stopped at a system call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtCall {
    /// It asks the kernel for the call of this number.
    Entry(u64),
    /// The kernel has refused it.
    Refused(Errno),
    /// The kernel has done it, or it was made in the manner of another architecture, whose
    /// numbers are others.
    Else,
}

/// `AUDIT_ARCH_*` of linux/audit.h.
#[cfg(target_arch = "x86_64")]
const NATIVE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const NATIVE: u32 = 0xc000_00b7;

/// Asks at which: PTRACE_GET_SYSCALL_INFO, since Linux 5.3.
pub fn trace_call(process: Pid) -> AtCall {
    let Ok(info) = ptrace::syscall_info(process) else {
        return AtCall::Else;
    };
    if info.arch != NATIVE {
        return AtCall::Else;
    }
    match info.op {
        // SAFETY: `op` says which part of the union the kernel has written.
        libc::PTRACE_SYSCALL_INFO_ENTRY => AtCall::Entry(unsafe { info.u.entry.nr }),
        libc::PTRACE_SYSCALL_INFO_EXIT => {
            // SAFETY: likewise.
            let exit = unsafe { info.u.exit };
            match exit.is_error {
                0 => AtCall::Else,
                _ => AtCall::Refused(Errno::from_raw(-exit.sval as i32)),
            }
        }
        _ => AtCall::Else,
    }
}
