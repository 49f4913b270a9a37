//! What this machine allows, found out by trying it.
//!
//! A setting says what somebody intended; only the call says what the kernel does. So each
//! probe makes the calls that the pages will make, in a child that is thrown away, and
//! learns at which of them it is stopped. Only then does it read settings, to say why.
//!
//! # Layout
//!
//! - [`PROBES`]: every probe by the name that pages use in `needs=` and `if=`.
//! - [`facts`](Facts): where a probe looks: this machine, or one that was recorded.
//! - [`Hierarchy`]: which trees of control groups are mounted.
//! - `child`: the child in which a thing is tried.
//! - `reasons`: why a call was refused, by what the machine says of itself.
//! - The probes, a file for each concern: `users`, `spaces`, `mounts`, `groups`, `filter`,
//!   `guest`, `machine`, `network`, `folder`, `tools`, `place`.

use serde::Serialize;

use crate::error::Advice;
use crate::kernel::CallError;

mod child;
mod facts;
mod filter;
mod folder;
mod groups;
mod guest;
mod hierarchies;
mod machine;
mod mounts;
mod network;
mod peers;
mod place;
mod reasons;
mod spaces;
mod table;
mod tools;
mod users;

pub use child::Stopped;
pub use facts::Facts;
pub use groups::{DELEGATED_SCOPE, systemd_gives_a_group};
pub use hierarchies::{Hierarchy, Version};
pub use machine::{EMULATOR, GuestKernel, KERNEL_PACKAGE, KERNEL_VARIABLE, NoGuestKernel};

/// What came of a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It was tried, and it works.
    Works,
    /// It is there, and somebody refuses it to us.
    Refused,
    /// This machine does not have it.
    Absent,
    /// It could not be tried.
    Unknown,
}

impl std::fmt::Display for State {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.pad(match self {
            State::Works => "works",
            State::Refused => "refused",
            State::Absent => "absent",
            State::Unknown => "unknown",
        })
    }
}

/// What a probe found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The probe's name, as in `needs=userns`.
    pub probe: &'static str,
    /// Whether it works.
    pub state: State,
    /// What was seen, or at which call it was stopped and why.
    pub why: String,
    /// One remedy, which weakens nothing else on the machine.
    pub fix: Option<String>,
    /// What it means, for which page.
    pub means: &'static str,
}

impl Finding {
    /// Whether a page that needs this can be shown.
    pub fn works(&self) -> bool {
        self.state == State::Works
    }

    /// For an error that this finding explains. None where the thing works: then the
    /// reason is another one.
    pub fn advice(&self) -> Option<Advice> {
        (self.state != State::Works).then(|| Advice {
            why: self.why.clone(),
            fix: self.fix.clone(),
        })
    }
}

/// What a probe's function gives: a [`Finding`] that has no name yet.
#[derive(Debug, Clone)]
struct Seen {
    state: State,
    why: String,
    fix: Option<String>,
}

impl Seen {
    fn new(state: State, why: impl Into<String>) -> Self {
        Seen {
            state,
            why: why.into(),
            fix: None,
        }
    }

    fn works(why: impl Into<String>) -> Self {
        Seen::new(State::Works, why)
    }

    fn absent(why: impl Into<String>) -> Self {
        Seen::new(State::Absent, why)
    }

    fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }
}

/// A probe: its name, what it means, and how to find out.
pub struct Probe {
    /// The word that pages use.
    pub name: &'static str,
    /// What it means, for which page.
    pub means: &'static str,
    /// What sort of answer it has.
    pub sort: Sort,
    run: fn(&Facts) -> Seen,
}

impl Probe {
    /// Tries it.
    pub fn run(&self, facts: &Facts) -> Finding {
        let Seen { state, why, fix } = (self.run)(facts);
        Finding {
            probe: self.name,
            state,
            why,
            fix,
            means: self.means,
        }
    }
}

/// What sort of answer a probe has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// Something of the kernel's, tried.
    Kernel,
    /// A program, run.
    Tool,
    /// A yes or a no, neither good nor bad: works is yes, absent is no.
    Fact,
}

/// Every probe, in the order in which `era doctor` shows them.
pub const PROBES: &[Probe] = table::PROBES;

/// Tries one thing. None if no probe has this name.
pub fn probe(facts: &Facts, name: &str) -> Option<Finding> {
    let probe = PROBES.iter().find(|probe| probe.name == name)?;
    Some(probe.run(facts))
}

/// Tries everything.
pub fn all(facts: &Facts) -> Vec<Finding> {
    PROBES.iter().map(|probe| probe.run(facts)).collect()
}

/// Whether a user namespace can be made and used here, through the whole sequence. For an
/// error that wants to say why one was refused.
pub fn user_namespaces(facts: &Facts) -> Finding {
    probe(facts, "userns").expect("the table has it")
}

/// Why a call was refused, if a seccomp filter around this process refused it. For an error
/// that nothing else explains.
pub fn refusing_filter(facts: &Facts, refused: &CallError) -> Option<Advice> {
    filter::refusing(facts, refused)
}
