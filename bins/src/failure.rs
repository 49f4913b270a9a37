//! How the programs print an error: what failed, why on this machine, what to do.

use colored::Colorize;
use groundwork::error::{Advice, Diagnose, report};
use groundwork::host::{self, Facts};
use groundwork::kernel::{CallError, Errno};

/// Prints an error of a chapter to stderr, after probing for its reason.
pub fn print(error: &impl Diagnose) {
    // Calls that a probe makes are not part of the story.
    groundwork::narrate::silence();
    let advice = by_a_filter(error).or_else(|| error.diagnose());
    let text = report(error, advice.as_ref());
    if crate::explain::colour() {
        let text = text.replacen("error:", &"error:".red().bold().to_string(), 1);
        crate::result::aside(text.trim_end());
    } else {
        crate::result::aside(text.trim_end());
    }
}

/// What may stop any call of any era: a seccomp filter that somebody put around us. Asked
/// first, since the kernel refuses nothing that never reached it.
fn by_a_filter(error: &impl Diagnose) -> Option<Advice> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(call) = error.downcast_ref::<CallError>() {
            return host::refusing_filter(&Facts::here(), call);
        }
        cause = error.source();
    }
    None
}

/// The status for a program that was not started, as a shell has it: 127 if it is not there,
/// else 126.
pub(crate) fn exec_status(call: &CallError) -> u8 {
    match call.errno() {
        Errno::ENOENT => 127,
        _ => 126,
    }
}
