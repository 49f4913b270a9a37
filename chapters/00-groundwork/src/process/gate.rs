//! `= started` is told before the program's first byte.
//!
//! The end of a close-on-exec socket says that execve(2) succeeded, but by then the program
//! runs already, and may print before its parent does. So, while somebody listens, the
//! child lets its parent trace it: the kernel then stops it at the very end of execve,
//! before the program's first instruction (ptrace(2), "execve(2) under ptrace"). The parent
//! tells what there is to tell and lets go of it.
//!
//! Where tracing is refused (a debugger or strace is there already, Yama, a seccomp filter)
//! there is no gate, and the two lines may swap. A program that gains privileges by its
//! file never passes a gate: the kernel would withhold them from a traced process.

use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Mutex;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::SigSet;
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};

use super::{Message, send};
use crate::kernel::{self, Pid, Signal};
use crate::narrate;

/// The way to the parent, in a child.
static TO_PARENT: Mutex<Option<UnixStream>> = Mutex::new(None);

/// In the child: this is the way to the parent.
pub(super) fn offer(to_parent: &UnixStream) {
    *TO_PARENT.lock().expect("no holder panics") = to_parent.try_clone().ok();
}

/// In the child, just before execve(2): says so, and asks to be stopped at its end if
/// somebody listens. Nothing happens in a process that is no child of ours.
pub(super) fn announce(program: &Path) {
    let mut to_parent = TO_PARENT.lock().expect("no holder panics");
    let Some(to_parent) = to_parent.as_mut() else {
        return;
    };
    let wants_gate = narrate::enabled() && !gains_privileges(program) && !is_held(Signal::SIGTRAP);
    let traced = wants_gate && kernel::trace_me().is_ok();
    send(to_parent, &Message::Executing { traced });
}

/// Whether a file gives privileges to the process that executes it: set-user-ID,
/// set-group-ID, capabilities(7).
fn gains_privileges(program: &Path) -> bool {
    const SETUID_OR_SETGID: u32 = 0o6000;
    let mode = program
        .metadata()
        .map_or(0, |file| file.permissions().mode());
    mode & SETUID_OR_SETGID != 0 || kernel::has_file_capabilities(program)
}

/// The stop is told by SIGTRAP: held back, it would never come.
fn is_held(signal: Signal) -> bool {
    SigSet::thread_get_mask().is_ok_and(|mask| mask.contains(signal))
}

/// In the parent: waits until the traced child stands at its gate. False if it ended
/// instead; its status is left for whoever reaps it.
pub(super) fn reached(child: Pid) -> bool {
    let peek = WaitPidFlag::WEXITED | WaitPidFlag::WSTOPPED | WaitPidFlag::WNOWAIT;
    loop {
        match waitid(Id::Pid(child), peek) {
            Ok(WaitStatus::Exited(..) | WaitStatus::Signaled(..)) => return false,
            Ok(_) => {}
            Err(nix::errno::Errno::EINTR) => continue,
            Err(_) => return false,
        }
        match waitpid(child, Some(WaitPidFlag::WUNTRACED)) {
            Ok(WaitStatus::Stopped(_, Signal::SIGTRAP)) => return true,
            // Some other signal on its way to the child: a tracer hands it on.
            Ok(WaitStatus::Stopped(_, signal)) => kernel::trace_continue(child, signal),
            _ => {}
        }
    }
}

/// In the parent: opens the gate.
pub(super) fn open(child: Pid) {
    kernel::trace_detach(child);
}

/// What a child says that its parent traces already. A signal on its way to the child stops
/// it, and it says nothing more until somebody hands the signal on.
pub(super) struct Traced<'a> {
    /// The way to the child.
    pub socket: &'a UnixStream,
    /// The child.
    pub child: Pid,
}

impl Read for Traced<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let mut words = [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)];
            if poll(&mut words, PollTimeout::from(10_u8)).is_ok_and(|ready| ready > 0) {
                return self.socket.read(into);
            }
            hand_on(self.child);
        }
    }
}

/// Hands a signal on. The stop at the end of execve is left to the tracer's own loop.
fn hand_on(child: Pid) {
    let peek = WaitPidFlag::WSTOPPED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    if let Ok(WaitStatus::PtraceEvent(_, signal, 0)) = waitid(Id::Pid(child), peek) {
        let _ = waitpid(child, Some(WaitPidFlag::WUNTRACED));
        kernel::trace_continue(child, signal);
    }
}
