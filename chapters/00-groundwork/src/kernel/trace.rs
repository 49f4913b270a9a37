//! Stopping a child at the end of its execve(2): ptrace(2). Not narrated: it is how the
//! narration itself keeps its order, see `process::gate`.

use nix::sys::ptrace;
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
