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

use std::ffi::OsStr;
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

/// A path or name as a shell reads it back, for a remedy that is a command: quoted if it has
/// to be, and `$'…'`, as bash(1) has it, for what cannot be seen.
pub fn shell_word(text: impl AsRef<OsStr>) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_./,:=@%+-".contains(byte);
    let text = text.as_ref();
    let bytes = text.as_encoded_bytes();
    match text.to_str() {
        Some(text) if !text.is_empty() && bytes.iter().all(plain) => text.to_owned(),
        Some(text) if !text.contains(char::is_control) => {
            format!("'{}'", text.replace('\'', r"'\''"))
        }
        _ => format!("$'{}'", bytes.escape_ascii()),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn a_shell_reads_back_what_a_remedy_names() {
        let words = [
            "jail", "my jail", "it's", "a\nb", "", "$HOME", "a\\b\nc", "Füße", "q'\n",
        ];
        let words = words.iter().map(OsStr::new);
        let words: Vec<_> = words.chain([OsStr::from_bytes(b"bad\xff")]).collect();
        for word in words {
            let script = format!("printf %s {}", shell_word(word));
            let mut bash = std::process::Command::new("bash");
            let read = bash.args(["-c", &script]).output().unwrap().stdout;
            assert_eq!(read, word.as_bytes(), "{script}");
        }
        assert_eq!(shell_word("/tmp/jail"), "/tmp/jail");
    }
}
