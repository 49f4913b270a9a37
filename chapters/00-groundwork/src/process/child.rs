//! A child, from the parent's side. The end of its socket is the end of its life as a
//! child of ours: it became a program, or it ended. So it says when it is about to execve.

use std::io::{BufRead, BufReader, Read, Write};
use std::marker::PhantomData;
use std::net::Shutdown;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use serde::de::DeserializeOwned;

use super::signals::HeldSignals;
use super::{CHILD_FAILED, Exit, Message, Relay, StartError, gate};
use crate::kernel::{self, Pid, Signal};
use crate::narrate::{self, Event};

/// A child that exists and waits for its parent's word. Dropped, it ends.
#[derive(Debug)]
pub struct Waiting<E> {
    /// Taken out when the word is given.
    parts: Option<(Child, UnixStream)>,
    error: PhantomData<fn() -> E>,
}

impl<E: std::error::Error + DeserializeOwned + 'static> Waiting<E> {
    pub(super) fn new(child: Child, socket: UnixStream) -> Self {
        Waiting {
            parts: Some((child, socket)),
            error: PhantomData,
        }
    }

    /// Its number in the parent's PID namespace.
    pub fn pid(&self) -> Pid {
        let (child, _) = self.parts.as_ref().expect("taken out by go alone");
        child.pid
    }

    /// Gives the word, and narrates the child until it is a program.
    pub fn go(self) -> Result<Child, StartError<E>> {
        self.become_program(false)
    }

    /// As [`Waiting::go`], for a child that we trace already: it is stopped at the end of
    /// its execve(2), and a signal that comes before is handed on to it.
    pub fn go_traced(self) -> Result<Child, StartError<E>> {
        self.become_program(true)
    }

    fn become_program(self, traced: bool) -> Result<Child, StartError<E>> {
        let (child, is_program) = self.let_go(traced)?;
        match is_program {
            true => Ok(child),
            false => Err(StartError::Silent(child.reap())),
        }
    }

    /// Gives the word to a child that does a job, or has a program do it, and waits until
    /// it is done.
    pub fn finish(self) -> Result<(), StartError<E>> {
        let (child, _) = self.let_go(false)?;
        match child.reap() {
            Exit::Code(0) => Ok(()),
            exit => Err(StartError::Silent(exit)),
        }
    }

    fn let_go(mut self, traced: bool) -> Result<(Child, bool), StartError<E>> {
        let (child, socket) = self.parts.take().expect("taken out here alone");
        let is_program = child.let_go(socket, traced)?;
        Ok((child, is_program))
    }
}

impl<E> Drop for Waiting<E> {
    /// The child reads the end of the socket and ends by itself.
    fn drop(&mut self) {
        if let Some((child, socket)) = self.parts.take() {
            // Not only closed: a child made after this one may have a copy.
            let _ = socket.shutdown(Shutdown::Both);
            child.reap();
        }
    }
}

/// A signal that came to a waiting parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Relayed {
    /// Which one.
    pub signal: Signal,
    /// Whether a key sent it, such as Ctrl-C. Then the child has it from there, too.
    pub by_terminal: bool,
}

/// A child that became its program.
#[derive(Debug)]
pub struct Child {
    /// Its number in the parent's PID namespace.
    pub pid: Pid,
    /// Stands for it even when its number is used again.
    pub pidfd: OwnedFd,
    pub(super) held: HeldSignals,
}

