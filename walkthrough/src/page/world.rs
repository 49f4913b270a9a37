//! What facts are looked up in: the processes of a page, its sandbox, and the
//! machine as it was before.

use std::path::{Path, PathBuf};

use super::facts::Truth;
use super::placeholder::Bindings;
use crate::proc;

/// What facts are looked up in.
#[derive(Debug)]
pub struct World<'a> {
    /// The folder in which the page runs.
    pub sandbox: &'a Path,
    /// What placeholders stand for.
    pub bindings: &'a Bindings,
    /// The `#` shell.
    pub ground: Option<u32>,
    /// The `$` shell.
    pub learner: Option<u32>,
    /// The program that a host shell has started.
    pub inside: Option<u32>,
    /// The machine before the page.
    pub before: &'a Before,
}

/// The machine before the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Before {
    pub(super) hostname: String,
    pub(super) mounts: Vec<String>,
}

impl Before {
    /// Looks at the machine now.
    pub fn now() -> Self {
        let hostname = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        Self {
            hostname,
            mounts: proc::mounts("self").unwrap_or_default(),
        }
    }
}

pub(super) fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Truth {
    if holds { Ok(()) } else { Err(otherwise()) }
}

pub(super) fn cannot(path: &Path, error: &std::io::Error) -> String {
    format!("cannot read {}: {error}", path.display())
}

pub(super) fn blanks_as_one(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl World<'_> {
    pub(super) fn process(&self, word: &str) -> Result<String, String> {
        let known = |pid: Option<u32>| {
            pid.map(|pid| pid.to_string())
                .ok_or_else(|| format!("no process is `{word}` now"))
        };
        match word {
            "ground" => known(self.ground),
            "learner" => known(self.learner),
            "inside" => known(self.inside),
            "self" => Ok(std::process::id().to_string()),
            number if number.parse::<u32>().is_ok() => Ok(number.to_owned()),
            _ => Err(format!("`{word}` is no process")),
        }
    }

    pub(super) fn path(&self, word: &str) -> Result<PathBuf, String> {
        let Some((first, rest)) = word
            .strip_prefix("/proc/")
            .and_then(|rest| rest.split_once('/'))
        else {
            return Ok(self.sandbox.join(word));
        };
        let pid = if ["ground", "learner", "inside"].contains(&first) {
            self.process(first)?
        } else {
            first.to_owned()
        };
        Ok(Path::new("/proc").join(pid).join(rest))
    }

    pub(super) fn meta(&self, word: &str) -> Result<std::fs::Metadata, String> {
        let path = self.path(word)?;
        std::fs::symlink_metadata(&path).map_err(|error| cannot(&path, &error))
    }

    pub(super) fn text(&self, word: &str) -> Result<String, String> {
        let path = self.path(word)?;
        std::fs::read_to_string(&path).map_err(|error| cannot(&path, &error))
    }

    pub(super) fn proc_text(&self, process: &str, file: &str) -> Result<String, String> {
        self.text(&format!("/proc/{}/{file}", self.process(process)?))
    }
}
