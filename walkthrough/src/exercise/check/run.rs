//! A cell at work, and what a check asks of it.
//!
//! The judge traces the cell's PID 1 and so every process that is ever made there (ptrace(2)).
//! Each stops at the end of an execve(2): a program that the task did not name ends the
//! check, and the witness is held there, before its first instruction.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use groundwork::kernel::{self, CloneFlags, Cloned, Pid, Signal};
use nix::errno::Errno;
use nix::libc;

use super::cell::{self, Plan, Who};
use super::events::{End, Event};
use super::filters::Filters;
use super::groups::{Branch, Group};
use super::hidden::Hidden;
use super::pace::{Held, Sender};
use super::powers::AtCall;
use super::scene::{Actor, Place, Scene};
use super::sight::last_line;
use super::witness::{Inode, Mount, Witness};
use super::{Checked, Property, Refusal, maps};
use crate::machine::guest::session::times_slower;

/// How long an answer may take.
pub(super) fn patience() -> Duration {
    Duration::from_secs(10) * times_slower()
}

pub(super) const STARTED: Property = Property {
    is: "the command is started",
    look: "what the program says on stderr: which call failed? then ERRORS of its page",
};

/// A cell at work.
#[derive(Debug)]
pub struct Run {
    pub(super) init: Witness,
    pub(super) judge: UnixStream,
    pub(super) folder: PathBuf,
    pub(super) answers: Vec<Inode>,
    pub(super) actors: Vec<(Actor, Inode)>,
    pub(super) tools: &'static [&'static str],
    pub(super) ours: Vec<bool>,
    /// Every process but PID 1, and which command it belongs to.
    pub(super) family: BTreeMap<Pid, Option<usize>>,
    /// Every process that there ever was.
    pub(super) all: BTreeSet<Pid>,
    /// Every process that the tracer has not told of.
    pub(super) hidden: Hidden,
    /// What PID 1 saw mounted before anything ran.
    pub(super) mounts: Vec<Mount>,
    /// Those that were seen before the fork that made them.
    pub(super) early: BTreeSet<Pid>,
    /// How many children PID 1 had; the targets come first.
    pub(super) forks: usize,
    pub(super) made: usize,
    pub(super) targets: Vec<Witness>,
    pub(super) awaited: usize,
    /// The commands' processes, and how each ended.
    pub(super) ends: Vec<(Pid, Option<End>)>,
    pub(super) witnesses: Vec<Pid>,
    pub(super) until: Instant,
    /// How long all of it may take.
    pub(super) patience: Duration,
    /// Which commands nobody waits for.
    pub(super) stay: Vec<bool>,
    /// Control groups of the scene.
    pub(super) trees: Vec<Branch>,
    /// For how long a process has to wait until who has made it goes on, and who is held.
    pub(super) holding: Duration,
    pub(super) held: Vec<Held>,
    /// When the last program that is the answer has begun.
    pub(super) began: Option<Instant>,
    /// In whose group they do not wait for the answer's signals, and how long those were held.
    pub(super) runners: Option<Group>,
    pub(super) senders: Vec<Sender>,
    pub(super) slowed: Duration,
    /// Who ends as soon as it may, and since when.
    pub(super) dying: Vec<(Pid, Instant)>,
    /// How each process ended that is no more.
    pub(super) gone: BTreeMap<Pid, End>,
    /// The filters of each process, if they are looked for.
    pub(super) filters: Option<Filters>,
    /// Where the answer is to put copies of the witness.
    pub(super) copies: Vec<Place>,
    /// The calls of the answer so far, if they are wanted.
    pub(super) calls: Option<Vec<AtCall>>,
    /// Where to look if the command is not started.
    pub(super) before_start: &'static str,
}

