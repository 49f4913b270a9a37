//! How a command is told to end, and what has to be seen of that.

use groundwork::kernel::Signal;

use super::events::End;
use super::random::{code, pick};
use super::{Checked, Property};

/// Signals that end whoever has no handler for them, and leave no core file.
const DEADLY: [Signal; 4] = [
    Signal::SIGHUP,
    Signal::SIGKILL,
    Signal::SIGUSR1,
    Signal::SIGALRM,
];
/// What a shell adds to the number of a signal: exit(1p).
const BY_SIGNAL: i32 = 128;

/// An end of the witness.
#[derive(Debug, Clone)]
pub struct Ending {
    /// The order that leads to it.
    pub order: String,
    status: i32,
    why: String,
}

impl Ending {
    /// It ends by itself, with a random status.
    pub fn by_itself() -> Self {
        let status = code();
        Ending {
            order: format!("q{status}"),
            status: status.into(),
            why: String::new(),
        }
    }

    /// A random signal ends it. Whoever is the command ends by the signal as well; whoever
    /// waits for it ends with the status that a shell would give.
    pub fn by_signal() -> Self {
        let signal = pick(&DEADLY);
        let number = signal as i32;
        Ending {
            order: format!("k{number}"),
            status: BY_SIGNAL + number,
            why: format!(": {signal} ended the command"),
        }
    }

    /// The program's end has to show it.
    ///
    /// # Errors
    /// It does not.
    pub fn shows(&self, property: Property, end: End) -> Checked {
        let expected = format!("status {}{}", self.status, self.why);
        property.holds(in_a_shell(end) == self.status, expected, end.to_string())
    }
}

/// What a shell has in `$?`.
fn in_a_shell(end: End) -> i32 {
    match end {
        End::Status(status) => status,
        End::Signal(number) => BY_SIGNAL + number,
    }
}
