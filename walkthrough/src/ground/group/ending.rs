//! The end of a group: of everybody in it, then of its folders.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use groundwork::kernel::{self, Errno, Pid, Signal};

use super::{PATIENCE, words};

/// Ends every process in these groups and below. One that is frozen in v1 dies only when it
/// is thawed.
pub fn kill_all(folders: &[&Path]) {
    let until = Instant::now() + PATIENCE;
    loop {
        let groups: Vec<PathBuf> = folders.iter().flat_map(|folder| tree(folder)).collect();
        let inside: Vec<i32> = groups.iter().flat_map(|group| pids(group)).collect();
        if inside.is_empty() || Instant::now() > until {
            return;
        }
        for pid in inside {
            let _ = kernel::kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
        thaw_all(folders);
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Lets everybody who is frozen in these groups and below go on.
pub fn thaw_all(folders: &[&Path]) {
    for group in folders.iter().flat_map(|folder| tree(folder)) {
        for (file, thawed) in [("freezer.state", "THAWED"), ("cgroup.freeze", "0")] {
            if group.join(file).exists() {
                let _ = fs::write(group.join(file), thawed);
            }
        }
    }
}

/// Removes a group and those below it, the lowest first. The kernel may hold one for a
/// moment after its last process.
///
/// # Errors
/// What the kernel said for the group itself.
pub fn remove(group: &Path) -> io::Result<()> {
    let until = Instant::now() + PATIENCE;
    let mut removed = Ok(());
    for one in tree(group).iter().rev() {
        removed = fs::remove_dir(one);
        while matches!(&removed, Err(error) if error.raw_os_error() == Some(Errno::EBUSY as i32))
            && Instant::now() < until
        {
            std::thread::sleep(Duration::from_millis(5));
            removed = fs::remove_dir(one);
        }
    }
    removed
}

/// A group and all below it, each after the one that it is in.
fn tree(group: &Path) -> Vec<PathBuf> {
    let below = below(group);
    let mut all = vec![group.to_owned()];
    all.extend(below.iter().flat_map(|one| tree(one)));
    all
}

pub(super) fn below(group: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(group).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    folders.map(|entry| entry.path()).collect()
}

/// Who is in a group, but for those whom this PID namespace does not see.
pub(super) fn pids(group: &Path) -> Vec<i32> {
    let listed = words(&group.join("cgroup.procs")).into_iter();
    let numbers = listed.filter_map(|word| word.parse().ok());
    numbers.filter(|pid| *pid > 0).collect()
}