impl Run {
    /// Makes the cell, lets it be furnished, and lets its commands go.
    pub(super) fn start(
        plan: &Plan,
        who: Who,
        learner: (u32, u32),
        scene: &Scene<'_>,
    ) -> Checked<Run> {
        let (judge, init) = first_process(plan)?;
        let mut run = Run::new(plan, scene, judge, init);
        for tree in &run.trees {
            tree.join(init.pid)?;
        }
        maps::write(init.pid, who, plan.many_ids, learner)?;
        kernel::trace_seize(init.pid)?;
        run.judge.set_read_timeout(Some(patience()))?;
        run.go_on()?;
        let said = cell::line(&run.judge)?;
        if said != "ready" {
            let why = said.trim_start_matches("error ");
            return Err(Refusal::Undone(format!("no cell here: {why}")));
        }
        for place in &scene.answers {
            run.answers.push(Inode::of(run.path(place))?);
        }
        for actor in &scene.actors {
            let inode = Inode::of(run.path(&actor.place))?;
            run.actors.push((actor.clone(), inode));
        }
        run.mounts = init.mounts()?;
        run.hidden.open()?;
        run.go_on()?;
        run.meet_targets()?;
        Ok(run)
    }

    fn new(plan: &Plan, scene: &Scene<'_>, judge: UnixStream, init: Witness) -> Self {
        Run {
            init,
            judge,
            folder: plan.folder.clone(),
            answers: Vec::new(),
            actors: Vec::new(),
            tools: scene.tools,
            ours: plan
                .commands
                .iter()
                .map(|command| command.of_the_check)
                .collect(),
            family: BTreeMap::new(),
            all: BTreeSet::new(),
            hidden: Hidden::new(init),
            mounts: Vec::new(),
            early: BTreeSet::new(),
            forks: 0,
            made: 0,
            targets: Vec::new(),
            awaited: plan.targets.len(),
            ends: Vec::new(),
            witnesses: Vec::new(),
            until: Instant::now() + scene.patience(),
            patience: scene.patience(),
            stay: plan.commands.iter().map(|command| command.stays).collect(),
            trees: scene.trees.clone(),
            holding: Duration::ZERO,
            held: Vec::new(),
            began: None,
            runners: None,
            senders: Vec::new(),
            slowed: Duration::ZERO,
            dying: Vec::new(),
            gone: BTreeMap::new(),
            filters: scene.filters.then(Filters::default),
            copies: scene.copies.clone(),
            calls: scene.with_calls.then(Vec::new),
            before_start: scene.before_start.unwrap_or(STARTED.look),
        }
    }

    pub(super) fn go_on(&mut self) -> Checked {
        Ok(self.judge.write_all(b".")?)
    }

    /// Waits until PID 1 has started the targets, and finds them by their number in the cell.
    fn meet_targets(&mut self) -> Checked {
        if self.awaited == 0 {
            return Ok(());
        }
        self.judge
            .set_read_timeout(Some(Duration::from_millis(1)))?;
        let mut said = String::new();
        while !said.ends_with('\n') {
            self.step()?;
            let mut byte = [0];
            if matches!(std::io::Read::read(&mut self.judge, &mut byte), Ok(1)) {
                said.push(char::from(byte[0]));
            }
        }
        for number in said
            .split_whitespace()
            .filter_map(|word| word.parse::<u32>().ok())
        {
            let mut family = self.family.keys().map(|pid| Witness { pid: *pid });
            let is = |one: &Witness| one.numbers().is_ok_and(|all| all.get(1) == Some(&number));
            self.targets.push(
                family
                    .find(is)
                    .ok_or(Refusal::Undone("a target got lost".to_owned()))?,
            );
        }
        self.go_on()
    }

    /// Waits until the answer has started the witness, and holds it at its beginning.
    ///
    /// # Errors
    /// The answer ended without it, hung, or ran somebody else's program.
    pub fn witness(&mut self) -> Checked<Witness> {
        loop {
            match self.step()? {
                Event::Begins(pid) => return self.begun(pid),
                Event::Gone if self.is_over() => {
                    return Err(self.not_started(self.ends.len() - 1));
                }
                _ => {}
            }
        }
    }

    /// As [`Run::witness`], if there are several answers, one after another: that of this one.
    ///
    /// # Errors
    /// As there; it is not taken for that of a later one.
    pub fn witness_of(&mut self, command: usize) -> Checked<Witness> {
        let seen = self.witness()?;
        match self.has_ended(command) {
            true => Err(self.not_started(command)),
            false => Ok(seen),
        }
    }

