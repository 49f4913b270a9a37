//! Why a run could not be made, as its child says it.

use groundwork::kernel::CallError;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// What a child could not do before it became the program.
#[derive(Debug, Clone, thiserror::Error, Serialize, Deserialize)]
pub enum Refused {
    /// A part of the sandbox.
    #[error("cannot build {what} for the sandbox")]
    Sandbox {
        /// Which.
        what: String,
        /// The call.
        #[source]
        call: CallError,
    },
    /// stdin, stdout, stderr, the session.
    #[error("cannot set the program up")]
    Output(#[source] CallError),
    /// The sets.
    #[error("cannot give it these capabilities alone")]
    Limit(#[source] CallError),
    /// The sets, before a call was made.
    #[error("{0}")]
    Plan(String),
    /// The user.
    #[error("cannot become user {user}")]
    Become {
        /// UID:GID.
        user: String,
        /// The call.
        #[source]
        call: CallError,
    },
    /// execve(2): a run like others, that came to this end.
    #[error("cannot run {program}")]
    Exec {
        /// As it was named.
        program: String,
        /// The call.
        #[source]
        call: CallError,
    },
}

impl Refused {
    /// What [`run`](crate::run) could not do.
    pub(super) fn from_error(error: Error) -> Self {
        match error {
            Error::Capset(call) | Error::Bounding { call, .. } | Error::Ambient { call, .. } => {
                Refused::Limit(call)
            }
            Error::Become { user, call } => Refused::Become { user, call },
            other => Refused::Plan(other.to_string()),
        }
    }
}
