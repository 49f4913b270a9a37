//! What can be wrong with a profile, or with a filter.

use std::path::PathBuf;

use groundwork::error::{Advice, Diagnose};
use groundwork::kernel::CallError;
use groundwork::process::{Exit, StartError};

use crate::action::Action;
use crate::arch::Arch;
use crate::diagnose;
use crate::filter::MAX_INSTRUCTIONS;
use crate::install::Refused;

/// A failure of this chapter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not JSON, or not of the form that a profile has.
    #[error("the profile is not the JSON of a seccomp profile: {0}")]
    Json(String),
    /// A file that cannot be a profile, since none is as long.
    #[error("{path:?} is no profile: it has more than 16 MiB")]
    LongProfile {
        /// Which.
        path: PathBuf,
    },
    /// What is wrong with a profile that was read from a file.
    #[error("{path:?}: {error}")]
    InFile {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        error: Box<Error>,
    },
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
    /// A profile that cannot be read.
    #[error("cannot read the profile {path:?}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The call that was refused.
        #[source]
        call: CallError,
    },
    /// A result that cannot be written.
    #[error("cannot write {path:?}")]
    Write {
        /// The file.
        path: PathBuf,
        /// The call that was refused.
        #[source]
        call: CallError,
    },
    /// A call with two answers.
    #[error("{call} is named twice")]
    TwiceNamed {
        /// Its name.
        call: String,
    },
    /// A compiled filter, where rules are wanted.
    #[error("a compiled filter has no rules any more that could be changed")]
    Compiled,
    /// An engine's own profile that this machine does not have.
    #[error("this machine does not have the profile of {engine}")]
    NoEngineProfile {
        /// Docker or Podman.
        engine: &'static str,
        /// Where it was looked for.
        looked: Vec<&'static str>,
    },
    /// PR_SET_SECCOMP.
    #[error("cannot enter strict mode")]
    Strict(#[source] CallError),
    /// A verdict that this kernel does not give, or does not speak about.
    #[error("the filter needs the verdict {action}, and cannot have it here")]
    Unavailable {
        /// Its name in linux/seccomp.h.
        action: &'static str,
        /// The call that said so.
        #[source]
        call: CallError,
    },
    /// A filter behind which the program could not be started.
    #[error("behind this filter {program} cannot start: execve gets {action}")]
    ForbidsExec {
        /// As it was named.
        program: String,
        /// The filter's verdict.
        action: Action,
    },
    /// Calls are left to a supervisor, and there is none.
    #[error("this filter leaves calls to a supervisor, and there is none")]
    NoSupervisor,
    /// A call by which the supervisor itself is set up.
    #[error("{call} cannot be supervised")]
    Unsupervisable {
        /// Its name.
        call: &'static str,
    },
    /// What went wrong on the way to the program.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// clone3(2).
    #[error("cannot make a child process")]
    Clone(#[source] CallError),
    /// The child is gone, and nobody said why.
    #[error("the child ended before its program started: {exit}")]
    Ended {
        /// How.
        exit: Exit,
    },
    /// The listener did not come.
    #[error("cannot take the listener over from the child")]
    HandOver(#[source] CallError),
    /// An ioctl of the listener.
    #[error("cannot decide a call")]
    Supervise(#[source] CallError),
    /// PTRACE_SEIZE.
    #[error("cannot trace the program")]
    Trace(#[source] CallError),
    /// It ended, and the kernel did not say how.
    #[error("cannot say how the program ended")]
    Lost,
}

impl Error {
    /// A child that did not start, in this chapter's words.
    pub(crate) fn from_start(error: StartError<Refused>) -> Error {
        match error {
            StartError::Clone(call) => Error::Clone(call),
            StartError::Prepare(refused) | StartError::Child(refused) => refused.into(),
            StartError::Silent(exit) => Error::Ended { exit },
        }
    }
}

/// The result of this chapter's functions.
pub type Result<T> = std::result::Result<T, Error>;

impl Diagnose for Error {
    fn diagnose(&self) -> Option<Advice> {
        match self {
            Error::InFile { error, .. } => error.diagnose(),
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
            other => diagnose::of_running(other),
        }
    }
}
