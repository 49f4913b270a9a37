//! Running a program with less, or with other capabilities, than we have.
//!
//! # Layout
//!
//! - [`Request`] (here): what was asked for; [`run`]: the calls, in the order in which the
//!   kernel allows them.
//! - [`plan`]: what the sets are to be, and which requests contradict themselves.

use std::convert::Infallible;

use groundwork::kernel::{self, CapabilitySets, Uid};
use groundwork::process::{self, Groups, Program};
use groundwork::step;

use crate::error::{Error, Result};
use crate::set::CapSet;

pub mod plan;

pub use plan::Plan;

/// What a program is to have. A set that is not named stays as it is, but for what is
/// dropped.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Out of all five sets.
    pub drop: CapSet,
    /// Everything else out of all five sets.
    pub keep: Option<CapSet>,
    /// The permitted set. What it lacks leaves the bounding set, too.
    pub permitted: Option<CapSet>,
    /// The effective set.
    pub effective: Option<CapSet>,
    /// The inheritable set.
    pub inheritable: Option<CapSet>,
    /// The ambient set.
    pub ambient: Option<CapSet>,
    /// The bounding set: what of it stays.
    pub bounding: Option<CapSet>,
    /// Whom to become: user and group.
    pub user: Option<(u32, u32)>,
    /// Whether execve(2) may add nothing any more.
    pub no_new_privs: bool,
}

/// Runs a program as planned. Returns only if something failed.
// ANCHOR: run
pub fn run(plan: &Plan, program: &Program) -> Result<Infallible> {
    become_planned(plan)?;
    step("Become the program");
    program.exec().map_err(|call| Error::Exec {
        program: program.name().into(),
        file: program.path().into(),
        call,
    })
}

/// All of the plan but the program.
pub(crate) fn become_planned(plan: &Plan) -> Result<()> {
    if plan.first != plan.now.three() {
        step("What only CAP_SETPCAP may comes first: we are about to lose it");
        capset(plan.first)?;
    }
    bounding(plan)?;
    if let Some((uid, gid)) = plan.user {
        become_user(plan, uid, gid)?;
    }
    if plan.wants_last() {
        step("Permitted, effective and inheritable, as asked for");
        capset(plan.target.three())?;
    }
    ambient(plan)?;
    if plan.no_new_privs {
        step("Nothing that is executed from here on can add anything");
        kernel::prctl_set_no_new_privs().map_err(Error::NoNewPrivs)?;
    }
    Ok(())
}

fn capset(sets: CapabilitySets) -> Result<()> {
    kernel::capset(sets).map_err(Error::Capset)
}

/// Whoever executes a program as uid 0 gets back all that the bounding set holds.
fn bounding(plan: &Plan) -> Result<()> {
    let dropped = plan.now.bounding.without(plan.target.bounding);
    if !dropped.is_empty() {
        step("Out of the bounding set, or execve gives it back to uid 0");
    }
    for cap in dropped.iter() {
        let refused = |call| Error::Bounding { cap, call };
        kernel::prctl_capbset_drop(cap.number()).map_err(refused)?;
    }
    Ok(())
}

fn become_user(plan: &Plan, uid: u32, gid: u32) -> Result<()> {
    let refused = |call| Error::Become {
        user: format!("{uid}:{gid}"),
        call,
    };
    if plan.keeps_over_setuid() {
        step("Who stops being uid 0 loses everything, unless told otherwise");
        kernel::prctl_set_keepcaps().map_err(refused)?;
    }
    process::become_user(uid, gid, Groups::of_this_namespace()).map_err(refused)
}

/// Only what is permitted and inheritable can be ambient, so this comes last.
fn ambient(plan: &Plan) -> Result<()> {
    let before = plan.ambient_before();
    let (less, more) = (
        before.without(plan.target.ambient),
        plan.target.ambient.without(before),
    );
    if !less.union(more).is_empty() {
        step("Ambient: what a program gets whose user is not root");
    }
    for cap in less.iter() {
        let refused = |call| Error::Ambient { cap, call };
        kernel::prctl_ambient_lower(cap.number()).map_err(refused)?;
    }
    for cap in more.iter() {
        let refused = |call| Error::Ambient { cap, call };
        kernel::prctl_ambient_raise(cap.number()).map_err(refused)?;
    }
    Ok(())
}
// ANCHOR_END: run

/// The uid that the program will have.
pub(crate) fn uid_of(user: Option<(u32, u32)>) -> u32 {
    user.map_or(Uid::effective().as_raw(), |(uid, _)| uid)
}
