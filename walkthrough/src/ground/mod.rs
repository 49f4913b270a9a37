//! The ground: where the commands of a page run, and that is thrown away.
//!
//! ```text
//! STATE/grounds/NONCE/       0711
//!   ground.json              the mark: `era clean` knows it by this
//!   bashrc                   what our shells start with
//!   bin/era, era-chroot, …   our programs, all one file
//!   box/                     the sandbox: HOME of the page, the learner's own
//! ```
//!
//! # Layout
//!
//! - [`learner`]: who the learner is, also when root started the tour.
//! - [`pick`](mod@pick): which ground can be had here.
//! - [`place`]: on which file system a ground may lie.
//! - [`group`]: its own control group, for pages that want one.
//! - `prepare`: what is in its folder.
//! - [`guardian`]: the process that starts the shells, and that ends everything
//!   when the tour goes away, however it goes.
//! - [`guard`]: the tour's side of it.
//! - [`enter`]: the small programs between the guardian and bash.
//! - [`leftovers`]: what still carries a ground's mark.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

pub mod enter;
pub mod group;
pub mod guard;
pub mod guardian;
pub mod learner;
pub mod leftovers;
pub mod pick;
pub mod place;
mod prepare;

use groundwork::host::{self, Facts};

use crate::machine::guest::session::EMULATED;
use crate::probes;
use guard::Guard;
pub use learner::Learner;
pub use pick::pick;
use prepare::{nonce, prepare};

/// The variable that every process on a ground carries.
pub const MARK: &str = "ERA_GROUND";

/// What can go wrong with a ground.
#[derive(Debug, thiserror::Error)]
pub enum GroundError {
    /// A folder or file of it could not be made.
    #[error("cannot prepare a ground in {path}: {source}")]
    Prepare {
        /// Where.
        path: PathBuf,
        /// What the kernel said.
        source: std::io::Error,
    },
    /// No file system would do.
    #[error("no folder for a ground: {0}")]
    NoPlace(String),
    /// The guardian did not start, or went away.
    #[error("the guardian of the ground: {0}")]
    Guardian(String),
}

/// Who runs a shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// The learner, outside.
    Learner,
    /// Root of the ground: of a user namespace, or, where there is none to be had and the
    /// learner said yes, real root with mounts of its own.
    Ground,
    /// Real root.
    Real,
}

/// A folder, a guardian, and, when a `#` shell was asked for, its namespaces.
#[derive(Debug)]
pub struct Ground {
    /// The whole folder.
    pub folder: PathBuf,
    /// What its processes carry.
    pub nonce: String,
    /// Who the learner is.
    pub learner: Learner,
    /// The shells that were started, and the keeper of the namespaces.
    ours: Vec<u32>,
    /// The shells alone.
    shells: Vec<u32>,
    guard: Guard,
    /// The one that real root runs, once it was asked for.
    root: Option<Guard>,
    /// Root of the ground is real root: the kernel refuses user namespaces here, and
    /// the learner was asked.
    as_root: bool,
    /// Whether there is a control group, and why not; none where none was wanted.
    group: Option<Result<Grouped, String>>,
}

/// Who has made the ground's control group, and so puts shells into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grouped {
    /// The learner's guardian.
    ByLearner,
    /// The one that real root runs.
    ByRoot,
}

impl Ground {
    /// Makes one below `state`, or where a file system allows it.
    ///
    /// # Errors
    /// No place, no room, or no guardian.
    pub fn new(state: &Path, learner: &Learner) -> Result<Self, GroundError> {
        Self::prepared(state, learner, &[])
    }

    /// Makes one with a control group of its own, where that can be had.
    ///
    /// # Errors
    /// As [`Ground::new`]. Without a group it is a ground nevertheless.
    pub fn with_group(state: &Path, learner: &Learner) -> Result<Self, GroundError> {
        // Where systemd manages a user's groups, it is asked for one: systemd-run then
        // becomes our guardian, in a group in which nobody else is.
        let facts = Facts::here().with_env(std::env::vars_os());
        let scope: &[&str] = match learner.other || !host::systemd_gives_a_group(&facts) {
            true => &[],
            false => &host::DELEGATED_SCOPE,
        };
        let mut ground = Self::prepared(state, learner, scope)?;
        let place = if scope.is_empty() { "any" } else { "own" };
        ground.group = Some(match ground.guard.ask(&format!("group {place}")) {
            Ok(_) => Ok(Grouped::ByLearner),
            Err(error) => Err(error.to_string()),
        });
        Ok(ground)
    }

