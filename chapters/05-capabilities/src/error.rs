//! What can go wrong in this chapter, and why it did on this machine.

use groundwork::error::{Advice, Diagnose};

use crate::set::Cap;

/// A failure of this chapter.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
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

/// What this chapter gives.
pub type Result<T> = std::result::Result<T, Error>;

impl Diagnose for Error {
    fn diagnose(&self) -> Option<Advice> {
        match self {
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
