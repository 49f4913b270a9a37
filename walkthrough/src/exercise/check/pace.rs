//! Who in a cell goes on when: races that an answer might win by luck are lost on purpose.

use std::fs::File;
use std::time::{Duration, Instant};

use groundwork::kernel::{self, AtCall, Pid};
use nix::fcntl::{Flock, FlockArg};
use nix::libc;

use super::run::Run;
use super::{Checked, Group, Judge, Witness};
use crate::machine::guest::session::times_slower;

/// After this time without any change nobody makes another one.
const STILL: Duration = Duration::from_millis(100);
/// A signal is not held longer than this.
const MOST: Duration = Duration::from_millis(500);
/// Nor is a parent, even if the machine is so busy that its child does not come to run.
const MOST_FOR_A_PARENT: Duration = Duration::from_secs(5);
/// So long it takes until somebody has ended whose end is held.
const DYING: Duration = Duration::from_millis(200);
/// Calls that send a signal.
const SENDS: [libc::c_long; 6] = [
    libc::SYS_kill,
    libc::SYS_tkill,
    libc::SYS_tgkill,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_rt_tgsigqueueinfo,
    libc::SYS_pidfd_send_signal,
];

/// Who has made a process, and does not go on before that one.
#[derive(Debug)]
pub(super) struct Held {
    parent: Pid,
    child: Witness,
    /// Since when the child only waits.
    waits: Option<Instant>,
    until: Instant,
}

impl Held {
    fn is_over(&mut self, patience: Duration) -> bool {
        let now = Instant::now();
        match self.child.status("State") {
            Ok(state) if state.starts_with('S') => {
                now - *self.waits.get_or_insert(now) > patience || now > self.until
            }
            Ok(state) if !state.starts_with('Z') => {
                self.waits = None;
                now > self.until
            }
            _ => true,
        }
    }
}

/// Who is about to send a signal, and does not before others are in the group.
#[derive(Debug)]
pub(super) struct Sender {
    pid: Pid,
    /// Those who were there, and how many of them still are.
    old: Vec<Pid>,
    seen: usize,
    since: Instant,
    changed: Instant,
}

impl Sender {
    fn is_over(&mut self, group: &Group) -> bool {
        let now = group.processes();
        self.old.retain(|pid| now.contains(pid));
        if self.old.len() < self.seen {
            (self.changed, self.seen) = (Instant::now(), self.old.len());
        }
        // Who cannot be born any more is not waited for.
        let still = self.changed.elapsed() > STILL || group.is_frozen();
        self.old.is_empty() || still || self.since.elapsed() > MOST
    }
}

impl Judge {
    /// Waits until no other check measures on grounds of the same place; it lasts as long
    /// as what is given.
    ///
    /// # Errors
    /// The place cannot be read.
    pub fn alone(&self) -> Checked<Flock<File>> {
        let grounds = self.folder.parent().unwrap_or(&self.folder);
        let locked = Flock::lock(File::open(grounds)?, FlockArg::LockExclusive);
        Ok(locked.map_err(|(_, errno)| errno)?)
    }
}

impl Run {
    /// From now on, whoever makes a process goes on only when that one is the witness, or
    /// has done nothing but wait for this time. So it is not by luck that the parent is first.
    pub fn hold_parents(&mut self, time: Duration) {
        self.holding = time;
    }

    /// From now on this witness, which is held, is slow to end: so it is not by luck that who
    /// does not wait for its end is late.
    ///
    /// # Errors
    /// It is gone.
    pub fn hold_end(&mut self, witness: Witness) -> Checked {
        Ok(kernel::trace_to_the_end(witness.pid)?)
    }

    /// Lets those end who had to wait for it.
    pub(super) fn end_in_time(&mut self) {
        let over = |since: &Instant| since.elapsed() > DYING * times_slower();
        for (pid, since) in std::mem::take(&mut self.dying) {
            if over(&since) {
                self.slowed += since.elapsed();
                kernel::trace_go(pid, 0);
            } else {
                self.dying.push((pid, since));
            }
        }
    }

    /// From now on, while this group is not frozen, a signal that the answer sends is held
    /// until those who were in the group are gone by themselves, but for witnesses. So it is
    /// not by luck that one of them is still there.
    pub fn hold_signals(&mut self, group: &Group) {
        self.runners = Some(group.clone());
    }

    /// How long all the signals were held.
    pub fn slowed(&self) -> Duration {
        self.slowed
    }

    /// Lets the cell live longer than others.
    pub fn last(&mut self, time: Duration) {
        self.until = Instant::now() + time;
        self.patience = time;
    }

    pub(super) fn go_on_after_fork(&mut self, parent: Pid, child: Option<Pid>) {
        let may = parent == self.init.pid || self.witnesses.contains(&parent);
        match child {
            Some(child) if !may && !self.holding.is_zero() => self.held.push(Held {
                parent,
                child: Witness { pid: child },
                waits: None,
                until: Instant::now() + MOST_FOR_A_PARENT,
            }),
            _ => self.go(parent, 0),
        }
    }

    /// Lets everybody go who is held.
    pub(super) fn release(&mut self) {
        for one in std::mem::take(&mut self.held) {
            self.go(one.parent, 0);
        }
    }

    pub(super) fn release_in_time(&mut self) {
        for mut one in std::mem::take(&mut self.held) {
            if one.is_over(self.holding) {
                self.go(one.parent, 0);
            } else {
                self.held.push(one);
            }
        }
    }

    /// Lets a process of the cell go on; the answer until its next call, if that matters.
    pub(super) fn go(&self, pid: Pid, signal: i32) {
        let command = self.family.get(&pid).copied().flatten();
        let is_answer = command.is_some_and(|index| self.ours.get(index) == Some(&false));
        let wanted = self.runners.is_some() || self.filters.is_some() || self.calls.is_some();
        if is_answer && wanted {
            // One that was killed meanwhile is not there: its end is told by wait(2).
            let _ = kernel::trace_until_call(pid, signal);
        } else {
            kernel::trace_go(pid, signal);
        }
    }

    /// The answer stands before or after a call.
    pub(super) fn called(&mut self, pid: Pid) {
        self.look_for_filters(pid);
        self.write_down(pid);
        let sends = |number: u64| SENDS.iter().any(|one| *one as u64 == number);
        let call = kernel::trace_call(pid);
        match (&self.runners, call) {
            (Some(group), Ok(AtCall::Entry { number, .. })) if sends(number) => {
                let mut old = group.processes();
                old.retain(|pid| !self.witnesses.contains(pid));
                self.senders.push(Sender {
                    pid,
                    seen: old.len(),
                    old,
                    since: Instant::now(),
                    changed: Instant::now(),
                });
            }
            _ => self.go(pid, 0),
        }
    }

    /// Lets those send their signals for whom there are others in the group now.
    pub(super) fn send_in_time(&mut self) {
        let Some(group) = self.runners.clone() else {
            return;
        };
        for mut one in std::mem::take(&mut self.senders) {
            if one.is_over(&group) {
                self.slowed += one.since.elapsed();
                self.go(one.pid, 0);
            } else {
                self.senders.push(one);
            }
        }
    }

    /// Lets the next command start: one that stays is there.
    ///
    /// # Errors
    /// PID 1 is gone.
    pub fn next_command(&mut self) -> Checked {
        self.go_on()
    }
}