    /// `before` are the words of a command that starts the guardian.
    fn prepared(state: &Path, learner: &Learner, before: &[&str]) -> Result<Self, GroundError> {
        let nonce = nonce();
        let folder = place::choose(state, learner)?.join(&nonce);
        prepare(&folder, &nonce, learner).map_err(|source| {
            let _ = fs::remove_dir_all(&folder);
            GroundError::Prepare {
                path: folder.clone(),
                source,
            }
        })?;
        let era = folder.join("bin/era");
        let mut guardian = match before.split_first() {
            Some((first, rest)) => {
                let mut command = Command::new(first);
                command.args(rest).arg(&era);
                command
            }
            None => {
                let mut command = Command::new(&era);
                command.arg0("era-guardian").env_clear();
                // What takes its time there takes it for the judge, too.
                let emulated = std::env::var_os(EMULATED);
                command.envs(emulated.map(|value| (EMULATED, value)));
                command
            }
        };
        guardian
            .arg("__guardian")
            .arg(&folder)
            .args([learner.uid.to_string(), learner.gid.to_string()])
            .env(MARK, &nonce)
            .current_dir("/")
            // What the terminal sends when it goes (SIGHUP) is for the tour alone.
            .process_group(0);
        let guard = Guard::start(&mut guardian)?;
        let learner = learner.clone();
        Ok(Self {
            folder,
            nonce,
            learner,
            ours: Vec::new(),
            shells: Vec::new(),
            guard,
            root: None,
            as_root: false,
            group: None,
        })
    }

    /// Whether the page's shells have a control group of their own, and why not; none where
    /// the page wanted none.
    pub fn group(&self) -> Option<Result<(), &str>> {
        let group = self.group.as_ref()?;
        Some(group.as_ref().map(|_| ()).map_err(String::as_str))
    }

    /// Whether the page wanted a group, and there is none.
    pub fn lacks_group(&self) -> bool {
        matches!(self.group, Some(Err(_)))
    }

    /// Whether real root can be had.
    pub fn has_root(&self) -> bool {
        let real = || probes::look("root").is_some_and(|finding| finding.works());
        self.root.is_some() || real()
    }

    /// Asks for real root: sudo(8) asks on the terminal for what it wants.
    ///
    /// # Errors
    /// There is no sudo, or it said no.
    pub fn ask_for_root(&mut self) -> Result<(), GroundError> {
        if self.has_root() {
            return Ok(());
        }
        let mark = format!("{MARK}={}", self.nonce);
        let era = self.folder.join("bin/era");
        let mut sudo = Command::new("sudo");
        sudo.args(["--", "env", &mark])
            .arg(era)
            .arg("__guardian")
            .arg(&self.folder)
            .args([self.learner.uid, self.learner.gid].map(|id| id.to_string()));
        self.root = Some(Guard::start(&mut sudo)?);
        self.group_by_root();
        Ok(())
    }

    /// What the kernel refused to the learner, real root makes, for the learner; shells that
    /// are there already come in.
    fn group_by_root(&mut self) {
        let (Some(Err(_)), Some(root)) = (&self.group, &mut self.root) else {
            return;
        };
        let made = root.ask("group any").and_then(|_| {
            let shells = self.shells.iter();
            let mut joined = shells.map(|pid| root.ask(&format!("join {pid}")).map(drop));
            joined.try_for_each(|joined| joined)
        });
        let made = made.map(|()| Grouped::ByRoot);
        self.group = Some(made.map_err(|error| error.to_string()));
    }

    /// Lets real root play root of the ground: no user namespace any more, but still
    /// mounts of its own.
    ///
    /// # Errors
    /// As [`Ground::ask_for_root`].
    pub fn play_as_root(&mut self) -> Result<(), GroundError> {
        self.ask_for_root()?;
        self.as_root = true;
        Ok(())
    }

