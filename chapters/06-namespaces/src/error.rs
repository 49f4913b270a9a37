//! What can fail, as sentences. Why it failed on this machine: [`diagnose`](crate::diagnose).

use std::io;
use std::path::{Path, PathBuf};

use groundwork::kernel::CallError;
use groundwork::process::{Exit, StartError};
use nix::errno::Errno;
use serde::{Deserialize, Serialize};

use crate::kinds::{Kind, listed};

/// What this chapter's functions give.
pub type Result<T> = std::result::Result<T, Error>;

/// What failed.
#[derive(Debug, thiserror::Error, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Error {
    #[error("cannot make the new {}", listed(kinds))]
    Unshare {
        kinds: Vec<Kind>,
        #[source]
        call: CallError,
    },
    #[error("cannot make a child process")]
    Clone(#[source] CallError),
    #[error("cannot map {ids} into the user namespace")]
    WriteMap {
        ids: String,
        #[source]
        call: CallError,
    },
    #[error("cannot say whether setgroups is allowed in the user namespace")]
    Setgroups(#[source] CallError),
    #[error("{program} did not write the map: {exit}")]
    Helper {
        program: String,
        uid: u32,
        gid: u32,
        first: u32,
        count: u32,
        exit: Exit,
    },
    #[error("{text:?} is no map: {why}")]
    BadRange { text: String, why: String },
    #[error("{text:?} is no {ids}: it wants a number from 0 to 4294967295, or a name")]
    BadId { ids: String, text: String },
    #[error("user {uid} has no name, and further ids are given by name")]
    NoSuchUser { uid: u32 },
    #[error("{user} owns no further ids in {file}")]
    NoFurtherIds { user: String, file: String },
    #[error("cannot keep the {kind} namespace in {}", .file.display())]
    Keep {
        kind: Kind,
        file: PathBuf,
        #[source]
        call: CallError,
    },
    #[error("cannot shift a clock by {seconds} s")]
    Clock {
        seconds: i64,
        #[source]
        call: CallError,
    },
    #[error("cannot ask to end with the parent")]
    DiesWithParent(#[source] CallError),
    #[error("cannot name the machine")]
    Hostname(#[source] CallError),
    #[error("cannot say what the mounts share")]
    Propagation(#[source] CallError),
    #[error("cannot change the root directory to {}", .dir.display())]
    Root {
        dir: PathBuf,
        #[source]
        call: CallError,
    },
    #[error("cannot make {} the root of the mount namespace", .new_root.display())]
    Pivot {
        new_root: PathBuf,
        #[source]
        call: CallError,
    },
    #[error("cannot go to {}", .dir.display())]
    Directory {
        dir: PathBuf,
        #[source]
        call: CallError,
    },
    #[error("cannot mount a new /proc at {}", .at.display())]
    MountProc {
        at: PathBuf,
        #[source]
        call: CallError,
    },
    #[error("cannot change user or group")]
    Identity(#[source] CallError),
    #[error("cannot hand the capabilities on")]
    Capabilities(#[source] CallError),
    #[error("cannot run {program}")]
    Exec {
        program: String,
        #[source]
        call: CallError,
    },
    #[error("{what} wants to know of which process: --target PID")]
    NoTarget { what: String },
    #[error("cannot reach process {pid}")]
    Target {
        pid: i32,
        #[source]
        call: CallError,
    },
    #[error("cannot open the {kind} namespace {}", .path.display())]
    OpenNamespace {
        kind: Kind,
        path: PathBuf,
        #[source]
        call: CallError,
    },
    #[error("cannot enter the {}", listed(kinds))]
    Enter {
        kinds: Vec<Kind>,
        pid: Option<i32>,
        #[source]
        call: CallError,
    },
    #[error("cannot change to the directory")]
    EnterDirectory(#[source] CallError),
    #[error("the child ended before its program started: {exit}")]
    Ended { exit: Exit },
    #[error("cannot read {}", .path.display())]
    Read {
        path: PathBuf,
        #[source]
        call: CallError,
    },
}

impl Error {
    /// A child that did not start, in this chapter's words.
    pub(crate) fn from_start(error: StartError<Error>) -> Error {
        error.flatten(Error::Clone, |exit| Error::Ended { exit })
    }

    /// A file that std could not read.
    pub(crate) fn from_io(path: impl AsRef<Path>, error: &io::Error) -> Error {
        let path = path.as_ref();
        Error::Read {
            path: path.to_owned(),
            call: CallError::from_io("open", path, "open(2)", error),
        }
    }

    /// The exit status that unshare(1) and nsenter(1) have for it: 127 for a program that is
    /// not there, 126 for one that cannot be run, a helper's own, else 1.
    pub fn status(&self) -> u8 {
        match self {
            Error::Exec { call, .. } if call.errno() == Errno::ENOENT => 127,
            Error::Exec { .. } => 126,
            Error::Helper { exit, .. } | Error::Ended { exit } => exit.status(),
            _ => 1,
        }
    }
}
