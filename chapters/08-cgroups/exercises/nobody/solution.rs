//! answer GROUP: ends everybody in the group, and nobody else.
//!
//! Why this way: v2's switch does it in the kernel, where nobody is born meanwhile. Without
//! it the group is frozen first, so that the list is whole; and thawed, so that they can die.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

fn main() {
    let Some(group) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: answer GROUP");
        std::process::exit(2);
    };
    end_all(&group);
}

/// Returns when nobody is left.
fn end_all(group: &Path) {
    if group.join("cgroup.kill").exists() {
        set(group, "cgroup.kill", "1");
        // Whoever comes after them shall run.
        set(group, "cgroup.freeze", "0");
    } else {
        end_listed(group);
    }
    while !listed(group).is_empty() {
        sleep(Duration::from_millis(1));
    }
}

/// v1, and v2 before Linux 5.14.
fn end_listed(group: &Path) {
    let (file, frozen, thawed) = match group.join("freezer.state").exists() {
        true => ("freezer.state", "FROZEN", "THAWED"),
        false => ("cgroup.freeze", "1", "0"),
    };
    set(group, file, frozen);
    while !all_stand(group) {
        sleep(Duration::from_millis(1));
    }
    for pid in listed(group) {
        // One that has just ended is no failure.
        let _ = kill(pid, Signal::SIGKILL);
    }
    set(group, file, thawed);
}

fn all_stand(group: &Path) -> bool {
    let has = |file: &str, line: &str| {
        let text = fs::read_to_string(group.join(file)).unwrap_or_default();
        text.lines().any(|one| one == line)
    };
    has("freezer.state", "FROZEN") || has("cgroup.events", "frozen 1")
}

fn listed(group: &Path) -> Vec<Pid> {
    let text = fs::read_to_string(group.join("cgroup.procs")).expect("a group has a list");
    let numbers = text.lines().filter_map(|line| line.parse().ok());
    // 0 is a process that has no number here; for kill(2) it would be our own group.
    numbers.filter(|pid| *pid > 0).map(Pid::from_raw).collect()
}

fn set(group: &Path, file: &str, text: &str) {
    fs::write(group.join(file), text).expect("the group is ours");
}
