//! Results go to stdout, and a result that did not get there is a failure: on a full disk
//! half a list must not pass for a whole one.

use std::io::{ErrorKind, Write, stdout};
use std::path::Path;

use groundwork::error::{Advice, Diagnose};
use groundwork::kernel::{CallError, Errno};

/// The result could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the result")]
struct Unwritten(#[source] CallError);

impl Diagnose for Unwritten {
    fn diagnose(&self) -> Option<Advice> {
        (self.0.errno() == Errno::ENOSPC).then(|| {
            Advice::new(
                "stdout goes to a file, and what that lies on is full",
                "make room there, or send it elsewhere",
            )
        })
    }
}

/// What became of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// All of it is written.
    Whole,
    /// The reader went away, such as head(1): it has seen enough.
    Closed,
    /// It could not be written, and that has been said; the exit status for it.
    Failed(u8),
}

/// Writes a part of a result, when more may follow.
pub(crate) fn show(text: &str, failed: u8) -> Shown {
    let end = if text.ends_with('\n') { "" } else { "\n" };
    let whole = format!("{text}{end}");
    let written = stdout()
        .write_all(whole.as_bytes())
        .and_then(|()| stdout().flush());
    match written {
        Ok(()) => Shown::Whole,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Shown::Closed,
        Err(error) => {
            let call = CallError::from_io("write", Path::new("/dev/stdout"), "write(2)", &error);
            crate::failure::print(&Unwritten(call));
            Shown::Failed(failed)
        }
    }
}

/// Writes a result and gives `status`, or `failed` if it could not be written.
pub fn print(text: &str, status: u8, failed: u8) -> u8 {
    match show(text, failed) {
        Shown::Whole | Shown::Closed => status,
        Shown::Failed(failed) => failed,
    }
}

/// Says something beside the result, on stderr. Who closed that does not want to hear it, and
/// the status of what ran is not lost for it.
pub(crate) fn aside(text: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
