//! Watches everything that happens in a cell.
//!
//! The judge traces the cell's PID 1 and so every process that is ever made there (ptrace(2)).
//! Each stops at the end of an execve(2): a program that the task did not name ends the
//! check, and the witness is held there, before its first instruction.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use groundwork::kernel::{self, CloneFlags, Cloned, Pid, Signal};
use nix::errno::Errno;
use nix::libc;

use super::cell::{self, BOX, Plan, Who};
use super::scene::{Actor, Place, Scene};
use super::witness::{Inode, Mount, Witness};
use super::{Checked, Property, Refusal, maps};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many processes an answer may have at a time, and altogether.
const CROWD: usize = 100;
const MANY: usize = 1000;

const BY_ITSELF: Property = Property {
    is: "the program does it itself",
    look: "the task, What to write",
};
const ENDS: Property = Property {
    is: "the program ends",
    look: "wait(2), pipe(7): who waits for whom?",
};
const FEW: Property = Property {
    is: "the program makes no more processes than it needs",
    look: "fork(2): who goes on after it, and where?",
};
const STARTED: Property = Property {
    is: "the command is started",
    look: "execve(2), and what the program says on stderr",
};

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With a status.
    Status(i32),
    /// By a signal.
    Signal(i32),
}

impl std::fmt::Display for End {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            End::Status(status) => write!(out, "status {status}"),
            End::Signal(number) => match Signal::try_from(*number) {
                Ok(signal) => write!(out, "ended by {signal}"),
                Err(_) => write!(out, "ended by signal {number}"),
            },
        }
    }
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    /// The witness is at its beginning, and held.
    Begins(Pid),
    /// The witness got a signal, and is held.
    Stops(Pid, i32),
    /// A process ended.
    Gone,
    /// Nothing that a check asks for.
    Nothing,
}

/// A cell at work.
#[derive(Debug)]
pub struct Run {
    init: Witness,
    judge: UnixStream,
    folder: PathBuf,
    answers: Vec<Inode>,
    actors: Vec<(Actor, Inode)>,
    tools: &'static [&'static str],
    ours: Vec<bool>,
    /// Every process but PID 1, and which command it belongs to.
    family: BTreeMap<Pid, Option<usize>>,
    /// Every process that there ever was.
    all: BTreeSet<Pid>,
    /// What PID 1 saw mounted before anything ran.
    mounts: Vec<Mount>,
    /// Those that were seen before the fork that made them.
    early: BTreeSet<Pid>,
    /// How many children PID 1 had; the targets come first.
    forks: usize,
    made: usize,
    targets: Vec<Witness>,
    awaited: usize,
    /// The commands' processes, and how each ended.
    ends: Vec<(Pid, Option<End>)>,
    witnesses: Vec<Pid>,
    until: Instant,
}

impl Run {
    /// Makes the cell, lets it be furnished, and lets its commands go.
    pub(super) fn start(
        plan: &Plan,
        who: Who,
        learner: (u32, u32),
        scene: &Scene<'_>,
    ) -> Checked<Run> {
        let (ours, theirs) = UnixStream::pair()?;
        let new = CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWPID;
        let init = match kernel::clone3(new)? {
            Cloned::Child => {
                drop(ours);
                cell::live(plan, theirs)
            }
            Cloned::Parent(pid, _) => Witness { pid },
        };
        drop(theirs);
        let mut run = Run {
            init,
            judge: ours,
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
            mounts: Vec::new(),
            early: BTreeSet::new(),
            forks: 0,
            made: 0,
            targets: Vec::new(),
            awaited: plan.targets.len(),
            ends: Vec::new(),
            witnesses: Vec::new(),
            until: Instant::now() + PATIENCE,
        };
        maps::write(init.pid, who, plan.many_ids, learner)?;
        kernel::trace_family(init.pid)?;
        run.judge.set_read_timeout(Some(PATIENCE))?;
        run.go_on()?;
        match cell::line(&run.judge)?.as_str() {
            "ready" => {}
            said => {
                return Err(Refusal::Undone(format!(
                    "no cell here: {}",
                    said.trim_start_matches("error ")
                )));
            }
        }
        for place in &scene.answers {
            run.answers.push(Inode::of(run.path(place))?);
        }
        for actor in &scene.actors {
            run.actors
                .push((actor.clone(), Inode::of(run.path(&actor.place))?));
        }
        run.mounts = init.mounts()?;
        run.go_on()?;
        run.meet_targets()?;
        Ok(run)
    }

