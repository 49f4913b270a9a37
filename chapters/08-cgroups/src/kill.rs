//! Ending everybody in a group, also those who fork faster than they can be listed.
//!
//! v2 has a file for it since Linux 5.14: `cgroup.kill`. Before, and on v1, the group is
//! stopped first: who stands cannot fork, so the list is whole. On v1 a stopped process does
//! not even die: SIGKILL waits until it is let go.

use std::time::{Duration, Instant};

use groundwork::host::Version;
use groundwork::kernel::{self, Errno, Pid, Signal};
use groundwork::step;

use crate::error::{Error, Result};
use crate::files;
use crate::group::Group;

/// How long the dying may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(1);

impl Group {
    /// Ends everybody in it, and returns when nobody is left. Says how many were there when
    /// it began.
    ///
    /// # Errors
    /// The kernel refuses, or somebody does not die in time.
    pub fn kill(&self) -> Result<usize> {
        let count = self.processes().len();
        if count == 0 {
            return Ok(0);
        }
        let by_file = self.places.iter().find(|place| {
            place.version == Version::V2 && place.folder.join("cgroup.kill").exists()
        });
        match by_file {
            Some(place) => {
                step("One write ends everybody in the group, and who is just being born");
                let what = format!("end everybody in {}", self.name);
                files::write(&what, &place.folder, "cgroup.kill", "1")?;
                self.wait_for_emptiness(Instant::now() + PATIENCE)?;
            }
            None => self.kill_one_by_one()?,
        }
        Ok(count)
    }

    fn kill_one_by_one(&self) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        while !self.processes().is_empty() {
            // Without a freezer of ours: as often as it takes.
            let frozen = self.place("freezer").is_some() && self.freeze().is_ok();
            step("End everybody who is in the group");
            let killed = self.kill_listed();
            if frozen {
                self.thaw()?;
            }
            killed?;
            let soon = Instant::now() + Duration::from_millis(200);
            if self.wait_for_emptiness(soon.min(until)).is_err() && Instant::now() > until {
                break;
            }
        }
        self.wait_for_emptiness(until)
    }

    fn kill_listed(&self) -> Result<()> {
        for pid in self.processes() {
            match kernel::kill(Pid::from_raw(pid), Signal::SIGKILL) {
                Err(call) if call.errno() != Errno::ESRCH => {
                    let what = format!("end process {pid} of {}", self.name);
                    return Err(Error::Write { what, call });
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn wait_for_emptiness(&self, until: Instant) -> Result<()> {
        while !self.processes().is_empty() {
            if Instant::now() > until {
                return Err(Error::Slow {
                    name: self.name.clone(),
                    state: "empty".to_owned(),
                    seconds: PATIENCE.as_secs(),
                });
            }
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }
}
