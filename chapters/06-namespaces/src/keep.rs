//! Keeping a namespace that nobody is in.
//!
//! A namespace lives as long as a process is in it, or its file /proc/PID/ns/KIND is open
//! somewhere or mounted somewhere: namespaces(7), "The /proc/pid/ns/ directory". So a bind
//! mount on a file keeps it, and gives it a name.

use std::path::PathBuf;

use groundwork::kernel::{self, Pid};
use groundwork::process::{Spawn, Waiting};
use groundwork::step;

use crate::error::{Error, Result};
use crate::kinds::Kind;

/// A namespace to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keep {
    /// Which of those that the process has made.
    pub kind: Kind,
    /// The file that it will be mounted on; it must exist.
    pub file: PathBuf,
}

/// Mounts the namespaces of `pid` on their files. If one cannot be, none is.
pub fn mount_on_files(pid: Pid, keeps: &[Keep]) -> Result<()> {
    step("Keep what would end with its last process: a bind mount holds it");
    for (done, Keep { kind, file }) in keeps.iter().enumerate() {
        let namespace = format!("/proc/{pid}/ns/{}", kind.link_of_the_newest());
        if let Err(call) = kernel::bind_mount(namespace, file) {
            let (kind, file) = (*kind, file.clone());
            for Keep { file, .. } in &keeps[..done] {
                let _ = kernel::detach(file);
            }
            return Err(Error::Keep { kind, file, call });
        }
    }
    Ok(())
}

/// A child that will do so for its parent, in the mount namespace of now.
///
/// A mount namespace cannot be kept from inside: the file would be mounted in the new one,
/// and vanish with it.
pub fn keeper(keeps: &[Keep]) -> Result<Waiting<Error>> {
    let parent = Pid::this();
    step("Leave a helper behind: it goes on seeing the old mounts");
    let waiting = Spawn::new()
        .holding(&[])
        .role("keeper")
        .hold_for_job(|| mount_on_files(parent, keeps));
    waiting.map_err(Error::from_start)
}
