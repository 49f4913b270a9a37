//! Moving a running process into a group: its number, written into `cgroup.procs`.
//!
//! All of its threads move, and children that it has later are born there. What it has used
//! before stays counted where it was used; memory, too.

use std::fs;
use std::path::Path;

use groundwork::step;

use crate::error::Result;
use crate::files;
use crate::group::Group;
use crate::home::Place;

impl Group {
    /// Moves a process into this group: on v1, in each tree. If one of them refuses, it is
    /// put back where it was.
    ///
    /// # Errors
    /// There is no such process, it is not ours to move, or the group does not take it.
    // ANCHOR: add
    pub fn add(&self, pid: i32) -> Result<()> {
        let before = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
        step(&format!("Move process {pid} into the group {}", self.name));
        for (done, place) in self.places.iter().enumerate() {
            if let Err(error) = write_pid(&place.folder, pid) {
                put_back(&self.places[..done], pid, &before);
                return Err(error);
            }
        }
        Ok(())
    }
    // ANCHOR_END: add
}

/// Back to where /proc/PID/cgroup said before that the process was.
fn put_back(moved: &[Place], pid: i32, before: &str) {
    for place in moved {
        if let Some(folder) = place.hierarchy.group_in(before) {
            let _ = write_pid(&folder, pid);
        }
    }
}

/// Moves a process in one tree.
pub(crate) fn write_pid(folder: &Path, pid: i32) -> Result<()> {
    let what = format!("move process {pid} into {}", folder.display());
    files::write(&what, folder, "cgroup.procs", &pid.to_string())
}
