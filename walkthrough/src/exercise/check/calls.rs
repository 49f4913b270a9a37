//! Calls that the witness makes for a check, by their numbers, and what comes of them.

use std::fmt;

use groundwork::kernel;
use nix::libc;
use seccomp::action::errno_name;

use super::Checked;
use super::events::{End, Event};
use super::run::Run;
use super::witness::Witness;

/// How a call is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// By the machine's own instruction.
    Native,
    /// By `int 0x80`, with the numbers of 32-bit programs: on x86-64 alone.
    Interrupt,
}

/// A call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// How it is made.
    pub way: Way,
    /// Its number.
    pub number: u32,
    /// Its arguments.
    pub arguments: [u64; 6],
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// This result; an error is negative.
    Result(i64),
    /// The process was ended by it.
    Ended(End),
}

impl Outcome {
    /// The error with this number.
    pub fn error(number: u16) -> Self {
        Outcome::Result(-i64::from(number))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Result(result @ -4095..=-1) => {
                let number = -result as u16;
                write!(out, "it fails with error {number} ({})", errno_name(number))
            }
            Outcome::Result(result) => write!(out, "it gives {result}"),
            Outcome::Ended(end) => write!(out, "the command is no more: {end}"),
        }
    }
}

/// What the witness has of a call, in words: the way, the number, six arguments, the result.
const WORD: usize = size_of::<u64>();
const RESULT: usize = 8;

impl Call {
    /// A call by the machine's own instruction.
    pub fn native(number: u32, arguments: [u64; 6]) -> Self {
        Call {
            way: Way::Native,
            number,
            arguments,
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let head = [self.way as u64, self.number.into()];
        let words = head.iter().chain(&self.arguments);
        words.flat_map(|word| word.to_ne_bytes()).collect()
    }
}

impl Run {
    /// Lets the witness make calls, one after another. The one that ends it is the last.
    ///
    /// # Errors
    /// It does not come to an end.
    pub fn outcomes(&mut self, witness: Witness, calls: &[Call]) -> Checked<Vec<Outcome>> {
        self.order(witness, "a")?;
        let word = |place: usize| -> Checked<u64> {
            let bytes = kernel::trace_read(witness.pid, place, WORD)?;
            Ok(u64::from_ne_bytes(bytes.try_into().expect("a word")))
        };
        let place = word(witness.argument_place()?)? as usize;
        let mut outcomes = Vec::new();
        for call in calls {
            kernel::trace_write(witness.pid, place, &call.bytes())?;
            self.send(witness, "i")?;
            if let Some(end) = self.stop_or_end(witness)? {
                outcomes.push(Outcome::Ended(end));
                break;
            }
            outcomes.push(Outcome::Result(word(place + RESULT * WORD)? as i64));
        }
        Ok(outcomes)
    }

    /// Waits until the witness has done what it was ordered; or how it ended instead.
    fn stop_or_end(&mut self, witness: Witness) -> Checked<Option<End>> {
        loop {
            match self.step()? {
                Event::Stops(pid, libc::SIGTRAP) if pid == witness.pid => return Ok(None),
                Event::Gone if self.gone.contains_key(&witness.pid) => break,
                _ => {}
            }
        }
        Ok(self.gone.get(&witness.pid).copied())
    }
}

/// Calls that every machine has and that change nothing, by their names: what they are told
/// is either a question or nonsense, and what they answer is the same each time.
const HARMLESS: &[(&str, [u64; 3])] = &[
    ("capget", [0, 0, 0]),
    ("epoll_create1", [0xffff, 0, 0]),
    ("eventfd2", [0, 0xffff, 0]),
    ("fchdir", [NO_FILE, 0, 0]),
    ("flock", [NO_FILE, 0, 0]),
    ("fsync", [NO_FILE, 0, 0]),
    ("getegid", [0, 0, 0]),
    ("geteuid", [0, 0, 0]),
    ("getgid", [0, 0, 0]),
    ("getitimer", [99, 0, 0]),
    ("getpriority", [0, 0, 0]),
    ("getrusage", [99, 0, 0]),
    ("getuid", [0, 0, 0]),
    ("inotify_init1", [0xffff, 0, 0]),
    ("memfd_create", [0, 0, 0]),
    ("mkdirat", [NO_FILE, 0, 0]),
    ("mlock2", [0, 0, 0xffff]),
    ("msync", [1, 1, 4]),
    ("personality", [0xffff_ffff, 0, 0]),
    ("renameat2", [NO_FILE, 0, NO_FILE]),
    ("sched_get_priority_max", [99, 0, 0]),
    ("sched_getscheduler", [0, 0, 0]),
    ("sched_yield", [0, 0, 0]),
    ("setpriority", [99, 0, 0]),
    ("syncfs", [NO_FILE, 0, 0]),
    ("sysinfo", [0, 0, 0]),
    ("timerfd_create", [99, 0, 0]),
    ("times", [1, 0, 0]),
    ("umask", [0o22, 0, 0]),
    ("uname", [0, 0, 0]),
    ("unlinkat", [NO_FILE, 0, 0]),
];
const NO_FILE: u64 = u64::MAX;

/// Calls that change nothing, with their names, by their numbers on this machine; the lowest
/// and the highest of them at the ends.
pub fn harmless() -> Vec<(&'static str, Call)> {
    let native = |name| seccomp::calls::number(seccomp::Arch::native(), name);
    let calls = HARMLESS.iter().filter_map(|(name, [a, b, c])| {
        Some((*name, Call::native(native(name)?, [*a, *b, *c, 0, 0, 0])))
    });
    let mut calls: Vec<_> = calls.collect();
    calls.sort_by_key(|(_, call)| call.number);
    calls
}