    fn go_on(&mut self) -> Checked {
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

    /// PID 1 of the cell.
    pub fn init(&self) -> Witness {
        self.init
    }

    /// A process that the answer looks at.
    pub fn target(&self, index: usize) -> Witness {
        self.targets[index]
    }

    /// A path of the cell, seen from outside. No part of it may be a link.
    pub fn path(&self, place: &Place) -> PathBuf {
        self.init.path("root").join(place.0.trim_start_matches('/'))
    }

    /// The inode of something in the cell.
    ///
    /// # Errors
    /// It is not there.
    pub fn inode(&self, place: &Place) -> Checked<Inode> {
        Ok(Inode::of(self.path(place))?)
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
                    let (end, said) = (self.last_end(), self.said(self.ends.len() - 1));
                    let said = last_line(&said);
                    return Err(STARTED.broken(
                        "it runs",
                        format!("the program ended without it: {end}{said}"),
                    ));
                }
                _ => {}
            }
        }
    }

    /// It has the argument that the check gave.
    fn begun(&self, pid: Pid) -> Checked<Witness> {
        let witness = Witness { pid };
        let arguments = witness.arguments()?;
        let known = self.actors.iter().map(|(actor, _)| actor.nonce.as_str());
        let given: Vec<_> = arguments.iter().skip(1).map(String::as_str).collect();
        let expected: Vec<_> = known.collect();
        if given.len() != 1 || !expected.contains(&given[0]) {
            let arguments = Property {
                is: "the command gets its arguments",
                look: "execve(2): argv",
            };
            return Err(arguments.broken(expected.join(" or "), format!("it got {given:?}")));
        }
        Ok(witness)
    }

    /// Gives the witness an order, and waits until it has done it.
    ///
    /// # Errors
    /// It is gone, or never done.
    pub fn order(&mut self, witness: Witness, order: &str) -> Checked {
        self.send(witness, order)?;
        while self.stop_of(witness)? != libc::SIGTRAP {}
        Ok(())
    }

    /// Gives the witness an order, and lets it go.
    ///
    /// # Errors
    /// It is gone.
    pub fn send(&mut self, witness: Witness, order: &str) -> Checked {
        witness.write_order(order)?;
        kernel::trace_go(witness.pid, 0);
        Ok(())
    }

    /// Waits until the witness gets a signal, which it is not given, and holds it.
    ///
    /// # Errors
    /// It is gone, or none comes.
    pub fn stop_of(&mut self, witness: Witness) -> Checked<i32> {
        loop {
            match self.step()? {
                Event::Stops(pid, signal) if pid == witness.pid => return Ok(signal),
                Event::Gone if !self.family.contains_key(&witness.pid) => {
                    return Err(STARTED.broken("it runs on", "it was ended before its time"));
                }
                _ => {}
            }
        }
    }

    /// As [`Run::stop_of`], but not for ever: none if no signal comes.
    ///
    /// # Errors
    /// The answer ran somebody else's program.
    pub fn signal_of(&mut self, witness: Witness, patience: Duration) -> Checked<Option<i32>> {
        let until = Instant::now() + patience;
        while Instant::now() < until && self.family.contains_key(&witness.pid) {
            if let Event::Stops(_, signal) = self.step()? {
                return Ok(Some(signal));
            }
        }
        Ok(None)
    }

    /// The mounts of the cell that are new or gone since before anything ran.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn changed_mounts(&self) -> Checked<Vec<String>> {
        let now = self.init.mounts()?;
        let new = now.iter().filter(|mount| !self.mounts.contains(mount));
        let gone = self.mounts.iter().filter(|mount| !now.contains(mount));
        Ok(new.chain(gone).map(|mount| mount.point.clone()).collect())
    }

    /// Whether a process sees what was mounted in the cell before anything ran.
    pub fn had(&self, mount: &Mount) -> bool {
        self.mounts
            .iter()
            .any(|before| before.source == mount.source)
    }

    /// Processes that have ended, and that nobody has waited for.
    pub fn zombies(&self) -> Vec<Witness> {
        let all = self.all.iter().map(|pid| Witness { pid: *pid });
        all.filter(|one| {
            one.status("State")
                .is_ok_and(|state| state.starts_with('Z'))
        })
        .collect()
    }

    /// Ids of a process, as they are called in the cell: a line of its `status`.
    ///
    /// # Errors
    /// It is gone.
    pub fn ids(&self, of: Witness, key: &str) -> Checked<Vec<u32>> {
        let map = self
            .init
            .text(if key == "Uid" { "uid_map" } else { "gid_map" })?;
        let numbers: Vec<u32> = map
            .split(' ')
            .filter_map(|word| word.parse().ok())
            .collect();
        let inside = |outside: u32| {
            let mut ranges = numbers.chunks_exact(3);
            ranges.find_map(|range| {
                let at = outside.checked_sub(range[1]).filter(|at| *at < range[2])?;
                Some(range[0] + at)
            })
        };
        let outside = of.status(key)?;
        let outside = outside.split(' ').filter_map(|word| word.parse().ok());
        Ok(outside.map(|id| inside(id).unwrap_or(u32::MAX)).collect())
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

    /// The process of the first command.
    pub fn answer(&self) -> Option<Pid> {
        self.ends.first().map(|(pid, _)| *pid)
    }

    /// Every process of the cell but PID 1.
    pub fn everybody(&self) -> Vec<Witness> {
        self.family
            .keys()
            .map(|pid| Witness { pid: *pid })
            .collect()
    }

    /// What a command printed, on stdout and stderr.
    pub fn said(&self, command: usize) -> String {
        let bytes = fs::read(self.folder.join(format!("out.{command}"))).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn is_over(&self) -> bool {
        self.ends.len() == self.ours.len() && self.ends.iter().all(|(_, end)| end.is_some())
    }

    fn last_end(&self) -> String {
        let end = self.ends.last().and_then(|(_, end)| *end);
        end.map_or_else(String::new, |end| end.to_string())
    }

    /// One change, or a short sleep.
    fn step(&mut self) -> Checked<Event> {
        match kernel::wait_any() {
            Ok(Some((pid, status))) => self.change(pid, status),
            Ok(None) if Instant::now() > self.until => Err(ENDS.broken(
                format!("it is done within {} s", PATIENCE.as_secs()),
                "it hung, and was stopped",
            )),
            Ok(None) => {
                std::thread::sleep(Duration::from_micros(300));
                Ok(Event::Nothing)
            }
            Err(errno) => Err(Refusal::Undone(format!("the cell is gone: {errno}"))),
        }
    }

    fn change(&mut self, pid: Pid, status: i32) -> Checked<Event> {
        if !libc::WIFSTOPPED(status) {
            return self.gone(pid, status);
        }
        match status >> 16 {
            libc::PTRACE_EVENT_FORK | libc::PTRACE_EVENT_VFORK | libc::PTRACE_EVENT_CLONE => {
                self.forked(pid)?
            }
            libc::PTRACE_EVENT_EXEC => return self.executed(pid),
            0 => {
                let signal = libc::WSTOPSIG(status);
                let ours = [libc::SIGTRAP, libc::SIGTERM].contains(&signal);
                if ours && self.witnesses.contains(&pid) {
                    return Ok(Event::Stops(pid, signal));
                }
                kernel::trace_go(pid, signal);
            }
            _ if pid == self.init.pid || self.family.contains_key(&pid) => kernel::trace_go(pid, 0),
            // It waits until we know whose child it is.
            _ => drop(self.early.insert(pid)),
        }
        Ok(Event::Nothing)
    }

    fn gone(&mut self, pid: Pid, status: i32) -> Checked<Event> {
        if pid == self.init.pid {
            return Err(Refusal::Undone("PID 1 of the cell is gone".to_owned()));
        }
        self.family.remove(&pid);
        let end = if libc::WIFSIGNALED(status) {
            End::Signal(libc::WTERMSIG(status))
        } else {
            End::Status(libc::WEXITSTATUS(status))
        };
        for (_, open) in self.ends.iter_mut().filter(|(one, _)| *one == pid) {
            *open = Some(end);
        }
        Ok(Event::Gone)
    }

    fn forked(&mut self, parent: Pid) -> Checked {
        if let Ok(child) = kernel::trace_message(parent) {
            let mut command = self.family.get(&parent).copied().flatten();
            if parent == self.init.pid {
                self.forks += 1;
                if self.forks > self.awaited {
                    command = Some(self.ends.len());
                    self.ends.push((child, None));
                }
            }
            self.family.insert(child, command);
            self.all.insert(child);
            self.made += 1;
            if self.early.remove(&child) {
                kernel::trace_go(child, 0);
            }
        }
        let crowd = self.family.len();
        FEW.holds(
            crowd <= CROWD && self.made <= MANY,
            format!("at most {CROWD} at a time"),
            format!(
                "{crowd} at a time, {} altogether; all were ended",
                self.made
            ),
        )?;
        kernel::trace_go(parent, 0);
        Ok(())
    }

    fn executed(&mut self, pid: Pid) -> Checked<Event> {
        let link = Witness { pid }.path("exe");
        let Ok(program) = Inode::of(&link) else {
            kernel::trace_go(pid, 0);
            return Ok(Event::Nothing);
        };
        if self.actors.iter().any(|(_, inode)| *inode == program) {
            self.witnesses.push(pid);
            return Ok(Event::Begins(pid));
        }
        let command = self.family.get(&pid).copied().flatten();
        let ours = command.is_some_and(|index| self.ours.get(index) == Some(&true));
        let path = fs::read_link(&link).unwrap_or_default();
        if !ours && !self.answers.contains(&program) && !self.is_tool(&path, program) {
            let observed = format!("done by another program: it started {}", path.display());
            return Err(BY_ITSELF.broken(self.named(), observed));
        }
        kernel::trace_go(pid, 0);
        Ok(Event::Nothing)
    }

    /// By inode: a tool may be a link to what another name is for.
    fn is_tool(&self, path: &Path, program: Inode) -> bool {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let loader = name.starts_with("ld-linux") || name.starts_with("ld-musl");
        let folders = ["/usr/bin", "/bin", "/usr/sbin"].map(Path::new);
        let mut files = self
            .tools
            .iter()
            .flat_map(|tool| folders.map(|folder| folder.join(tool)));
        let mut named = || files.any(|file| Inode::of(file).is_ok_and(|inode| inode == program));
        !self.tools.is_empty() && (path.starts_with(BOX) || loader || named())
    }

    fn named(&self) -> String {
        if self.tools.is_empty() {
            "no program is started but the command".to_owned()
        } else {
            "no program is started but those that the task names".to_owned()
        }
    }
}

impl Drop for Run {
    /// With PID 1 the whole namespace ends; whoever was traced has to be collected.
    fn drop(&mut self) {
        let _ = kernel::kill(self.init.pid, Signal::SIGKILL);
        let until = Instant::now() + Duration::from_secs(5);
        while Instant::now() < until {
            match kernel::wait_any() {
                Err(Errno::ECHILD) => return,
                Ok(Some(_)) => {}
                _ => std::thread::sleep(Duration::from_micros(300)),
            }
        }
    }
}

/// The last thing that somebody said, to be put behind something.
fn last_line(said: &str) -> String {
    let advice = |line: &&str| line.starts_with("note: run with `RUST_BACKTRACE");
    let mut lines = said.lines().rev().filter(|line| !line.trim().is_empty());
    let last = lines.find(|line| !advice(line));
    // A panic's place comes before its words.
    let of_interest = said
        .lines()
        .find(|line| line.contains("not yet implemented"));
    let line = of_interest
        .or(last)
        .map(|line| line.chars().take(120).collect::<String>());
    line.map_or(String::new(), |line| format!("; it said: {line}"))
}
