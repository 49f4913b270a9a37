//! The stage: a ground with its shells, and what a page has bound so far.
//!
//! # Layout
//!
//! - [`pty`]: one shell, read up to its mark.
//! - [`perform`]: runs a block of a page and judges it.

pub mod perform;
pub mod pty;

use std::path::Path;
use std::time::{Duration, Instant};

use groundwork::kernel::{self, Pid, Signal};

use crate::ground::{Ground, GroundError, Learner, Who};
use crate::page::facts::{Before, World};
use crate::page::placeholder::Bindings;
use crate::page::{Head, Prompt};
use pty::{Mark, Shell};

/// A ground, its shells, and what is known.
#[derive(Debug)]
pub struct Stage {
    ground: Ground,
    shells: Vec<(Who, Shell)>,
    /// The shell whose program an `inside` prompt means.
    host: Option<Who>,
    /// What placeholders stand for.
    pub bindings: Bindings,
    before: Before,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// At a prompt, with a status.
    At(Mark),
    /// Its limit passed; it was interrupted.
    Hung,
    /// The learner interrupted it twice.
    Killed,
    /// Its shell is gone.
    Closed,
}

/// What happened to a command.
#[derive(Debug, Clone)]
pub struct Ran {
    /// What it printed.
    pub output: String,
    /// How it ended.
    pub ended: Ended,
}

/// Why a command could not be given to a shell.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// No ground, or no shell on it.
    #[error(transparent)]
    Ground(#[from] GroundError),
    /// An `inside` prompt and nobody inside.
    #[error("nothing runs inside: no host shell has started a shell of its own")]
    NobodyInside,
    /// A host prompt while its shell is taken.
    #[error("the shell of this prompt is taken: the program that it started still runs")]
    Taken,
    /// Only root may run it, and nobody was asked.
    #[error("real root is needed, and the tour does not run as root")]
    NotRoot,
    /// A command names a placeholder that no output has bound.
    #[error("nothing has bound {0}")]
    Unbound(String),
}

impl Stage {
    /// A fresh ground, as a page wants it.
    ///
    /// # Errors
    /// The ground cannot be made.
    pub fn new(state: &Path, learner: &Learner, page: &Head) -> Result<Self, GroundError> {
        let before = Before::now();
        let ground = match page.group {
            true => Ground::with_group(state, learner)?,
            false => Ground::new(state, learner)?,
        };
        let mut bindings = Bindings::default();
        let system = nix::sys::utsname::uname().ok();
        let word = |pick: fn(&nix::sys::utsname::UtsName) -> &std::ffi::OsStr| {
            system
                .as_ref()
                .map(|system| pick(system).to_string_lossy().into_owned())
                .unwrap_or_default()
        };
        bindings.know("BOX", &ground.sandbox().to_string_lossy());
        bindings.know("USER", &learner.name);
        bindings.know("UID", &learner.uid.to_string());
        bindings.know("GID", &learner.gid.to_string());
        bindings.know("HOST", &word(nix::sys::utsname::UtsName::nodename));
        bindings.know("KERNEL", &word(nix::sys::utsname::UtsName::release));
        bindings.know("ARCH", &word(nix::sys::utsname::UtsName::machine));
        Ok(Self {
            ground,
            shells: Vec::new(),
            host: None,
            bindings,
            before,
        })
    }

    /// The ground.
    pub fn ground(&self) -> &Ground {
        &self.ground
    }

    /// Why a block cannot run here; none when it can.
    pub fn cannot_run(&self, block: &crate::page::Block) -> Option<String> {
        crate::probes::missing(block, &self.ground)
    }

    /// The ground, to start something on it.
    pub fn ground_mut(&mut self) -> &mut Ground {
        &mut self.ground
    }

    /// The shell of a prompt, started when first wanted.
    fn who(&mut self, prompt: Prompt) -> Result<Who, StageError> {
        let who = match prompt {
            Prompt::Learner => Who::Learner,
            Prompt::Ground => Who::Ground,
            Prompt::Real if !self.ground.has_root() => return Err(StageError::NotRoot),
            Prompt::Real => Who::Real,
            Prompt::Inside => return self.host.ok_or(StageError::NobodyInside),
        };
        if !self.shells.iter().any(|(one, _)| *one == who) {
            let shell = Shell::start(&mut self.ground, who)?;
            self.shells.push((who, shell));
        }
        Ok(who)
    }

    fn shell(&mut self, who: Who) -> &mut Shell {
        let found = self.shells.iter_mut().find(|(one, _)| *one == who);
        &mut found.expect("a shell is started before it is used").1
    }

