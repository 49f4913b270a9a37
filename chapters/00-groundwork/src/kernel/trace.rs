//! Tracing: ptrace(2). Not narrated: it is how the narration itself keeps its order (see
//! `process::gate`), and how the check of an exercise sees what an answer does.

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

/// Traces a process and all that it will make, without stopping it: PTRACE_SEIZE. Each of
/// them stops at the end of an execve(2), and dies with this process.
///
/// # Errors
/// Yama, a filter, or another tracer.
pub fn trace_family(of: Pid) -> nix::Result<()> {
    let options = Options::PTRACE_O_TRACEFORK
        | Options::PTRACE_O_TRACEVFORK
        | Options::PTRACE_O_TRACECLONE
        | Options::PTRACE_O_TRACEEXEC
        | Options::PTRACE_O_EXITKILL;
    ptrace::seize(of, options)
}

/// The next change of a child or of a traced process, threads included, if there is one:
/// waitpid(2) with __WALL. The status is as waitpid gives it, since a real-time signal has
/// no name.
///
/// # Errors
/// ECHILD: nobody is left.
pub fn wait_any() -> nix::Result<Option<(Pid, i32)>> {
    let mut status = 0;
    // SAFETY: the kernel writes one number, which lives here.
    let result = unsafe { libc::waitpid(-1, &raw mut status, libc::__WALL | libc::WNOHANG) };
    let pid = Errno::result(result)?;
    Ok((pid != 0).then_some((Pid::from_raw(pid), status)))
}

/// Lets a stopped process run, with a signal by its number or, for 0, without one.
pub fn trace_go(child: Pid, signal: i32) {
    // SAFETY: PTRACE_CONT takes numbers. One that was killed meanwhile gives ESRCH.
    let _ = unsafe { libc::ptrace(libc::PTRACE_CONT, child.as_raw(), 0, signal) };
}

/// What a stop at fork, clone or execve is about, a PID: PTRACE_GETEVENTMSG.
///
/// # Errors
/// It was killed meanwhile.
pub fn trace_message(child: Pid) -> nix::Result<Pid> {
    ptrace::getevent(child).map(|pid| Pid::from_raw(pid as i32))
}

/// Writes into the memory of a stopped process, whole words: PTRACE_POKEDATA. What is there
/// beyond `bytes` up to the next word becomes zero.
///
/// # Errors
/// It was killed meanwhile, or there is no memory.
pub fn trace_write(child: Pid, address: usize, bytes: &[u8]) -> nix::Result<()> {
    const WORD: usize = size_of::<libc::c_long>();
    for (index, part) in bytes.chunks(WORD).enumerate() {
        let mut word = [0; WORD];
        word[..part.len()].copy_from_slice(part);
        let at = (address + index * WORD) as ptrace::AddressType;
        ptrace::write(child, at, libc::c_long::from_ne_bytes(word))?;
    }
    Ok(())
}
