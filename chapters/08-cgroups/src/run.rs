//! A program in a group of its own, and who ended it.

use std::convert::Infallible;

use groundwork::host::Version;
use groundwork::kernel::{self, Errno, OFlag, Signal};
use groundwork::process::{Child, Exit, HeldSignals, Program, Relay, Relayed, Spawn, StartError};
use groundwork::step;
use serde::Serialize;

use crate::error::{Error, Result};
use crate::group::Group;
use crate::home::Home;
use crate::left::Mark;
use crate::limits::Limits;
use crate::name::Name;
use crate::set::{self, Note};
use crate::stat::Stat;

/// A program that is to run in a group of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// What the group is called.
    pub name: Name,
    /// What it may use.
    pub limits: Limits,
}

/// Who ended the program. Told from what was seen, never from the exit status: a program may
/// end itself with 137.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndedBy {
    /// It ended itself: exit(3).
    Itself,
    /// It made a mistake for which the kernel sends this signal, or sent it to itself, as
    /// abort(3) does.
    Fault,
    /// The kernel's out-of-memory killer: SIGKILL, and the group's counter went up.
    OomKiller,
    /// A key, such as Ctrl-C.
    Key,
    /// We passed it on: it was sent to us.
    Us,
    /// A signal that neither we nor the kernel sent.
    Another,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ended {
    /// The program's own end.
    pub exit: Exit,
    /// Who ended it.
    pub by: EndedBy,
    /// How many of its processes were still there afterwards. We ended them.
    pub left_over: usize,
    /// What the group used.
    pub stat: Stat,
    /// What else is to be known.
    pub notes: Vec<Note>,
}

impl Run {
    /// Runs it in a group that is made for it, and removes the group when it has ended.
    ///
    /// # Errors
    /// Whatever was refused before the program ran. No group stays.
    pub fn run(&self, home: &Home, program: &Program) -> Result<Ended> {
        set::check(home, &self.limits)?;
        // Whoever ends us now ends us after the group is gone.
        let held = HeldSignals::hold_all();
        let mark = Mark::set(home, &self.name).inspect_err(|_| home.leave())?;
        let ended = self.run_marked(home, program, &held);
        // A group that could not be removed keeps its mark, and clean finds it.
        if home.has(&self.name) {
            return ended;
        }
        let removed = mark.remove();
        home.leave();
        let ended = ended?;
        removed.map(|()| ended)
    }

    fn run_marked(&self, home: &Home, program: &Program, held: &HeldSignals) -> Result<Ended> {
        let (group, notes) = Group::with_limits(home, &self.name, &self.limits)?;
        let ended = self.start(&group, program, held).map(|child| {
            let (exit, signals) = child.wait_and_tell(Relay::Forward);
            (exit, signals, group.processes().len())
        });
        let killed = group.kill();
        let stat = group.stat(home);
        let removed = killed.and_then(|_| group.remove(home, true));
        let (exit, signals, left_over) = ended.map_err(|error| by_memory(error, &stat))?;
        removed?;
        Ok(Ended {
            exit,
            by: ended_by(exit, &signals, &stat),
            left_over,
            stat,
            notes,
        })
    }

    // ANCHOR: start
    /// The program, from its first instruction on in the group.
    fn start(&self, group: &Group, program: &Program, held: &HeldSignals) -> Result<Child> {
        let spawn = Spawn::new();
        let child = || become_program(program, held);
        let move_it = |pid: kernel::Pid| group.add(pid.as_raw());
        let folder = group
            .places
            .iter()
            .all(|place| place.version == Version::V2);
        if !folder {
            step("Run the program as a child, which waits until it has been moved");
            return spawn.start(move_it, child).map_err(Error::from_start);
        }
        step("Run the program as a child that is born in the group");
        let folder = &group.places[0].folder;
        let folder = kernel::open(folder, OFlag::O_PATH | OFlag::O_DIRECTORY);
        let folder = folder.map_err(Error::Clone)?;
        match spawn.clone().into_group(folder).start(|_| Ok(()), child) {
            Err(StartError::Clone(call)) if is_unknown(&call) => {
                step("This kernel cannot: then it waits until it has been moved");
                spawn.start(move_it, child).map_err(Error::from_start)
            }
            started => started.map_err(Error::from_start),
        }
    }
    // ANCHOR_END: start
}

/// An older kernel does not know the longer arguments: clone(2).
fn is_unknown(call: &kernel::CallError) -> bool {
    matches!(call.errno(), Errno::E2BIG | Errno::EINVAL)
}

fn become_program(program: &Program, held: &HeldSignals) -> Result<Infallible> {
    // The parent holds them to clean up; the program is to be ended by them.
    held.release();
    step("Become the program");
    program.exec().map_err(|call| Error::Exec {
        program: program.name(),
        call,
    })
}

/// A child that was ended without a word, while the kernel counted a kill.
fn by_memory(error: Error, stat: &Stat) -> Error {
    match (error, stat.memory.oom_kills, stat.memory.limit) {
        (Error::Ended { exit }, Some(1..), Some(limit)) => Error::OutOfMemory {
            exit,
            limit: limit.to_string(),
        },
        (error, ..) => error,
    }
}

/// Signals that the kernel sends for a mistake of the program's own: signal(7).
const FAULTS: [Signal; 7] = [
    Signal::SIGSEGV,
    Signal::SIGBUS,
    Signal::SIGILL,
    Signal::SIGFPE,
    Signal::SIGTRAP,
    Signal::SIGSYS,
    Signal::SIGABRT,
];

fn ended_by(exit: Exit, signals: &[Relayed], stat: &Stat) -> EndedBy {
    let Exit::Signal(number) = exit else {
        return EndedBy::Itself;
    };
    let is = |signal: Signal| signal as i32 == number;
    let oom_kills = stat.memory.oom_kills.unwrap_or(0);
    match signals.iter().find(|relayed| is(relayed.signal)) {
        Some(relayed) if relayed.by_terminal => EndedBy::Key,
        Some(_) => EndedBy::Us,
        None if FAULTS.into_iter().any(is) => EndedBy::Fault,
        None if is(Signal::SIGKILL) && oom_kills > 0 => EndedBy::OomKiller,
        None => EndedBy::Another,
    }
}
