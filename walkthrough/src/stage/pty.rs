//! One shell on a pty of its own, read up to the mark in its prompt.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::fchown;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{Winsize, openpty};
use nix::sys::termios::{LocalFlags, OutputFlags, SetArg, tcgetattr, tcsetattr};

use crate::ground::enter::PROMPT_MARK;
use crate::ground::{Ground, GroundError, Who};

/// What a prompt said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// `$?`
    pub status: i32,
    /// The page's own shell, and not one that it has started.
    pub outer: bool,
}

/// A shell, and what it has printed since it was last asked something.
#[derive(Debug)]
pub struct Shell {
    /// Its process.
    pub pid: u32,
    master: File,
    /// Kept until the shell has opened it: a pty without a slave is at its end.
    slave: Option<OwnedFd>,
    introducer: Vec<u8>,
    raw: Vec<u8>,
    output: Vec<u8>,
    mark: Option<Mark>,
    closed: bool,
}

/// How much is read at a time.
const PART: usize = 64 << 10;
/// How much output is kept of one command: more is nothing that anybody reads. Its beginning
/// and its end stay.
const MOST: usize = 256 << 10;
/// What stands where something was left out.
const CUT: &[u8; 5] = b"\n...\n";

const SIZE: Winsize = Winsize {
    ws_row: 24,
    ws_col: 80,
    ws_xpixel: 0,
    ws_ypixel: 0,
};

impl Shell {
    /// Starts one, and waits for its first prompt.
    ///
    /// # Errors
    /// No pty, no shell, or a shell without a word for ten seconds.
    pub fn start(ground: &mut Ground, who: Who) -> Result<Self, GroundError> {
        let (master, slave, path) = open_pty(ground, true)
            .map_err(|error| GroundError::Guardian(format!("no pty: {error}")))?;
        let pid = ground.shell(who, &path)?;
        let introducer = format!("\x1b]{PROMPT_MARK};{};", ground.nonce).into_bytes();
        let (raw, output) = (Vec::new(), Vec::new());
        let mut shell = Self {
            pid,
            master,
            slave: Some(slave),
            introducer,
            raw,
            output,
            mark: None,
            closed: false,
        };
        let until = Instant::now() + Duration::from_secs(10);
        while shell.mark.is_none()
            && Instant::now() < until
            && crate::proc::is_alive(&pid.to_string())
        {
            wait(&[&shell], Duration::from_millis(100));
            shell.pump();
        }
        shell.slave = None;
        let said = shell.take_output();
        if shell.mark.is_none() {
            return Err(GroundError::Guardian(format!(
                "the shell did not start: {}",
                said.trim()
            )));
        }
        Ok(shell)
    }

    /// Types a line.
    pub fn send(&mut self, command: &str) {
        self.mark = None;
        self.write(format!("{command}\n").as_bytes());
    }

