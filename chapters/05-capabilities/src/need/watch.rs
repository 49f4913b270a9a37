//! Standing by while a run goes on: what it says is read, and who is traced goes on.

use std::fs::File;
use std::io::Read;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use groundwork::kernel::Errno;
use groundwork::process::Child;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::Refusal;
use super::tracer::Tracer;
use crate::error::{Error, Result};

/// How much of what a program says is kept: the end of it.
const KEPT: usize = 4096;

/// A run that goes on.
pub(super) struct Watch<'a> {
    child: &'a Child,
    output: File,
    /// Whether anybody could still say something.
    is_open: bool,
    said: Vec<u8>,
    tracer: Option<Tracer>,
}

impl<'a> Watch<'a> {
    /// Begins.
    pub(super) fn new(child: &'a Child, output: File, is_traced: bool) -> Result<Self> {
        let tracer = is_traced.then(|| Tracer::new(child.pid)).transpose()?;
        Ok(Watch {
            child,
            output,
            is_open: true,
            said: Vec::new(),
            tracer,
        })
    }

    /// Stands by until the run has ended. False if that is not before `deadline`.
    pub(super) fn until(&mut self, deadline: Option<Instant>) -> Result<bool> {
        loop {
            if let Some(tracer) = &mut self.tracer {
                tracer.advance();
            }
            let left = deadline.map(|until| until.saturating_duration_since(Instant::now()));
            let [has_ended, says] = self.wait(left.unwrap_or(Duration::MAX))?;
            if has_ended {
                return Ok(true);
            }
            if says {
                self.read();
            }
            if left.is_some_and(|left| left.is_zero()) {
                return Ok(false);
            }
        }
    }

    /// Waits until something happens: whether the run has ended, and whether it says something.
    fn wait(&self, left: Duration) -> Result<[bool; 2]> {
        let ready = |fd| PollFd::new(fd, PollFlags::POLLIN);
        let mut fds = vec![ready(self.child.pidfd.as_fd())];
        fds.extend(self.is_open.then(|| ready(self.output.as_fd())));
        fds.extend(self.tracer.as_ref().map(|tracer| ready(tracer.fd())));
        // Rounded up: the last millisecond is not waited for in a circle.
        let left = left.saturating_add(Duration::from_millis(1));
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        match poll(&mut fds, timeout) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(Error::wait("poll", errno)),
        }
        let happened = |fd: Option<&PollFd>| {
            fd.is_some_and(|fd| fd.revents().is_some_and(|bits| !bits.is_empty()))
        };
        let says = self.is_open && happened(fds.get(1));
        Ok([happened(fds.first()), says])
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
