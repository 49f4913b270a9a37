//! How the programs print an error: what failed, why on this machine, what to do.

use colored::Colorize;
use groundwork::error::{Diagnose, report};

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
