//! Putting a filter before a program's calls, and starting the program behind it.

use std::convert::Infallible;
use std::path::Path;

use groundwork::kernel::{self, CAP_SYS_ADMIN, CallError, FilterFlag};
use groundwork::narrate;
use groundwork::process::{Program, Ready};
use groundwork::step;
use nix::unistd::{AccessFlags, access};
use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::arch::Arch;
use crate::calls;
use crate::error::{Error, Result};
use crate::filter::{Filter, code};
use crate::interpret::{Data, interpret};

/// A filter, and how it is put in place.
#[derive(Debug, Clone)]
pub struct Setup {
    /// What is asked before each call.
    pub filter: Filter,
    /// What is said to the kernel beside it.
    pub flags: Vec<FilterFlag>,
    /// Promise to gain no privileges even where CAP_SYS_ADMIN makes that needless.
    pub no_new_privs: bool,
}

/// What went wrong on the way to the program. It may have to go from a child to its parent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum Refused {
    /// PR_SET_NO_NEW_PRIVS.
    #[error("cannot promise to gain no privileges")]
    NoNewPrivs(#[source] CallError),
    /// seccomp(2).
    #[error("cannot put the filter of {length} instructions in place")]
    Install {
        /// How many.
        length: usize,
        /// The call that was refused.
        #[source]
        call: CallError,
    },
    /// The listener did not get from the child to its supervisor.
    #[error("cannot hand the listener to the supervisor")]
    HandOver(#[source] CallError),
    /// execve(2).
    #[error("cannot run {program}")]
    Exec {
        /// As it was named.
        program: String,
        /// What was there to be run.
        found: Found,
        /// The call that was refused.
        #[source]
        call: CallError,
    },
}

/// What a program's name led to. Asked before the filter is there: it may forbid to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Found {
    /// A file that may be executed.
    Program,
    /// A file that may not.
    NotExecutable,
    /// A folder.
    Folder,
    /// Nothing.
    Nothing,
}

impl Found {
    /// What is there.
    pub fn at(path: &Path) -> Found {
        match path.metadata() {
            Ok(file) if file.is_dir() => Found::Folder,
            Ok(_) if access(path, AccessFlags::X_OK).is_ok() => Found::Program,
            Ok(_) => Found::NotExecutable,
            Err(_) => Found::Nothing,
        }
    }
}

/// Puts the filter before every later call of this process, and becomes the program.
///
/// Returns only if something failed. The filter stays for good: for the program, for its
/// children, and for what they become.
// ANCHOR: run
pub fn run(setup: &Setup, program: &Program) -> Result<Infallible> {
    check(&setup.filter, program)?;
    let ready = program.ready();
    let found = Found::at(ready.path());

    may_filter(setup.no_new_privs)?;
    if narrate::enabled() && !passes(&setup.filter, "write") {
        step("The filter forbids write: from here on nothing can be told");
        narrate::silence();
    }
    step("From here on the filter is asked before each call, and nobody can take it away");
    put(setup)?;

    step("Become the program");
    Ok(become_program(program, &ready, found)?)
}

/// Who could put a filter before a set-user-id program could make one of its calls fail, and
/// fool it. So the kernel wants one of two: CAP_SYS_ADMIN, or the promise that no execve(2)
/// of this process and its children will give a privilege any more.
pub(crate) fn may_filter(promise_anyway: bool) -> std::result::Result<(), Refused> {
    step("Who may put a filter in place: CAP_SYS_ADMIN, or who promises to gain nothing");
    let sets = kernel::capget().map_err(Refused::NoNewPrivs)?;
    let is_admin = sets.effective & 1 << CAP_SYS_ADMIN != 0;
    if is_admin && !promise_anyway {
        return Ok(());
    }
    step("A filter could fool set-user-id programs: gain nothing by them any more");
    kernel::prctl_set_no_new_privs().map_err(Refused::NoNewPrivs)
}
// ANCHOR_END: run

fn put(setup: &Setup) -> std::result::Result<(), Refused> {
    let program = setup.filter.instructions();
    kernel::seccomp_set_mode_filter(&setup.flags, program).map_err(|call| Refused::Install {
        length: program.len(),
        call,
    })
}

pub(crate) fn become_program(
    program: &Program,
    ready: &Ready<'_>,
    found: Found,
) -> std::result::Result<Infallible, Refused> {
    ready.exec().map_err(|call| Refused::Exec {
        program: program.name(),
        found,
        call,
    })
}

/// Refuses what could not work, before anything has been done.
fn check(filter: &Filter, program: &Program) -> Result<()> {
    available(filter)?;
    let leaves_to_supervisor = |step: &kernel::Instruction| {
        step.code == code::RETURN && Action::of_value(step.k) == Action::Notify
    };
    if filter.instructions().iter().any(leaves_to_supervisor) {
        return Err(Error::NoSupervisor);
    }
    if passes(filter, "execve") {
        return Ok(());
    }
    Err(Error::ForbidsExec {
        program: program.name(),
        action: verdict(filter, "execve"),
    })
}

/// Whether this kernel knows the younger verdicts, if the filter gives them. To one that does
/// not know KILL_PROCESS it is KILL_THREAD: nothing passes by that.
pub(crate) fn available(filter: &Filter) -> Result<()> {
    let answers = filter.instructions().iter();
    let answers = answers.filter(|step| step.code == code::RETURN);
    for action in [Action::Log, Action::Notify] {
        if !answers.clone().any(|step| step.k == action.value()) {
            continue;
        }
        step("A kernel older than a verdict would kill: does it know this one?");
        let asked = kernel::seccomp_get_action_avail(name(action), action.value());
        asked.map_err(|call| Error::Unavailable {
            action: name(action),
            call,
        })?;
    }
    Ok(())
}

/// The younger verdicts, by their names in linux/seccomp.h.
fn name(action: Action) -> &'static str {
    match action {
        Action::Notify => "SECCOMP_RET_USER_NOTIF",
        _ => "SECCOMP_RET_LOG",
    }
}

/// Whether the filter lets a call of this machine's own architecture pass.
fn passes(filter: &Filter, call: &str) -> bool {
    matches!(verdict(filter, call), Action::Allow | Action::Log)
}

fn verdict(filter: &Filter, call: &str) -> Action {
    let number = calls::number(Arch::native(), call).expect("every architecture has it");
    interpret(filter, &Data::new(Arch::native(), number, [0; 6])).action
}
