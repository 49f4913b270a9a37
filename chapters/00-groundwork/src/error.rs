//! How a failure is told.
//!
//! ```text
//! error: cannot give the container its own users
//!   write("/proc/4711/uid_map", "0 1000 1") failed: EPERM (operation not permitted)
//!   why:  AppArmor on this Ubuntu lets a program make a user namespace, then takes its powers away
//!   fix:  era doctor --fix apparmor
//! ```
//!
//! A chapter's error enum says what was being done and keeps the call as its source. Why,
//! and what to do, is found by probing the machine, never guessed from the errno alone.

use std::fmt::Write;

/// Why something failed on this machine, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// The reason, as found by a probe: one sentence.
    pub why: String,
    /// One remedy, which weakens nothing else on the machine.
    pub fix: Option<String>,
}

impl Advice {
    /// A reason with its remedy.
    pub fn new(why: impl Into<String>, fix: impl Into<String>) -> Self {
        Advice {
            why: why.into(),
            fix: Some(fix.into()),
        }
    }

    /// A reason that nothing can be done about here.
    pub fn because(why: impl Into<String>) -> Self {
        Advice {
            why: why.into(),
            fix: None,
        }
    }
}

/// An error that can look at the machine and say why it happened.
pub trait Diagnose: std::error::Error {
    /// Probes for the reason. None if it is not known, or the message says it already.
    fn diagnose(&self) -> Option<Advice>;
}

/// The whole text of a failure, as the programs print it: what was being done, each
/// source on a line of its own, why, and the remedy.
pub fn report(error: &dyn std::error::Error, advice: Option<&Advice>) -> String {
    let mut text = format!("error: {error}\n");
    let mut source = error.source();
    while let Some(cause) = source {
        let _ = writeln!(text, "  {cause}");
        source = cause.source();
    }
    if let Some(advice) = advice {
        let _ = writeln!(text, "  why:  {}", advice.why);
        if let Some(fix) = &advice.fix {
            let _ = writeln!(text, "  fix:  {fix}");
        }
    }
    text
}

/// A path as a word that a shell reads as one: a remedy is there to be copied.
pub fn shell_word(path: &std::path::Path) -> String {
    let text = path.to_string_lossy();
    let plain = |letter: char| letter.is_alphanumeric() || "_./,:=+@%-".contains(letter);
    if !text.is_empty() && text.chars().all(plain) {
        return text.into_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::shell_word;
    use std::path::Path;

    #[test]
    fn a_path_with_blanks_or_quotes_stays_one_word() {
        assert_eq!(shell_word(Path::new("a/jail")), "a/jail");
        assert_eq!(shell_word(Path::new("my jail")), "'my jail'");
        assert_eq!(shell_word(Path::new("it's")), "'it'\\''s'");
        assert_eq!(shell_word(Path::new("")), "''");
    }
}
