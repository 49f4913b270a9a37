//! Waiting for callers, one after another, until a signal says that it is enough.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;

use super::{Server, page};
use crate::error::{Error, Result};

/// How long a caller may take to say what it wants: nobody else is served meanwhile.
const PATIENCE: Duration = Duration::from_secs(2);
/// How much it may say.
const LONGEST: usize = 8192;

/// A request that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET /`, or nothing that could be read.
    pub line: Option<String>,
    /// The status that it got.
    pub status: u16,
}

/// Why serving came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// One request was all that was asked for.
    Served,
    /// Somebody sent a signal.
    BySignal(Signal),
}

/// What happened first.
enum Event {
    Ready,
    Signal(Signal),
    TooLate,
}

impl Server {
    /// Answers callers, and tells of each, until a signal comes; or just one request.
    pub fn run(&self, once: bool, mut told: impl FnMut(&Request)) -> Result<Ended> {
        loop {
            match self.wait_for(&self.listener, None)? {
                Event::Signal(signal) => return Ok(Ended::BySignal(signal)),
                Event::TooLate => continue,
                Event::Ready => {}
            }
            // Who has hung up meanwhile is not our failure.
            let Ok((caller, _)) = self.listener.accept() else {
                continue;
            };
            match self.answer(caller)? {
                Answered::Request(request) => told(&request),
                Answered::Nothing => continue,
                Answered::Signal(signal) => return Ok(Ended::BySignal(signal)),
            }
            if once {
                return Ok(Ended::Served);
            }
        }
    }

    fn answer(&self, mut caller: TcpStream) -> Result<Answered> {
        let until = Instant::now() + PATIENCE;
        let mut request = Vec::new();
        while !is_whole(&request) && request.len() < LONGEST {
            match self.wait_for(&caller, Some(until))? {
                Event::Signal(signal) => return Ok(Answered::Signal(signal)),
                Event::TooLate => return Ok(Answered::Nothing),
                Event::Ready => {}
            }
            let mut part = [0; 1024];
            match caller.read(&mut part) {
                Ok(0) | Err(_) => break,
                Ok(count) => request.extend(&part[..count]),
            }
        }
        // A look whether anybody is there is no request.
        if request.is_empty() {
            return Ok(Answered::Nothing);
        }
        let line = page::first_line(&request).filter(|_| is_whole(&request));
        let answer = page::answer(self, line.as_ref());
        let is_head = line.as_ref().is_some_and(|(method, _)| method == "HEAD");
        let _ = caller.set_write_timeout(Some(PATIENCE));
        let _ = caller.write_all(&answer.bytes(is_head));
        hang_up(caller);
        Ok(Answered::Request(Request {
            line: line.map(|(method, target)| format!("{method} {target}")),
            status: answer.status,
        }))
    }

    fn wait_for(&self, what: impl AsFd, until: Option<Instant>) -> Result<Event> {
        loop {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            let timeout = match left {
                Some(left) if left.is_zero() => return Ok(Event::TooLate),
                Some(left) => PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX),
                None => PollTimeout::NONE,
            };
            let mut ready = [
                PollFd::new(self.signals.as_fd(), PollFlags::POLLIN),
                PollFd::new(what.as_fd(), PollFlags::POLLIN),
            ];
            match poll(&mut ready, timeout) {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(errno) => return Err(Error::wait("poll", errno)),
            }
            let happened = |at: usize| ready[at].revents().is_some_and(|bits| !bits.is_empty());
            if happened(0) {
                let info = self.signals.read_signal();
                let info = info.map_err(|errno| Error::wait("read", errno))?;
                let number = info.map_or(0, |info| info.ssi_signo as i32);
                let signal = Signal::try_from(number).unwrap_or(Signal::SIGTERM);
                return Ok(Event::Signal(signal));
            }
            if happened(1) {
                return Ok(Event::Ready);
            }
        }
    }
}

enum Answered {
    Request(Request),
    /// The caller said nothing in time.
    Nothing,
    Signal(Signal),
}

/// What was said and not read would make the kernel reset the connection, and the answer
/// would be lost with it.
fn hang_up(mut caller: TcpStream) {
    let _ = caller.shutdown(Shutdown::Write);
    let _ = caller.set_nonblocking(true);
    let mut unread = [0; 1024];
    while matches!(caller.read(&mut unread), Ok(1..)) {}
}

/// An empty line ends a request that has no body.
fn is_whole(request: &[u8]) -> bool {
    let ends = |end: &[u8]| request.windows(end.len()).any(|window| window == end);
    ends(b"\r\n\r\n") || ends(b"\n\n")
}
