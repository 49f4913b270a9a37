//! What can be wrong with a profile, or with a filter.

use groundwork::error::{Advice, Diagnose};

use crate::arch::Arch;
use crate::filter::MAX_INSTRUCTIONS;

/// A failure of this chapter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not JSON, or not of the form that a profile has.
    #[error("the profile is not the JSON of a seccomp profile: {0}")]
    Json(String),
    /// A value of a profile in JSON that cannot be kept.
    #[error("{path} of the profile: {what}")]
    Value {
        /// Where: `syscalls[3].args[0].op`.
        path: String,
        /// What is wrong with it.
        what: String,
        /// What may have been meant.
        like: Option<String>,
    },
    /// A line of a profile in LXC's form that cannot be kept.
    #[error("line {line} of the profile: {what}")]
    Line {
        /// Which, from 1.
        line: usize,
        /// What is wrong with it.
        what: String,
        /// What may have been meant.
        like: Option<String>,
    },
    /// A name that is no call's.
    #[error("{arch} has no system call {name:?}")]
    UnknownCall {
        /// As it was typed.
        name: String,
        /// Where it was looked for.
        arch: Arch,
        /// A call whose name is alike.
        like: Option<&'static str>,
    },
    /// A profile for no architecture.
    #[error("the profile is for no architecture that we have a table of calls for")]
    NoArch,
    /// A condition on an argument that no call has.
    #[error("a rule for {call} compares argument {index}; a call has arguments 0 to 5")]
    NoArgument {
        /// Of which call.
        call: String,
        /// Which argument.
        index: u8,
    },
    /// Two conditions on one argument.
    #[error("a rule for {call} compares argument {index} twice")]
    TwiceCompared {
        /// Of which call.
        call: String,
        /// Which argument.
        index: u8,
    },
    /// Longer than the kernel takes.
    #[error(
        "the profile makes a filter of {length} instructions; the kernel takes {MAX_INSTRUCTIONS}"
    )]
    TooLong {
        /// How many.
        length: usize,
    },
    /// Conditions that take more questions than a filter can hold.
    #[error("the conditions of {call} take more than {MAX_INSTRUCTIONS} comparisons")]
    TooManyQuestions {
        /// Of which call.
        call: String,
    },
    /// Bytes that are no filter the kernel would take.
    #[error("this is no seccomp filter: {0}")]
    NoFilter(String),
}

/// The result of this chapter's functions.
pub type Result<T> = std::result::Result<T, Error>;

impl Diagnose for Error {
    fn diagnose(&self) -> Option<Advice> {
        match self {
            Error::Value {
                like: Some(like), ..
            }
            | Error::Line {
                like: Some(like), ..
            } => Some(Advice::new(
                "no such word is known there",
                format!("is it {like}?"),
            )),
            Error::UnknownCall {
                like: Some(like), ..
            } => Some(Advice::new(
                "a rule for it would be void",
                format!("is it {like}?"),
            )),
            Error::TwiceCompared { .. } => Some(Advice::new(
                "the conditions of a rule hold together, one for each argument",
                "write two rules, of which one is enough; or one condition with a mask",
            )),
            Error::TooLong { .. } | Error::TooManyQuestions { .. } => Some(Advice::new(
                "BPF_MAXINSNS of linux/bpf_common.h is the most that seccomp(2) takes",
                "use fewer conditions on arguments, or two filters, one after the other",
            )),
            _ => None,
        }
    }
}
