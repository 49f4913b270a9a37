//! Stopping a process and looking at it: ptrace(2). Not narrated: at the end of an execve(2)
//! it is how the narration itself keeps its order, see `process::gate`, and a recorder stops
//! its programs at every call that they make.

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

/// Traces a process, and the processes and threads that it will make, from its next
/// execve(2) on: PTRACE_SEIZE. They all end when their tracer does.
pub fn trace_seize(pid: Pid) -> nix::Result<()> {
    let options = Options::PTRACE_O_TRACESYSGOOD
        | Options::PTRACE_O_TRACEEXEC
        | Options::PTRACE_O_TRACEFORK
        | Options::PTRACE_O_TRACEVFORK
        | Options::PTRACE_O_TRACECLONE
        | Options::PTRACE_O_EXITKILL;
    ptrace::seize(pid, options)
}

/// What became of a traced process, or why it stands still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Traced {
    /// It ended with this status.
    Exited(i32),
    /// It was ended by this signal.
    Killed(i32),
    /// It stands before or after a system call.
    Call,
    /// It has just been made, or has become another program, or has made a child.
    Event,
    /// This signal is on its way to it.
    Signal(i32),
    /// It has been stopped by a signal, as a shell's job control does it.
    Stopped,
}

/// Waits until something happens to any traced process or child: waitpid(2) with __WALL.
/// Real-time signals have no names, so these are numbers.
pub fn trace_wait() -> nix::Result<(Pid, Traced)> {
    /// A stop at a call has this bit in its signal, by PTRACE_O_TRACESYSGOOD.
    const AT_A_CALL: i32 = libc::SIGTRAP | 0x80;
    let mut status = 0;
    // SAFETY: the kernel writes one number, which lives here.
    let pid = Errno::result(unsafe { libc::waitpid(-1, &raw mut status, libc::__WALL) })?;
    let stop = libc::WSTOPSIG(status);
    let seen = match status >> 16 {
        _ if libc::WIFEXITED(status) => Traced::Exited(libc::WEXITSTATUS(status)),
        _ if libc::WIFSIGNALED(status) => Traced::Killed(libc::WTERMSIG(status)),
        libc::PTRACE_EVENT_STOP if stop != libc::SIGTRAP => Traced::Stopped,
        0 if stop == AT_A_CALL => Traced::Call,
        0 => Traced::Signal(stop),
        _ => Traced::Event,
    };
    Ok((Pid::from_raw(pid), seen))
}

/// Lets a stopped process run until its next call begins or ends, with a signal if one was on
/// its way (0 for none): PTRACE_SYSCALL.
pub fn trace_until_call(pid: Pid, signal: i32) -> nix::Result<()> {
    let none: *mut libc::c_void = std::ptr::null_mut();
    let signal = signal as libc::c_long;
    // SAFETY: takes numbers only.
    let result = unsafe { libc::ptrace(libc::PTRACE_SYSCALL, pid.as_raw(), none, signal) };
    Errno::result(result).map(drop)
}

/// Leaves a process stopped as job control wants it, and hears of it again: PTRACE_LISTEN.
pub fn trace_listen(pid: Pid) -> nix::Result<()> {
    let none: *mut libc::c_void = std::ptr::null_mut();
    // SAFETY: takes numbers only.
    let result = unsafe { libc::ptrace(libc::PTRACE_LISTEN, pid.as_raw(), none, none) };
    Errno::result(result).map(drop)
}

/// Of a process that stands before a call: the call's architecture (an AUDIT_ARCH_* of
/// linux/audit.h) and number, by PTRACE_GET_SYSCALL_INFO. None after a call.
pub fn trace_call(pid: Pid) -> nix::Result<Option<(u32, u64)>> {
    /// linux/ptrace.h
    const PTRACE_SYSCALL_INFO_ENTRY: u8 = 1;
    let info = ptrace::syscall_info(pid)?;
    if info.op != PTRACE_SYSCALL_INFO_ENTRY {
        return Ok(None);
    }
    // SAFETY: `op` says which of the union's members the kernel has filled in.
    let number = unsafe { info.u.entry.nr };
    Ok(Some((info.arch, number)))
}
