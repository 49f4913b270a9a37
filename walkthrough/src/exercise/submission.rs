//! The file that a student hands in: answers, and what is claimed of them.
//!
//! It is JSON that a person can read: an answer is a list of its lines. Nothing in it is
//! proof. Its sum tells damage and careless hands; who wants to know has the answers judged
//! again (`era class report --recheck`).

use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What the first field says; the number goes up when older readers would go wrong.
pub const FORMAT: &str = "eras submission 1";

/// A file is no longer than this: it holds texts that people have typed.
pub const MOST: u64 = 8 << 20;

/// Everything that a student hands in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Submission {
    /// [`FORMAT`].
    pub format: String,
    /// The project's version.
    pub version: String,
    /// The student.
    pub name: String,
    /// When it was made.
    pub made: String,
    /// By number.
    pub exercises: Vec<Handed>,
    /// [`Submission::summed`].
    pub sum: String,
}

/// One exercise of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Handed {
    /// The permanent number.
    pub id: String,
    /// The title, for whoever reads the file.
    pub title: String,
    /// What came of the check of this very answer: [`Verdict::tag`](super::Verdict::tag).
    pub verdict: Option<String>,
    /// Checks that said wrong.
    pub tries: u32,
    /// Hints that were shown.
    pub hints: usize,
    /// When it was started.
    pub started: Option<String>,
    /// When this answer was checked.
    pub checked: Option<String>,
    /// When an answer first passed.
    pub since: Option<String>,
    /// Why there is no answer here.
    pub missing: Option<String>,
    /// The answer, line by line.
    pub answer: Option<Vec<String>>,
}

/// Why a text is no submission.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoSubmission {
    /// It cannot be read.
    #[error("it is damaged, or no submission: {0}")]
    Damaged(String),
    /// Another version has another form.
    #[error("it is a {0:?}, and this is for {FORMAT:?}")]
    Other(String),
}

impl Submission {
    /// One of now.
    pub fn new(name: String, exercises: Vec<Handed>) -> Self {
        let mut new = Submission {
            format: FORMAT.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            name,
            made: now(),
            exercises,
            sum: String::new(),
        };
        new.sum = new.summed();
        new
    }

    /// Reads one.
    ///
    /// # Errors
    /// It is none, or of another form.
    pub fn parse(text: &str) -> Result<Self, NoSubmission> {
        let damaged = |error: serde_json::Error| NoSubmission::Damaged(error.to_string());
        let value: serde_json::Value = serde_json::from_str(text).map_err(damaged)?;
        match value["format"].as_str() {
            Some(FORMAT) => serde_json::from_str(text).map_err(damaged),
            Some(other) if other.starts_with("eras submission") => {
                Err(NoSubmission::Other(other.to_owned()))
            }
            _ => Err(NoSubmission::Damaged("it does not say so".to_owned())),
        }
    }

    /// As a file.
    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).expect("plain data") + "\n"
    }

    /// The fingerprint of all but the sum itself.
    pub fn summed(&self) -> String {
        let bare = Submission {
            sum: String::new(),
            ..self.clone()
        };
        fingerprint(&bare.text())
    }
}

/// An answer as its lines; [`whole`] puts them together again, to the byte.
pub fn lines(answer: &str) -> Vec<String> {
    answer.split('\n').map(str::to_owned).collect()
}

/// An answer from its lines.
pub fn whole(lines: &[String]) -> String {
    lines.join("\n")
}

/// A text in 64 digits: SHA-256.
pub fn fingerprint(text: &str) -> String {
    let sum = Sha256::digest(text);
    sum.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Now, as RFC 3339 has it.
pub fn now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one() -> Submission {
        let handed = Handed {
            id: "04.2".to_owned(),
            verdict: Some("passed".to_owned()),
            answer: Some(lines("fn main() {}\r\n\n// Füße")),
            ..Handed::default()
        };
        Submission::new("Alice".to_owned(), vec![handed])
    }

    #[test]
    fn what_is_written_is_what_is_read_to_the_byte() {
        let one = one();
        let read = Submission::parse(&one.text()).unwrap();
        assert_eq!(read, one);
        assert_eq!(read.sum, read.summed());
        let answer = read.exercises[0].answer.as_ref().unwrap();
        assert_eq!(whole(answer), "fn main() {}\r\n\n// Füße");
    }

    #[test]
    fn a_change_of_any_field_is_seen_by_its_sum() {
        for (from, to) in [
            ("passed", "wrong"),
            ("Alice", "Alicf"),
            ("\"tries\": 0", "\"tries\": 1"),
        ] {
            let text = one().text().replacen(from, to, 1);
            let read = Submission::parse(&text).unwrap();
            assert_ne!(read.sum, read.summed(), "{from}");
        }
    }

    #[test]
    fn what_is_none_is_refused_with_a_reason() {
        let whole = one().text();
        for end in (0..whole.len() - 2).filter(|end| whole.is_char_boundary(*end)) {
            assert!(Submission::parse(&whole[..end]).is_err(), "{end}");
        }
        let other = whole.replacen(FORMAT, "eras submission 9", 1);
        assert!(matches!(
            Submission::parse(&other),
            Err(NoSubmission::Other(_))
        ));
        let deep = "[".repeat(100_000);
        assert!(Submission::parse(&deep).is_err());
    }
}
