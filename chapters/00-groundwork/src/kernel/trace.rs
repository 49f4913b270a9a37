//! Stopping a process and looking at it: ptrace(2). Not narrated: at the end of an execve(2)
//! it is how the narration itself keeps its order, see `process::gate`; who records the calls
//! of a program stops it at each of them; and the check of an exercise sees by it what an
//! answer does.

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

/// Traces a process, and the processes and threads that it will make, from its next
/// execve(2) on: PTRACE_SEIZE. They all end when their tracer does.
pub fn trace_seize(pid: Pid) -> nix::Result<()> {
    ptrace::seize(pid, options())
}

/// From now on a stopped process that ends stops once more before it has, even if it was
/// killed: PTRACE_O_TRACEEXIT.
///
/// # Errors
/// It was killed meanwhile.
pub fn trace_to_the_end(pid: Pid) -> nix::Result<()> {
    ptrace::setoptions(pid, options() | Options::PTRACE_O_TRACEEXIT)
}

fn options() -> Options {
    Options::PTRACE_O_TRACESYSGOOD
        | Options::PTRACE_O_TRACEEXEC
        | Options::PTRACE_O_TRACEFORK
        | Options::PTRACE_O_TRACEVFORK
        | Options::PTRACE_O_TRACECLONE
        | Options::PTRACE_O_EXITKILL
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

/// The AUDIT_ARCH_* (linux/audit.h) of this program's own calls.
#[cfg(target_arch = "x86_64")]
pub const NATIVE_AUDIT_ARCH: u32 = 0xc000_003e;
/// The AUDIT_ARCH_* (linux/audit.h) of this program's own calls.
#[cfg(target_arch = "aarch64")]
pub const NATIVE_AUDIT_ARCH: u32 = 0xc000_00b7;

/// Where a process stands that was stopped at a system call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtCall {
    /// It asks the kernel for the call of this number, of this architecture (an AUDIT_ARCH_*
    /// of linux/audit.h).
    Entry {
        /// Whose number it is.
        arch: u32,
        /// Which call.
        number: u64,
    },
    /// The kernel has refused it.
    Refused(Errno),
    /// The kernel has done it.
    Done,
}

/// Asks at which: PTRACE_GET_SYSCALL_INFO, since Linux 5.3.
pub fn trace_call(pid: Pid) -> nix::Result<AtCall> {
    let info = ptrace::syscall_info(pid)?;
    Ok(match info.op {
        libc::PTRACE_SYSCALL_INFO_ENTRY => AtCall::Entry {
            arch: info.arch,
            // SAFETY: `op` says which part of the union the kernel has written.
            number: unsafe { info.u.entry.nr },
        },
        libc::PTRACE_SYSCALL_INFO_EXIT => {
            // SAFETY: likewise.
            let exit = unsafe { info.u.exit };
            match exit.is_error {
                0 => AtCall::Done,
                _ => AtCall::Refused(Errno::from_raw(-exit.sval as i32)),
            }
        }
        _ => AtCall::Done,
    })
}

/// The arguments of the call at whose beginning a process was stopped: PTRACE_GET_SYSCALL_INFO.
/// None if it stands elsewhere.
///
/// # Errors
/// It was killed meanwhile.
pub fn trace_arguments(pid: Pid) -> nix::Result<Option<[u64; 6]>> {
    let info = ptrace::syscall_info(pid)?;
    if info.op != libc::PTRACE_SYSCALL_INFO_ENTRY {
        return Ok(None);
    }
    // SAFETY: `op` says which part of the union the kernel has written.
    Ok(Some(unsafe { info.u.entry.args }))
}

/// Reads from the memory of a stopped process: PTRACE_PEEKDATA.
///
/// # Errors
/// It was killed meanwhile, or there is no memory.
pub fn trace_read(child: Pid, address: usize, length: usize) -> nix::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(length + size_of::<libc::c_long>());
    while bytes.len() < length {
        let at = (address + bytes.len()) as ptrace::AddressType;
        bytes.extend(ptrace::read(child, at)?.to_ne_bytes());
    }
    bytes.truncate(length);
    Ok(bytes)
}
