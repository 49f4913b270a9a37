//! What the check of an exercise is written with.
//!
//! A check builds a [`Scene`] (what lies in `/box`, which commands run), lets it run in a
//! cell, waits for the [`Witness`], reads about it in /proc from outside, gives it its last
//! order, and looks how the answer ended. What has to hold is a [`Property`].
//!
//! # Layout
//!
//! - [`scene`]: what is laid out for an answer.
//! - [`groups`]: control groups for an answer.
//! - [`cell`]: the namespaces in which it runs, furnished and thrown away.
//! - [`maps`]: which ids there are in a cell.
//! - [`targets`]: processes for an answer to look at.
//! - [`powers`]: capabilities, with which an answer starts and with which it makes its calls.
//! - [`run`]: a cell at work; [`events`]: what happens there; [`sight`]: what is seen of it.
//! - [`ending`]: how a command is told to end.
//! - [`orders`]: what the witness is told; [`pace`]: who goes on when.
//! - `hidden`: who hides from the tracer.
//! - [`witness`]: what /proc says of a process in it.
//! - [`calls`]: what comes of calls that the witness makes; [`filters`]: those before them.
//! - [`random`]: names and numbers that nobody can know before.

pub mod calls;
pub mod cell;
pub mod ending;
pub mod events;
pub mod filters;
pub mod groups;
mod hidden;
pub mod maps;
pub mod orders;
pub mod pace;
pub mod powers;
pub mod random;
pub mod run;
pub mod scene;
pub mod sight;
pub mod targets;
pub mod witness;

use std::path::PathBuf;

pub use calls::{Call, Outcome, Way, harmless};
pub use cell::{Command, Who};
pub use ending::Ending;
pub use events::End;
pub use filters::Stack;
pub use groups::Group;
pub use powers::AtCall;
pub use random::{code, number, numbers, pick, word};
pub use run::Run;
pub use scene::{Place, Scene, command};
pub use targets::Target;
pub use witness::{Inode, Witness};

use super::Feedback;

/// What a check comes to.
pub type Checked<T = ()> = Result<T, Refusal>;

/// Why an answer did not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It is wrong.
    Wrong(Feedback),
    /// The check could not be done on this machine.
    Undone(String),
}

impl From<std::io::Error> for Refusal {
    fn from(error: std::io::Error) -> Self {
        Refusal::Undone(error.to_string())
    }
}

impl From<groundwork::kernel::CallError> for Refusal {
    fn from(error: groundwork::kernel::CallError) -> Self {
        Refusal::Undone(error.to_string())
    }
}

impl From<nix::Error> for Refusal {
    fn from(error: nix::Error) -> Self {
        Refusal::Undone(error.to_string())
    }
}

/// Something that has to hold.
#[derive(Debug, Clone, Copy)]
pub struct Property {
    /// A sentence.
    pub is: &'static str,
    /// Where to look if it does not hold.
    pub look: &'static str,
}

impl Property {
    /// Refuses the answer unless it holds.
    ///
    /// # Errors
    /// It does not.
    pub fn holds(
        &self,
        holds: bool,
        expected: impl Into<String>,
        observed: impl Into<String>,
    ) -> Checked {
        if holds {
            return Ok(());
        }
        Err(self.broken(expected, observed))
    }

    /// What is said when it does not hold.
    pub fn broken(&self, expected: impl Into<String>, observed: impl Into<String>) -> Refusal {
        Refusal::Wrong(Feedback {
            property: self.is.to_owned(),
            expected: expected.into(),
            observed: observed.into(),
            look: self.look.to_owned(),
        })
    }

    /// Two values have to be the same.
    ///
    /// # Errors
    /// They are not.
    pub fn same<T: PartialEq + std::fmt::Display>(&self, expected: &T, observed: &T) -> Checked {
        self.holds(
            expected == observed,
            expected.to_string(),
            observed.to_string(),
        )
    }
}

/// Where a check finds what it needs.
#[derive(Debug)]
pub struct Judge {
    /// The ground's folder.
    pub folder: PathBuf,
    /// The answer: a program, or a script.
    pub answer: PathBuf,
    /// Who the learner is outside.
    pub learner: (u32, u32),
    /// Whether the answer is a shell script.
    pub script: bool,
    /// Scenes so far.
    pub(super) scenes: u32,
}
