//! How the programs print an error: what failed, why on this machine, what to do.

use colored::Colorize;
use groundwork::error::{Diagnose, report};
use groundwork::kernel::{CallError, Errno};

/// Prints an error of a chapter to stderr, after probing for its reason.
pub fn print(error: &impl Diagnose) {
    // Calls that a probe makes are not part of the story.
    groundwork::narrate::silence();
    let text = report(error, error.diagnose().as_ref());
    if crate::explain::colour() {
        let text = text.replacen("error:", &"error:".red().bold().to_string(), 1);
        eprint!("{text}");
    } else {
        eprint!("{text}");
    }
}

/// The status for a program that was not started, as a shell has it: 127 if it is not there,
/// else 126.
pub(crate) fn exec_status(call: &CallError) -> u8 {
    match call.errno() {
        Errno::ENOENT => 127,
        _ => 126,
    }
}