    /// Whether `#` is real root on this ground.
    pub fn is_played_as_root(&self) -> bool {
        self.as_root
    }

    /// The folder in which the page runs.
    pub fn sandbox(&self) -> PathBuf {
        self.folder.join("box")
    }

    /// Starts a shell on the terminal at `terminal`, for a page.
    ///
    /// # Errors
    /// What the guardian says: for [`Who::Ground`] the kernel may refuse the
    /// user namespace.
    pub fn shell(&mut self, who: Who, terminal: &Path) -> Result<u32, GroundError> {
        self.start(who, "-", terminal)
    }

    /// Starts a shell for the learner's own hands: with line editing, and with
    /// the kind of terminal that `TERM` names.
    ///
    /// # Errors
    /// As [`Ground::shell`].
    pub fn own_shell(&mut self, who: Who, terminal: &Path) -> Result<u32, GroundError> {
        let kind = std::env::var("TERM").unwrap_or_else(|_| "dumb".to_owned());
        self.start(who, &kind, terminal)
    }

    fn start(&mut self, who: Who, kind: &str, terminal: &Path) -> Result<u32, GroundError> {
        let for_root = who == Who::Real || (who == Who::Ground && self.as_root);
        let guard = match &mut self.root {
            Some(root) if for_root => root,
            _ => &mut self.guard,
        };
        let word = match who {
            Who::Learner => "learner",
            Who::Ground if self.as_root => "root-of-ground",
            Who::Ground => "ground",
            Who::Real => "real",
        };
        let answer = guard.ask(&format!("shell {word} {kind} {}", terminal.display()))?;
        let pids: Vec<u32> = answer
            .split(' ')
            .filter_map(|word| word.parse().ok())
            .collect();
        let shell = *pids
            .first()
            .ok_or_else(|| GroundError::Guardian(answer.clone()))?;
        self.ours.extend(pids);
        self.shells.push(shell);
        let guard = match (&self.group, &mut self.root) {
            (Some(Ok(Grouped::ByLearner)), _) => &mut self.guard,
            (Some(Ok(Grouped::ByRoot)), Some(root)) => root,
            _ => return Ok(shell),
        };
        // It has run nothing yet: the first command comes after this.
        guard.ask(&format!("join {shell}"))?;
        Ok(shell)
    }

    /// Starts the judge of an exercise's answer; gives its process.
    ///
    /// # Errors
    /// What the guardian says.
    pub fn judge(&mut self, exercise: &str, answer: &Path) -> Result<u32, GroundError> {
        let asked = format!("judge {exercise} {}", answer.display());
        let said = self.guard.ask(&asked)?;
        let judge = said.parse().map_err(|_| GroundError::Guardian(said))?;
        self.ours.push(judge);
        Ok(judge)
    }

    /// Processes that the page's commands have left running: what the guardian
    /// has below it, and what carries the mark, but for its own shells. (One that
    /// is changing its parent is seen by its mark, one without its environment by
    /// its parent.)
    pub fn strangers(&self) -> Vec<u32> {
        let mut found = crate::proc::descendants(self.guard.pid());
        found.extend(leftovers::processes(&self.nonce));
        found.sort_unstable();
        found.dedup();
        let guards = [Some(self.guard.pid()), self.root.as_ref().map(Guard::pid)];
        // sudo's own processes are not the page's.
        let behind_sudo = self
            .root
            .as_ref()
            .map(|root| crate::proc::descendants(root.pid()));
        let known = |pid: &u32| {
            let roots = behind_sudo
                .as_ref()
                .is_some_and(|family| family.contains(pid));
            self.ours.contains(pid) || guards.contains(&Some(*pid)) || roots
        };
        found.retain(|pid| !known(pid) && crate::proc::is_alive(&pid.to_string()));
        found
    }

    /// Ends everything on it and removes it; says what is left nevertheless.
    pub fn end(mut self) -> Vec<String> {
        self.close();
        leftovers::of(&self.nonce, &self.folder)
    }

    /// The learner's guardian first: what real root made and it may not remove,
    /// the other one does.
    fn close(&mut self) {
        self.guard.close();
        if let Some(root) = &mut self.root {
            root.close();
        }
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        self.close();
    }
}
