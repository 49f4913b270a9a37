//! What comes out of it.

use std::path::PathBuf;
use std::time::Duration;

use super::{Outcome, Refusal, Sandbox};
use crate::set::{Cap, CapSet};

/// The answer.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// These are enough, and none of them can be left out.
    Needs(CapSet, Vec<Without>),
    /// It fails with every capability that could be given to it; and the last call that was
    /// refused to it, if one was seen.
    FailsWithAll(Outcome, Option<Refusal>),
    /// It succeeded once and failed once with the same ones.
    Random(CapSet, Outcome),
}

/// What is missing if one is left out.
#[derive(Debug, Clone)]
pub struct Without {
    /// The one.
    pub cap: Cap,
    /// How the program failed.
    pub outcome: Outcome,
    /// The last call that was refused to it then and not otherwise, if one was seen.
    pub refused: Option<Refusal>,
    /// What can stand in its place: each of these sets.
    pub instead: Vec<CapSet>,
}

/// What the runs were like.
#[derive(Debug, Clone)]
pub struct Setting {
    /// How each was shut in; None in place.
    pub sandbox: Option<Sandbox>,
    /// Who we are outside of the user namespace that was made for it, if one was.
    pub outside: Option<u32>,
    /// Whom the program ran as.
    pub uid: u32,
    /// What could be given to it.
    pub given: CapSet,
    /// What we have, and never gave.
    pub withheld: CapSet,
    /// What could only be read in the sandbox, but for the kernel's own folders.
    pub read_only: Vec<PathBuf>,
    /// How often it ran.
    pub runs: u32,
    /// How long it all took.
    pub took: Duration,
}