    fn not_started(&self, command: usize) -> Refusal {
        let end = self.ends.get(command).and_then(|(_, end)| *end);
        let end = end.map_or_else(String::new, |end| end.to_string());
        let said = last_line(&self.said(command));
        let look = self.before_start;
        Property { look, ..STARTED }.broken(
            "it runs",
            format!("the program ended without it: {end}{said}"),
        )
    }

    /// It has the argument that the check gave.
    fn begun(&self, pid: Pid) -> Checked<Witness> {
        let witness = Witness { pid };
        let mut given = witness.exact_arguments()?;
        given.drain(..given.len().min(1));
        let wanted = |actor: &Actor| {
            let nonce = std::iter::once(OsString::from(&actor.nonce));
            nonce.chain(actor.further.iter().cloned()).collect()
        };
        let mut expected: Vec<Vec<_>> = self.actors.iter().map(|(one, _)| wanted(one)).collect();
        expected.dedup();
        if !expected.contains(&given) {
            let arguments = Property {
                is: "the command gets its arguments",
                look: "execve(2): argv",
            };
            let expected: Vec<_> = expected.iter().map(|one| format!("{one:?}")).collect();
            return Err(arguments.broken(expected.join(" or "), format!("it got {given:?}")));
        }
        Ok(witness)
    }

    /// Whether the witness was ever started.
    pub fn has_begun(&self) -> bool {
        !self.witnesses.is_empty()
    }

    /// Waits until all commands have ended.
    ///
    /// # Errors
    /// One hung, or ran somebody else's program.
    pub fn ends(&mut self) -> Checked<Vec<End>> {
        while !self.is_over() {
            if let Event::Begins(pid) = self.step()? {
                kernel::trace_go(pid, 0);
            }
        }
        Ok(self.ends.iter().filter_map(|(_, end)| *end).collect())
    }

    /// Waits until a command has ended, and says how.
    ///
    /// # Errors
    /// It hung, or ran somebody else's program.
    pub fn end_of(&mut self, command: usize) -> Checked<End> {
        loop {
            if let Some((_, Some(end))) = self.ends.get(command) {
                return Ok(*end);
            }
            if let Event::Begins(pid) = self.step()? {
                kernel::trace_go(pid, 0);
            }
        }
    }

    /// Lets the cell live on until something holds; false if it takes too long.
    ///
    /// # Errors
    /// The answer ran somebody else's program.
    pub fn becomes(&mut self, patience: Duration, holds: impl Fn(&Run) -> bool) -> Checked<bool> {
        let until = Instant::now() + patience;
        while Instant::now() < until {
            if holds(self) {
                return Ok(true);
            }
            self.step()?;
        }
        Ok(holds(self))
    }

    fn is_over(&self) -> bool {
        let mut all = self.ends.iter().zip(&self.stay);
        self.ends.len() == self.ours.len() && all.all(|((_, end), stays)| *stays || end.is_some())
    }
}

/// The cell's PID 1, which waits, and the way to it.
fn first_process(plan: &Plan) -> Checked<(UnixStream, Witness)> {
    let (ours, theirs) = UnixStream::pair()?;
    let mut new = CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWPID;
    new.set(CloneFlags::CLONE_NEWNET, plan.network);
    match kernel::clone3(new, None)? {
        Cloned::Child => {
            drop(ours);
            cell::live(plan, theirs)
        }
        Cloned::Parent(pid, _) => Ok((ours, Witness { pid })),
    }
}

impl Drop for Run {
    /// With PID 1 the whole namespace ends; whoever was traced has to be collected.
    fn drop(&mut self) {
        let _ = kernel::kill(self.init.pid, Signal::SIGKILL);
        let until = Instant::now() + Duration::from_secs(5);
        while Instant::now() < until {
            // Whoever is frozen in v1 does not die.
            self.trees.iter().for_each(Branch::thaw);
            match kernel::wait_any() {
                Err(Errno::ECHILD) => return,
                // Who is stopped on its way out goes out.
                Ok(Some((pid, status))) if libc::WIFSTOPPED(status) => kernel::trace_go(pid, 0),
                Ok(Some(_)) => {}
                _ => std::thread::sleep(Duration::from_micros(300)),
            }
        }
    }
}
