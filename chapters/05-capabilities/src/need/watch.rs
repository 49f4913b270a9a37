//! Standing by while a run goes on: what it says is read, and who is traced goes on.

use std::fs::File;
use std::io::Read;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use groundwork::kernel::{Errno, Signal};
use groundwork::process::Child;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::SigSet;
use nix::sys::signalfd::{SfdFlags, SignalFd};

use super::Refusal;
use super::tracer::Tracer;
use crate::error::{Error, Result};

/// How much of what a program says is kept: the end of it.
const KEPT: usize = 4096;

/// Signals that end us: held back while a run goes on, so that it ends first.
pub(super) const ENDING: &[Signal] = &[
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
];

/// Why the waiting is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    /// The run has ended.
    Ended,
    /// Its time is over.
    Late,
    /// We are to end. The signal waits until it is let go, with the [`Child`].
    Interrupted,
}

/// Where something can happen.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Run,
    Output,
    Tracer,
    Signals,
}

/// A run that goes on.
pub(super) struct Watch<'a> {
    child: &'a Child,
    output: File,
    /// Whether anybody could still say something.
    is_open: bool,
    said: Vec<u8>,
    signals: SignalFd,
    tracer: Option<Tracer>,
}

impl<'a> Watch<'a> {
    /// Begins.
    pub(super) fn new(child: &'a Child, output: File, is_traced: bool) -> Result<Self> {
        let tracer = is_traced.then(|| Tracer::new(child.pid)).transpose()?;
        let ending: SigSet = ENDING.iter().copied().collect();
        let signals = SignalFd::with_flags(&ending, SfdFlags::SFD_CLOEXEC);
        Ok(Watch {
            signals: signals.map_err(|errno| Error::wait("signalfd", errno))?,
            child,
            output,
            is_open: true,
            said: Vec::new(),
            tracer,
        })
    }

    /// Stands by until the run has ended, or `deadline`; without one, whatever comes.
    pub(super) fn until(&mut self, deadline: Option<Instant>) -> Result<Over> {
        loop {
            if let Some(tracer) = &mut self.tracer {
                tracer.advance();
            }
            let left = deadline.map(|until| until.saturating_duration_since(Instant::now()));
            let ready = self.wait(left)?;
            if ready.contains(&Source::Run) {
                return Ok(Over::Ended);
            }
            if ready.contains(&Source::Output) {
                self.read();
            }
            if ready.contains(&Source::Signals) {
                return Ok(Over::Interrupted);
            }
            if left.is_some_and(|left| left.is_zero()) {
                return Ok(Over::Late);
            }
        }
    }

    /// Waits until something happens, and says where.
    fn wait(&self, left: Option<Duration>) -> Result<Vec<Source>> {
        let mut sources = vec![(Source::Run, self.child.pidfd.as_fd())];
        if self.is_open {
            sources.push((Source::Output, self.output.as_fd()));
        }
        if let Some(tracer) = &self.tracer {
            sources.push((Source::Tracer, tracer.fd()));
        }
        if left.is_some() {
            sources.push((Source::Signals, self.signals.as_fd()));
        }
        let fds = sources
            .iter()
            .map(|(_, fd)| PollFd::new(*fd, PollFlags::POLLIN));
        let mut fds: Vec<_> = fds.collect();
        // Rounded up: the last millisecond is not waited for in a circle.
        let left = left.map(|left| left + Duration::from_millis(1));
        let timeout = left.map_or(PollTimeout::NONE, |left| {
            PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)
        });
        match poll(&mut fds, timeout) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(Error::wait("poll", errno)),
        }
        let is_ready = |fd: &PollFd| fd.revents().is_some_and(|bits| !bits.is_empty());
        let ready = sources.iter().zip(&fds).filter(|(_, fd)| is_ready(fd));
        Ok(ready.map(|((source, _), _)| *source).collect())
    }

    /// Reads some. Only the last of it is kept.
    fn read(&mut self) {
        let mut part = [0; 16 * 1024];
        match self.output.read(&mut part) {
            Ok(0) | Err(_) => self.is_open = false,
            Ok(count) => {
                self.said.extend(&part[..count]);
                let surplus = self.said.len().saturating_sub(KEPT);
                self.said.drain(..surplus);
            }
        }
    }

    /// All that it has said, and the calls that were refused, when all of it has ended.
    pub(super) fn end(mut self) -> (String, Vec<Refusal>) {
        while self.is_open && is_readable(&self.output) {
            self.read();
        }
        let said = String::from_utf8_lossy(&self.said).into_owned();
        let refused = self
            .tracer
            .as_mut()
            .map(|tracer| std::mem::take(&mut tracer.refused));
        (said, refused.unwrap_or_default())
    }
}

fn is_readable(output: &File) -> bool {
    let mut ready = [PollFd::new(output.as_fd(), PollFlags::POLLIN)];
    poll(&mut ready, PollTimeout::ZERO).is_ok_and(|count| count > 0)
}
