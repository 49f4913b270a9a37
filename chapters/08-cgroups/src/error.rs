//! What can fail, as sentences.

use std::path::PathBuf;

use groundwork::kernel::CallError;
use groundwork::process::{Exit, StartError};
use nix::errno::Errno;
use serde::{Deserialize, Serialize};

use crate::layout::Shape;

/// What this chapter's functions give.
pub type Result<T> = std::result::Result<T, Error>;

/// What failed.
#[derive(Debug, thiserror::Error, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Error {
    #[error("no cgroup file system is mounted")]
    NoHierarchy,
    #[error("there is no place where a group of ours could be made")]
    NoHome {
        shape: Shape,
        folders: Vec<PathBuf>,
        why: String,
        fix: Option<String>,
    },
    #[error("{text:?} is no name for a group: {why}")]
    BadName { text: String, why: String },
    #[error("{text:?} is no {what}: {why}")]
    BadLimit {
        what: String,
        text: String,
        why: String,
    },
    #[error("cannot limit {what} here: {why}")]
    Unsupported { what: String, why: String },
    #[error("{} is a plain folder, on no cgroup file system", .folder.display())]
    PlainFolder { folder: PathBuf },
    #[error("there is a group {name} already")]
    Exists { name: String },
    #[error("there is no group {name}")]
    Missing { name: String, groups: Vec<String> },
    #[error("cannot make the group {}", .folder.display())]
    Make {
        folder: PathBuf,
        #[source]
        call: CallError,
    },
    #[error("cannot {what}")]
    Write {
        what: String,
        #[source]
        call: CallError,
    },
    #[error("{name} is not empty: {}", listed(processes))]
    Busy {
        name: String,
        processes: Vec<(i32, String)>,
    },
    #[error("{name} has groups below it: {}", groups.join(", "))]
    Nested { name: String, groups: Vec<String> },
    #[error("cannot remove the group {}", .folder.display())]
    Remove {
        folder: PathBuf,
        #[source]
        call: CallError,
    },
    #[error("{name} did not become {state} within {seconds} s")]
    Slow {
        name: String,
        state: String,
        seconds: u64,
    },
    #[error("cannot make a child process")]
    Clone(#[source] CallError),
    #[error("the child ended before its program started: {exit}")]
    Ended { exit: Exit },
    #[error("the child used up its memory before its program started: {exit}")]
    OutOfMemory { exit: Exit, limit: String },
    #[error("cannot run {program}")]
    Exec {
        program: String,
        #[source]
        call: CallError,
    },
}

/// `4711 (sh), 4712 (sleep)`, and how many more.
fn listed(processes: &[(i32, String)]) -> String {
    const SHOWN: usize = 8;
    let one = |(pid, name): &(i32, String)| format!("{pid} ({name})");
    let mut words: Vec<_> = processes.iter().take(SHOWN).map(one).collect();
    if processes.len() > SHOWN {
        words.push(format!("and {} more", processes.len() - SHOWN));
    }
    words.join(", ")
}

impl Error {
    /// A child that did not start, in this chapter's words.
    pub(crate) fn from_start(error: StartError<Error>) -> Error {
        error.flatten(Error::Clone, |exit| Error::Ended { exit })
    }

    /// The exit status, as chroot(1) and Docker have it: 127 for a program that is not there,
    /// 126 for one that cannot be run, 125 for a failure of ours.
    pub fn status(&self) -> u8 {
        match self {
            Error::Exec { call, .. } if call.errno() == Errno::ENOENT => 127,
            Error::Exec { .. } => 126,
            _ => 125,
        }
    }
}