    /// Types bytes: `\x03` is Ctrl-C.
    pub fn write(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && !self.closed {
            match self.master.write(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    // A program that prints and does not read: make room.
                    self.pump();
                    let mut ready = [PollFd::new(self.master.as_fd(), PollFlags::POLLOUT)];
                    let _ = poll(&mut ready, PollTimeout::from(50_u16));
                }
                Err(_) => self.closed = true,
            }
        }
    }

    /// Reads what there is, without waiting; of a flood no more than a part at a time, so that
    /// whoever reads can also hear a key.
    pub fn pump(&mut self) {
        let mut chunk = [0; 4096];
        for _ in 0..PART / chunk.len() {
            match self.master.read(&mut chunk) {
                Ok(0) => self.closed = true,
                Ok(count) => {
                    self.raw.extend_from_slice(&chunk[..count]);
                    self.digest();
                    continue;
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                // EIO: nobody has the other side open any more, pty(7).
                Err(_) => self.closed = self.slave.is_none(),
            }
            break;
        }
        if self.output.len() > MOST {
            let end = self.output.len() - MOST / 2;
            drop(self.output.splice(MOST / 4..end, *CUT));
        }
    }

    /// Moves what is complete from the raw bytes: output, and marks.
    fn digest(&mut self) {
        while let Some(start) = find(&self.raw, &self.introducer) {
            let body = start + self.introducer.len();
            let Some(length) = self.raw[body..].iter().position(|byte| *byte == 7) else {
                break;
            };
            let text = String::from_utf8_lossy(&self.raw[body..body + length]).into_owned();
            self.output.extend(self.raw.drain(..start));
            self.raw.drain(..self.introducer.len() + length + 1);
            let (status, who) = text.split_once(';').unwrap_or((&text, ""));
            self.mark = Some(Mark {
                status: status.parse().unwrap_or(-1),
                outer: who == "outer",
            });
        }
        // What may be the beginning of a mark stays.
        let keep = self
            .raw
            .iter()
            .position(|byte| *byte == 0x1b)
            .unwrap_or(self.raw.len());
        let unfinished =
            self.raw.len() - keep < self.introducer.len() + 40 && !self.raw[keep..].contains(&7);
        let end = if unfinished { keep } else { self.raw.len() };
        self.output.extend(self.raw.drain(..end));
    }

    /// The prompt at which it waits now; none while a command runs.
    pub fn mark(&self) -> Option<Mark> {
        self.mark
    }

    /// Whether nobody is there any more.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// What was printed, without taking it.
    pub fn output(&self) -> String {
        clean(&self.output)
    }

    /// Takes what was printed.
    pub fn take_output(&mut self) -> String {
        clean(&std::mem::take(&mut self.output))
    }

    /// The process group in the foreground: tcgetpgrp(3).
    pub fn foreground(&self) -> Option<i32> {
        nix::unistd::tcgetpgrp(&self.master)
            .ok()
            .map(nix::unistd::Pid::as_raw)
            .filter(|pid| *pid > 0)
    }

    /// To poll on.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.master.as_fd()
    }
}

/// Waits until one of them has something to read.
pub fn wait(shells: &[&Shell], at_most: Duration) {
    let mut ready: Vec<_> = shells
        .iter()
        .map(|shell| PollFd::new(shell.fd(), PollFlags::POLLIN))
        .collect();
    let timeout = PollTimeout::try_from(at_most).unwrap_or(PollTimeout::MAX);
    let found = poll(&mut ready, timeout);
    // A pty that is at its end is always ready: do not spin on it.
    let hung_up = |fd: &PollFd<'_>| fd.revents().is_some_and(|what| what == PollFlags::POLLHUP);
    if found.is_ok() && ready.iter().any(hung_up) {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A pty that the learner may open; a quiet one echoes nothing and turns no new
/// line into two bytes.
///
/// # Errors
/// No pty, or no name for it.
pub fn open_pty(ground: &Ground, quiet: bool) -> std::io::Result<(File, OwnedFd, PathBuf)> {
    let pty = openpty(&SIZE, None)?;
    for fd in [pty.master.as_fd(), pty.slave.as_fd()] {
        fcntl(fd, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    }
    fcntl(
        &pty.master,
        FcntlArg::F_SETFL(OFlag::O_RDWR | OFlag::O_NONBLOCK),
    )?;
    if quiet {
        let mut settings = tcgetattr(&pty.slave)?;
        settings.local_flags.remove(LocalFlags::ECHO);
        settings.output_flags.remove(OutputFlags::ONLCR);
        tcsetattr(&pty.slave, SetArg::TCSANOW, &settings)?;
    }
    if ground.learner.other {
        fchown(&pty.slave, Some(ground.learner.uid), None)?;
    }
    let path = nix::unistd::ttyname(&pty.slave)?;
    Ok((File::from(pty.master), pty.slave, path))
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// Text as a reader sees it: without colours and carriage returns.
pub fn clean(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let (mut cleaned, mut chars) = (String::with_capacity(text.len()), text.chars().peekable());
    while let Some(c) = chars.next() {
        match c {
            '\x1b' if chars.peek() == Some(&'[') => {
                chars.next();
                for c in chars.by_ref() {
                    if ('@'..='~').contains(&c) {
                        break;
                    }
                }
            }
            '\x1b' if chars.peek() == Some(&']') => {
                for c in chars.by_ref() {
                    if c == '\x07' {
                        break;
                    }
                }
            }
            '\r' | '\x1b' | '\x07' => {}
            c => cleaned.push(c),
        }
    }
    cleaned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_changes_no_character() {
        assert_eq!(clean(b"\x1b[1;31mred\x1b[0m text\r\n"), "red text\n");
    }
}
