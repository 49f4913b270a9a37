//! Which system calls the kernel refuses to a run, for want of a permission: ptrace(2).
//!
//! Only few runs are traced: to stop at each call is slow.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, BorrowedFd};

use groundwork::kernel::{self, AtCall, Errno, NATIVE_AUDIT_ARCH, Pid, Signal};
use nix::sys::signal::SigSet;
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use syscalls::Sysno;

use crate::error::{Error, Result};

/// A call that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its name.
    pub call: String,
    /// EPERM or EACCES.
    pub errno: Errno,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} gives {:?}", self.call, self.errno)
    }
}

/// Somebody who stands by while a run is stopped at each of its calls.
pub(super) struct Tracer {
    /// The first process of the run: its end is not ours to take.
    first: Pid,
    signals: SignalFd,
    /// The number of the call that each process is in.
    calls: BTreeMap<Pid, u64>,
    pub(super) refused: Vec<Refusal>,
}

impl Tracer {
    /// For a run that is traced already and has become its program.
    pub(super) fn new(first: Pid) -> Result<Self> {
        // Not earlier: the program would be born deaf to it.
        let flags = SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK;
        let signals = (ended().thread_block()).and_then(|()| SignalFd::with_flags(&ended(), flags));
        Ok(Tracer {
            first,
            signals: signals.map_err(|errno| Error::wait("signalfd", errno))?,
            calls: BTreeMap::new(),
            refused: Vec::new(),
        })
    }

    /// What is readable when a process has stopped.
    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.signals.as_fd()
    }

    /// Lets everybody go on who has stopped.
    pub(super) fn advance(&mut self) {
        while matches!(self.signals.read_signal(), Ok(Some(_))) {}
        let peek = WaitPidFlag::WEXITED
            | WaitPidFlag::WSTOPPED
            | WaitPidFlag::WNOHANG
            | WaitPidFlag::WNOWAIT
            | WaitPidFlag::__WALL;
        while let Ok(status) = waitid(Id::All, peek) {
            let Some(process) = status.pid() else { return };
            let has_ended = matches!(status, WaitStatus::Exited(..) | WaitStatus::Signaled(..));
            if has_ended && process == self.first {
                return;
            }
            let options = WaitPidFlag::__WALL | WaitPidFlag::WNOHANG;
            match waitpid(process, Some(options)) {
                Ok(status) => self.let_go(process, status),
                Err(_) => return,
            }
        }
    }

    fn let_go(&mut self, process: Pid, status: WaitStatus) {
        let signal = match status {
            WaitStatus::PtraceSyscall(_) => {
                self.look(process);
                None
            }
            WaitStatus::Stopped(_, signal) => Some(signal),
            WaitStatus::Exited(..) | WaitStatus::Signaled(..) => {
                self.calls.remove(&process);
                return;
            }
            _ => None,
        };
        let signal = signal.map_or(0, |signal| signal as i32);
        // A process that was killed meanwhile is heard of by its end.
        let _ = kernel::trace_until_call(process, signal);
    }

    fn look(&mut self, process: Pid) {
        match kernel::trace_call(process) {
            Ok(AtCall::Entry { arch, number }) if arch == NATIVE_AUDIT_ARCH => {
                self.calls.insert(process, number);
            }
            Ok(AtCall::Refused(errno @ (Errno::EPERM | Errno::EACCES))) => {
                let number = self
                    .calls
                    .remove(&process)
                    .and_then(|n| usize::try_from(n).ok());
                if let Some(call) = number.and_then(Sysno::new) {
                    let call = call.name().to_owned();
                    self.refused.push(Refusal { call, errno });
                }
            }
            _ => {
                self.calls.remove(&process);
            }
        }
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        let _ = ended().thread_unblock();
    }
}

fn ended() -> SigSet {
    SigSet::from(Signal::SIGCHLD)
}
