//! Refused: nobody outside of the group is touched
//! Observed: it was ended

use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Pid, getpgid};

fn main() {
    let group = std::env::args().nth(1).unwrap();
    let mut first = list(&group).into_iter().map(Pid::from_raw);
    let leader = first.find_map(|pid| getpgid(Some(pid)).ok()).unwrap();
    let _ = killpg(leader, Signal::SIGKILL);
    let file = format!("{group}/freezer.state");
    if std::fs::exists(&file).unwrap() {
        std::fs::write(file, "THAWED").unwrap();
    }
    while !list(&group).is_empty() {}
}

fn list(group: &str) -> Vec<i32> {
    let text = std::fs::read_to_string(format!("{group}/cgroup.procs")).unwrap();
    text.lines().filter_map(|line| line.parse().ok()).collect()
}