    /// Gives a command to the shell of its prompt. What came unasked before it
    /// (a program inside was killed) comes back.
    ///
    /// # Errors
    /// There is no such shell, or it is taken.
    pub fn begin(&mut self, prompt: Prompt, command: &str) -> Result<(Who, String), StageError> {
        let who = self.who(prompt)?;
        let inside = prompt == Prompt::Inside;
        let until = Instant::now() + crate::page::facts::PATIENCE;
        let shell = self.shell(who);
        shell.pump();
        // A host prompt after its program was killed: the mark is on its way.
        while !inside
            && shell.mark().is_none_or(|mark| !mark.outer)
            && !shell.is_closed()
            && Instant::now() < until
        {
            pty::wait(&[shell], Duration::from_millis(50));
            shell.pump();
        }
        if !inside && shell.mark().is_some_and(|mark| !mark.outer) {
            return Err(StageError::Taken);
        }
        if inside && command.is_empty() {
            return Ok((who, String::new()));
        }
        let unasked = shell.take_output();
        shell.send(command);
        Ok((who, unasked))
    }

    /// Reads what the shells have printed, and says how the command of `who`
    /// ended, if it has. `to_the_end` waits for the program inside to end.
    pub fn look(&mut self, who: Who, to_the_end: bool) -> Option<Ended> {
        for (_, shell) in &mut self.shells {
            shell.pump();
        }
        let shell = self.shell(who);
        let ended = match shell.mark() {
            Some(mark) if mark.outer || !to_the_end => Some(Ended::At(mark)),
            _ if shell.is_closed() => Some(Ended::Closed),
            _ => None,
        };
        if let Some(Ended::At(mark)) = ended {
            if !mark.outer {
                self.host = Some(who);
            } else if self.host == Some(who) {
                self.host = self
                    .shells
                    .iter()
                    .find(|(_, shell)| shell.mark().is_some_and(|mark| !mark.outer))
                    .map(|(who, _)| *who);
            }
        }
        ended
    }

    /// Waits until a shell has something to say.
    pub fn wait(&self, at_most: Duration) {
        let shells: Vec<_> = self
            .shells
            .iter()
            .map(|(_, shell)| shell)
            .filter(|shell| !shell.is_closed())
            .collect();
        pty::wait(&shells, at_most);
    }

    /// The shells' descriptors, to wait on together with a keyboard.
    pub fn fds(&self) -> Vec<std::os::fd::BorrowedFd<'_>> {
        self.shells
            .iter()
            .filter(|(_, shell)| !shell.is_closed())
            .map(|(_, shell)| shell.fd())
            .collect()
    }

    /// Types bytes to a shell.
    pub fn write(&mut self, who: Who, bytes: &[u8]) {
        self.shell(who).write(bytes);
    }

    /// What a command has printed so far.
    pub fn output(&mut self, who: Who) -> String {
        self.shell(who).output()
    }

    /// Takes what a command has printed.
    pub fn take_output(&mut self, who: Who) -> String {
        self.shell(who).take_output()
    }

    /// Stops a command that hangs: Ctrl-C, a second for it, then SIGKILL to what
    /// is in the foreground.
    pub fn interrupt(&mut self, who: Who) {
        self.shell(who).write(b"\x03");
        if self.settle(who, Duration::from_secs(1)) {
            return;
        }
        if let Some(group) = self.shell(who).foreground() {
            let _ = kernel::kill(Pid::from_raw(-group), Signal::SIGKILL);
        }
        self.settle(who, Duration::from_secs(1));
    }

    fn settle(&mut self, who: Who, at_most: Duration) -> bool {
        let until = Instant::now() + at_most;
        while Instant::now() < until {
            if self.look(who, false).is_some() {
                return true;
            }
            self.wait(Duration::from_millis(50));
        }
        false
    }

    /// What facts are looked up in.
    pub fn world(&self) -> World<'_> {
        let pid = |who| {
            self.shells
                .iter()
                .find(|(one, _)| *one == who)
                .map(|(_, shell)| shell.pid)
        };
        let inside = self.shells.iter().find(|(who, _)| Some(*who) == self.host);
        World {
            sandbox: Path::new(self.bindings.get("BOX").unwrap_or("/")),
            bindings: &self.bindings,
            ground: pid(Who::Ground),
            learner: pid(Who::Learner),
            inside: inside
                .and_then(|(_, shell)| shell.foreground())
                .and_then(|pid| pid.try_into().ok()),
            before: &self.before,
        }
    }

    /// Ends everything at once; says what is left even now.
    pub fn leave(self) -> Vec<String> {
        self.ground.end()
    }

    /// Ends everything; says what the page has left running, and what is left
    /// even now.
    pub fn end(self) -> Vec<String> {
        let until = Instant::now() + crate::page::facts::PATIENCE;
        let mut strangers = self.ground.strangers();
        while !strangers.is_empty() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(15));
            strangers = self.ground.strangers();
        }
        let name = |pid: &u32| {
            std::fs::read_to_string(format!("/proc/{pid}/comm"))
                .unwrap_or_default()
                .trim_end()
                .to_owned()
        };
        let mut left: Vec<_> = strangers
            .iter()
            .map(|pid| format!("process {pid} ({}) still ran", name(pid)))
            .collect();
        left.extend(self.ground.end());
        left
    }
}
