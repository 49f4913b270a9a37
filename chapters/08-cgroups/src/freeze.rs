//! Stopping all processes of a group at once, and letting them go on: `cgroup.freeze` of v2,
//! the freezer tree of v1. The processes learn nothing of it, unlike with SIGSTOP.

use std::time::{Duration, Instant};

use groundwork::host::Version;
use groundwork::step;

use crate::error::{Error, Result};
use crate::files;
use crate::group::Group;

/// How long the kernel may take: a process that hangs in it cannot be stopped.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(1);

impl Group {
    /// Stops everybody in it. Returns when all stand.
    ///
    /// # Errors
    /// The group cannot be stopped here, or somebody in it did not stop in time.
    pub fn freeze(&self) -> Result<()> {
        step("Stop everybody in the group, wherever each is");
        self.write_state(true)?;
        self.wait_until(true, "frozen")
    }

    /// Lets everybody in it go on.
    ///
    /// # Errors
    /// The group cannot be stopped here, or the group above is stopped.
    pub fn thaw(&self) -> Result<()> {
        step("Let everybody in the group go on");
        self.write_state(false)?;
        self.wait_until(false, "thawed")
    }

    fn write_state(&self, frozen: bool) -> Result<()> {
        let place = self.place("freezer").ok_or_else(|| Error::Unsupported {
            what: "who runs".to_owned(),
            why: format!("{} has no folder in a freezer tree", self.name),
        })?;
        let (file, text) = match (place.version, frozen) {
            (Version::V2, true) => ("cgroup.freeze", "1"),
            (Version::V2, false) => ("cgroup.freeze", "0"),
            (Version::V1, true) => ("freezer.state", "FROZEN"),
            (Version::V1, false) => ("freezer.state", "THAWED"),
        };
        let what = format!("{} {}", if frozen { "freeze" } else { "thaw" }, self.name);
        files::write(&what, &place.folder, file, text)
    }

    fn wait_until(&self, frozen: bool, state: &str) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        // v2 does not call a group frozen that has nobody in it.
        while self.is_frozen() != Some(frozen) && !(frozen && self.processes().is_empty()) {
            if Instant::now() > until {
                return Err(Error::Slow {
                    name: self.name.clone(),
                    state: state.to_owned(),
                    seconds: PATIENCE.as_secs(),
                });
            }
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }
}
