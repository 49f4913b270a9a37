//! A group from systemd: for an ordinary user on most desktops and servers, the only honest
//! way to one.
//!
//! The groups of a login belong to systemd, and whoever makes others among them is in its
//! way. Asked through its user manager it makes a scope, a group around processes that run
//! already, and with `Delegate=yes` it leaves what is below to us: systemd.resource-control(5).

use std::convert::Infallible;
use std::ffi::OsString;

use groundwork::host::{self, Facts};
use groundwork::process::Program;
use groundwork::step;

use crate::error::{Error, Result};
use crate::layout::Shape;

/// What marks a command line as one that runs in a scope already.
const IN_SCOPE: &str = "--in-scope";

/// Whether a user's systemd would give us a group that can be limited: on v1 it gives no
/// controllers to an ordinary user.
pub fn can_ask(facts: &Facts, shape: Shape) -> bool {
    let works = || host::probe(facts, "cgroup-delegated").is_some_and(|found| found.works());
    shape == Shape::V2 && facts.variable("XDG_RUNTIME_DIR").is_some() && works()
}

/// Becomes systemd-run(1), which asks for a scope, enters it, and becomes us again, with the
/// same arguments. `args` has our own name first, `run` among the rest.
///
/// # Errors
/// There is no systemd-run, or we were here before.
pub fn ask(facts: &Facts, args: Vec<OsString>) -> Result<Infallible> {
    let at = args
        .iter()
        .position(|word| word == "run")
        .map_or(1, |at| at + 1);
    let (ours, rest) = args.split_at(at.min(args.len()));
    let words = [
        "systemd-run",
        "--user",
        "--scope",
        "--quiet",
        "--collect",
        "-p",
        "Delegate=yes",
        "--",
    ];
    let mut argv: Vec<OsString> = words.map(OsString::from).to_vec();
    argv.extend_from_slice(ours);
    argv.push(IN_SCOPE.into());
    argv.extend_from_slice(rest);
    step("Ask the user's systemd for a group, by a scope that is left to us");
    let program = Program::new(argv, facts.environment().clone().into_iter());
    program.exec().map_err(|call| Error::Exec {
        program: program.name(),
        call,
    })
}
