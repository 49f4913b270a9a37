//! How a process ended.

use serde::{Deserialize, Serialize};

use crate::kernel::{self, Signal};
use crate::step;

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Exit {
    /// exit(3) with this status.
    Code(i32),
    /// A signal ended it.
    Signal(i32),
}

impl Exit {
    /// As a shell reports it: the status itself, or 128 + the signal's number.
    pub fn status(self) -> u8 {
        match self {
            Exit::Code(code) => code as u8,
            Exit::Signal(number) => 128 + number as u8,
        }
    }

    /// Ends this process by the signal that ended the child, so that our own parent sees
    /// what it would have seen without us in between; unshare(1) and nsenter(1) do so too.
    /// Comes back, with the status to exit with, if the child was not ended by a signal.
    pub fn imitate(self) -> u8 {
        if let Exit::Signal(number) = self {
            if let Ok(signal) = Signal::try_from(number) {
                step("End as the program did, by its signal");
                kernel::end_by_signal(signal);
            }
        }
        self.status()
    }
}

impl std::fmt::Display for Exit {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Exit::Code(code) => write!(out, "exit status {code}"),
            Exit::Signal(number) => match Signal::try_from(*number) {
                Ok(signal) => write!(out, "ended by {signal}"),
                Err(_) => write!(out, "ended by signal {number}"),
            },
        }
    }
}
