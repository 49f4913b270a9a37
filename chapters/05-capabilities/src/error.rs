//! What can go wrong in this chapter, and why it did on this machine.

use std::net::SocketAddr;
use std::path::Path;

use groundwork::error::{Advice, Diagnose};
use groundwork::kernel::{CallError, Errno};

use crate::serve;
use crate::set::Cap;

/// A failure of this chapter.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The sets of this process cannot be read.
    #[error("cannot read what this process may do")]
    Sets(#[source] CallError),
    /// What is permitted could not be made effective, or back.
    #[error("cannot switch cap_net_bind_service on")]
    Raise(#[source] CallError),
    /// The port could not be taken.
    #[error("cannot serve a page on {address}")]
    Port {
        /// Where.
        address: SocketAddr,
        /// The call that was refused.
        #[source]
        call: CallError,
    },
    /// Nothing can be waited for.
    #[error("cannot wait for what happens next")]
    Wait(#[source] CallError),
    /// No capability is called so.
    #[error("there is no capability {name:?}")]
    UnknownName {
        /// As it was written.
        name: String,
        /// What may have been meant.
        near: Option<Cap>,
    },
    /// A number above the last that the kernel knows.
    #[error("there is no capability {number}: the last that this kernel knows is {}, {last}", last.number())]
    BeyondLast {
        /// As it was written.
        number: String,
        /// The youngest of this kernel.
        last: Cap,
    },
}

impl Error {
    /// A call that only waits or reads failed.
    pub(crate) fn wait(call: &str, errno: Errno) -> Self {
        let error = std::io::Error::from(errno);
        let man = format!("{call}(2)");
        Error::Wait(CallError::from_io(call, Path::new(""), &man, &error))
    }
}

/// What this chapter gives.
pub type Result<T> = std::result::Result<T, Error>;

impl Diagnose for Error {
    fn diagnose(&self) -> Option<Advice> {
        match self {
            Error::Raise(_) => serve::why::raise(),
            Error::Port { address, call } => serve::why::port(*address, call),
            Error::Sets(_) | Error::Wait(_) => None,
            Error::UnknownName { near, .. } => Some(match near {
                Some(near) => Advice::new("no name is written like this", format!("{near}")),
                None => Advice::new(
                    "names are those of capabilities(7), with or without cap_",
                    "era-caps about   lists them",
                ),
            }),
            Error::BeyondLast { .. } => None,
        }
    }
}
