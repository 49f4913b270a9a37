//! Where a probe looks.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::unistd::Uid;

use super::child::{self, Stopped};

/// What was tried on a machine, by the name of the trial.
type Tried = BTreeMap<String, Result<String, Stopped>>;

/// How long a trial may take before it is ended. None takes a hundredth of it where nothing
/// else runs; where much does, a verdict that comes too early would be a wrong one.
const PATIENCE: Duration = Duration::from_secs(8);

/// The machine, as a probe sees it. A library reads no environment: whoever has one hands
/// it in.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    root: PathBuf,
    env: BTreeMap<OsString, OsString>,
    work: PathBuf,
    /// For a recorded machine: what came of each trial there.
    tried: Option<Tried>,
}

impl Facts {
    /// This machine, and nothing known of the environment.
    pub fn here() -> Self {
        Facts {
            root: PathBuf::from("/"),
            work: PathBuf::from("."),
            ..Facts::default()
        }
    }

    /// A machine that was recorded: its files under `folder`, and in `tried.json` what came
    /// of each trial. The probes are the same; only the calls are not made.
    ///
    /// # Errors
    /// `tried.json` is missing or is no list of trials.
    pub fn recorded(folder: &Path) -> std::io::Result<Self> {
        let text = std::fs::read_to_string(folder.join("tried.json"))?;
        let tried = serde_json::from_str(&text)?;
        Ok(Facts {
            root: folder.to_owned(),
            work: PathBuf::from("."),
            tried: Some(tried),
            ..Facts::default()
        })
    }

    /// With this environment: PATH for the tools, CI and the like.
    pub fn with_env(mut self, env: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        self.env = env.into_iter().collect();
        self
    }

    /// With this folder to work in.
    pub fn with_work(mut self, work: impl Into<PathBuf>) -> Self {
        self.work = work.into();
        self
    }

    /// The folder to work in.
    pub(super) fn work(&self) -> &Path {
        &self.work
    }

    /// Whether nothing can be tried, since the machine is elsewhere.
    pub(super) fn is_recorded(&self) -> bool {
        self.tried.is_some()
    }

    /// A variable that is set to something.
    pub fn variable(&self, name: &str) -> Option<&OsStr> {
        let value = self.env.get(OsStr::new(name))?;
        (!value.is_empty()).then_some(value)
    }

    /// The whole environment.
    pub fn environment(&self) -> &BTreeMap<OsString, OsString> {
        &self.env
    }

    /// PATH, or the usual one where none was handed in; an empty one stays empty.
    pub(super) fn path_variable(&self) -> OsString {
        let given = self.env.get(OsStr::new("PATH")).cloned();
        given.unwrap_or_else(|| super::tools::default_path().to_owned())
    }

    /// Where a tool is. On a recorded machine it is where its trial says that it was run.
    pub(super) fn tool(&self, name: &str) -> Option<PathBuf> {
        let found = self.look(name, || {
            let path = super::tools::find(self, name);
            let path = path.ok_or_else(|| Stopped::Untried(String::new()))?;
            Ok(path.to_string_lossy().into_owned())
        });
        found.ok().map(PathBuf::from)
    }

    /// Where a file of the machine is: `/proc/swaps`.
    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// A file's text without the last line's end. None if it is not there or not ours to
    /// read.
    pub fn read(&self, path: &str) -> Option<String> {
        let bytes = std::fs::read(self.path(path)).ok()?;
        Some(String::from_utf8_lossy(&bytes).trim_end().to_owned())
    }

    /// A number of /proc/meminfo, proc_meminfo(5), in KiB: `MemAvailable`.
    pub fn meminfo(&self, field: &str) -> Option<u64> {
        let text = self.read("/proc/meminfo")?;
        let mut lines = text.lines().filter_map(|line| line.split_once(':'));
        let (_, value) = lines.find(|(name, _)| *name == field)?;
        value.trim().trim_end_matches(" kB").parse().ok()
    }

    /// Whether a file is there.
    pub(super) fn exists(&self, path: &str) -> bool {
        self.path(path).symlink_metadata().is_ok()
    }

    /// A field of /proc/self/status, proc_pid_status(5).
    pub(super) fn status(&self, field: &str) -> Option<String> {
        let text = self.read("/proc/self/status")?;
        let line = text.lines().find_map(|line| line.strip_prefix(field))?;
        Some(line.strip_prefix(':')?.trim().to_owned())
    }

    /// The effective user.
    pub(super) fn uid(&self) -> u32 {
        let recorded = || {
            let ids = self.status("Uid")?;
            ids.split_whitespace().nth(1)?.parse().ok()
        };
        if self.is_recorded() {
            recorded().unwrap_or(1000)
        } else {
            Uid::effective().as_raw()
        }
    }

    /// Whether a capability is effective, by its number in capabilities(7).
    pub(super) fn capable(&self, capability: u8) -> bool {
        let recorded = || u64::from_str_radix(&self.status("CapEff")?, 16).ok();
        let effective = if self.is_recorded() {
            recorded().unwrap_or(0)
        } else {
            crate::kernel::capget().map_or(0, |sets| sets.effective)
        };
        effective & (1 << capability) != 0
    }

    /// Tries something in a child that is thrown away. On a recorded machine: what came of
    /// it there.
    pub(super) fn attempt(
        &self,
        name: &str,
        body: impl FnOnce() -> Result<String, Stopped>,
    ) -> Result<String, Stopped> {
        match &self.tried {
            Some(tried) => self.recall(tried, name),
            None => child::attempt(PATIENCE, body),
        }
    }

    /// As [`Facts::attempt`], without a child: for what changes nothing in this process.
    pub(super) fn look(
        &self,
        name: &str,
        body: impl FnOnce() -> Result<String, Stopped>,
    ) -> Result<String, Stopped> {
        match &self.tried {
            Some(tried) => self.recall(tried, name),
            None => body(),
        }
    }

    fn recall(&self, tried: &Tried, name: &str) -> Result<String, Stopped> {
        let missing = || Err(Stopped::Untried("it was not tried there".to_owned()));
        tried.get(name).cloned().unwrap_or_else(missing)
    }
}
