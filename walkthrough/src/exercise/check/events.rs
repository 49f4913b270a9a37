//! What happens in a cell, one change after another: ptrace(2), waitpid(2).

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use groundwork::kernel::{self, Pid, Signal};
use nix::libc;

use super::cell::BOX;
use super::run::Run;
use super::witness::{Inode, Witness};
use super::{Checked, Property, Refusal};

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

/// The signal of a stop at a system call, by PTRACE_O_TRACESYSGOOD.
const AT_A_CALL: i32 = libc::SIGTRAP | 0x80;
/// Signals that stop a process until SIGCONT.
const JOB_CONTROL: [i32; 4] = [libc::SIGSTOP, libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU];

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
pub(super) enum Event {
    /// The witness is at its beginning, and held.
    Begins(Pid),
    /// The witness got a signal, and is held.
    Stops(Pid, i32),
    /// A process ended.
    Gone,
    /// Nothing that a check asks for.
    Nothing,
}

impl Run {
    /// One change, or a short sleep.
    pub(super) fn step(&mut self) -> Checked<Event> {
        self.release_in_time();
        self.send_in_time();
        self.end_in_time();
        match kernel::wait_any() {
            Ok(Some((pid, status))) => self.change(pid, status),
            Ok(None) if Instant::now() > self.until => Err(ENDS.broken(
                format!("it is done within {} s", self.patience.as_secs()),
                "it hung, and was stopped",
            )),
            Ok(None) => {
                self.nobody_hides()?;
                std::thread::sleep(Duration::from_micros(300));
                Ok(Event::Nothing)
            }
            Err(errno) => Err(Refusal::Undone(format!("the cell is gone: {errno}"))),
        }
    }

    /// Whoever is not traced could start any program, and nobody would see it.
    fn nobody_hides(&mut self) -> Checked {
        match self.hidden.found(self.family.keys()) {
            None => Ok(()),
            Some(_) => Err(BY_ITSELF.broken(
                "every process can be seen",
                "one hides from the check: clone(2), CLONE_UNTRACED",
            )),
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
            libc::PTRACE_EVENT_EXIT => self.dying.push((pid, Instant::now())),
            0 if libc::WSTOPSIG(status) == AT_A_CALL => self.called(pid),
            libc::PTRACE_EVENT_STOP if JOB_CONTROL.contains(&libc::WSTOPSIG(status)) => {
                let _ = kernel::trace_listen(pid);
            }
            0 => {
                let signal = libc::WSTOPSIG(status);
                let ours = [libc::SIGTRAP, libc::SIGTERM].contains(&signal);
                if ours && self.witnesses.contains(&pid) {
                    return Ok(Event::Stops(pid, signal));
                }
                self.go(pid, signal);
            }
            _ if pid == self.init.pid || self.family.contains_key(&pid) => self.go(pid, 0),
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
        self.gone.insert(pid, end);
        for (_, open) in self.ends.iter_mut().filter(|(one, _)| *one == pid) {
            *open = Some(end);
        }
        Ok(Event::Gone)
    }

    fn forked(&mut self, parent: Pid) -> Checked {
        let child = kernel::trace_message(parent).ok();
        if let Some(child) = child {
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
            self.hidden.reported(child);
            self.made += 1;
            self.inherit_filters(parent, child);
            if self.early.remove(&child) {
                self.go(child, 0);
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
        self.go_on_after_fork(parent, child);
        Ok(())
    }

    fn executed(&mut self, pid: Pid) -> Checked<Event> {
        let link = Witness { pid }.path("exe");
        let Ok(program) = Inode::of(&link) else {
            self.go(pid, 0);
            return Ok(Event::Nothing);
        };
        let known = self.actors.iter().any(|(_, inode)| *inode == program);
        if known || self.is_copy(program) {
            self.witnesses.push(pid);
            return Ok(Event::Begins(pid));
        }
        if self.answers.contains(&program) {
            self.began = Some(Instant::now());
        }
        let command = self.family.get(&pid).copied().flatten();
        let ours = command.is_some_and(|index| self.ours.get(index) == Some(&true));
        let path = fs::read_link(&link).unwrap_or_default();
        if !ours && !self.answers.contains(&program) && !self.is_tool(&path, program) {
            let observed = format!("done by another program: it started {}", path.display());
            return Err(BY_ITSELF.broken(self.named(), observed));
        }
        self.go(pid, 0);
        Ok(Event::Nothing)
    }

    /// A witness that was not there when the cell was furnished: the answer has made it.
    fn is_copy(&self, program: Inode) -> bool {
        let mut places = self.copies.iter().map(|place| self.path(place));
        places.any(|path| Inode::of(path).is_ok_and(|inode| inode == program))
    }

    /// By inode: a tool may be a link to what another name is for.
    fn is_tool(&self, path: &Path, program: Inode) -> bool {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let loader = name.starts_with("ld-linux") || name.starts_with("ld-musl");
        let folders = ["/usr/bin", "/bin", "/usr/sbin", "/sbin"].map(Path::new);
        let mut files = self
            .tools
            .iter()
            .flat_map(|tool| folders.map(|folder| folder.join(tool)));
        let mut named = || files.any(|file| Inode::of(file).is_ok_and(|inode| inode == program));
        !self.tools.is_empty() && (path.starts_with(BOX) || loader || named())
    }

    fn named(&self) -> String {
        let but = match (self.tools.is_empty(), self.actors.is_empty()) {
            (true, true) => "",
            (true, false) => " but the command",
            (false, _) => " but those that the task names",
        };
        format!("no program is started{but}")
    }
}