impl Child {
    /// The word to go on, and the child's narration until it is a program or has ended.
    /// Says whether it became a program.
    fn let_go<E>(&self, mut socket: UnixStream, traced: bool) -> Result<bool, StartError<E>>
    where
        E: std::error::Error + DeserializeOwned + 'static,
    {
        // A child that was killed meanwhile is found out below.
        let _ = socket.write_all(b"!");
        let _ = socket.shutdown(Shutdown::Write);

        let words: Box<dyn Read + '_> = match traced {
            true => Box::new(gate::Traced {
                socket: &socket,
                child: self.pid,
            }),
            false => Box::new(&socket),
        };
        let (mut executing, mut at_the_gate) = (false, false);
        for line in BufReader::new(words).lines() {
            let Ok(line) = line else { break };
            match serde_json::from_str(&line) {
                Ok(Message::Event(event)) => self.narrate(event),
                Ok(Message::Executing { traced }) => {
                    executing = true;
                    at_the_gate = traced && gate::reached(self.pid);
                }
                Ok(Message::Failed(value)) => {
                    self.reap();
                    let error = serde_json::from_value(value).expect("our own words");
                    return Err(StartError::Child(error));
                }
                Err(_) => break,
            }
        }
        if executing && narrate::enabled() {
            let pid = self.pid.as_raw();
            narrate::tell(&Event::Started { pid });
        }
        if at_the_gate {
            gate::open(self.pid);
        }
        Ok(executing)
    }

    /// Tells what the child did. Inside a PID namespace it does not know its own number
    /// out here; we do.
    fn narrate(&self, mut event: Event) {
        if let Event::Call { pid, .. } | Event::Exec { pid, .. } = &mut event {
            *pid = self.pid.as_raw();
        }
        narrate::tell(&event);
    }

    /// Waits until the child has ended, and meanwhile relays the signals that we are sent.
    pub fn wait(self, relay: Relay) -> Exit {
        self.wait_relaying(relay, relay == Relay::Swallow, &mut Vec::new())
    }

    /// As [`Child::wait`], and says which signals came to us meanwhile, in order. Those that
    /// ended the child may come when it has ended already, such as Ctrl-C: they are told, too,
    /// and end nobody else.
    pub fn wait_and_tell(self, relay: Relay) -> (Exit, Vec<Relayed>) {
        let mut came = Vec::new();
        let exit = self.wait_relaying(relay, true, &mut came);
        (exit, came)
    }

    fn wait_relaying(&self, relay: Relay, takes_all: bool, came: &mut Vec<Relayed>) -> Exit {
        let flags = SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK;
        let signals = SignalFd::with_flags(self.held.set(), flags);
        let Ok(signals) = signals else {
            return self.reap();
        };
        loop {
            let mut ready = [
                PollFd::new(self.pidfd.as_fd(), PollFlags::POLLIN),
                PollFd::new(signals.as_fd(), PollFlags::POLLIN),
            ];
            match poll(&mut ready, PollTimeout::NONE) {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(_) => return self.reap(),
            }
            let happened = |at: usize| ready[at].revents().is_some_and(|bits| !bits.is_empty());
            if happened(0) {
                // What is still held would come once it is let go.
                while let Some(late) = takes_all.then(|| taken(&signals)).flatten() {
                    came.push(late);
                }
                return self.reap();
            }
            if happened(1) {
                came.extend(self.relay(&signals, relay));
            }
        }
    }

    /// Waits until the child has ended, and stops whenever it is stopped, so that a shell's
    /// job control works through us: as nsenter(1) does.
    pub fn wait_and_stop_with(self) -> Exit {
        loop {
            match waitpid(self.pid, Some(WaitPidFlag::WUNTRACED)) {
                Ok(WaitStatus::Exited(_, code)) => return Exit::Code(code),
                Ok(WaitStatus::Signaled(_, signal, _)) => return Exit::Signal(signal as i32),
                Ok(WaitStatus::Stopped(..)) => {
                    kernel::stop_here();
                    let _ = kernel::pidfd_send_signal(&self.pidfd, Signal::SIGCONT);
                }
                Ok(_) | Err(Errno::EINTR) => {}
                Err(_) => return Exit::Code(CHILD_FAILED),
            }
        }
    }

    /// A key such as Ctrl-C has reached the child already: the terminal sends it to the
    /// whole foreground group, and marks it as the kernel's own (SI_KERNEL, sigaction(2)).
    fn relay(&self, signals: &SignalFd, relay: Relay) -> Option<Relayed> {
        let came = taken(signals)?;
        if relay == Relay::Forward && !came.by_terminal {
            let _ = kernel::pidfd_send_signal(&self.pidfd, came.signal);
        }
        Some(came)
    }

    /// Takes the exit status, which ends the zombie.
    pub(super) fn reap(&self) -> Exit {
        loop {
            match waitpid(self.pid, None) {
                Ok(WaitStatus::Exited(_, code)) => return Exit::Code(code),
                Ok(WaitStatus::Signaled(_, signal, _)) => return Exit::Signal(signal as i32),
                Ok(_) | Err(Errno::EINTR) => {}
                Err(_) => return Exit::Code(CHILD_FAILED),
            }
        }
    }
}

/// The next signal that waits, if one does.
fn taken(signals: &SignalFd) -> Option<Relayed> {
    let info = signals.read_signal().ok()??;
    Some(Relayed {
        signal: Signal::try_from(info.ssi_signo as i32).ok()?,
        by_terminal: info.ssi_code == nix::libc::SI_KERNEL,
    })
}
