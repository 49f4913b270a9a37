//! Refused: nobody is left in the group after a second
//! Observed: of them

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

fn main() {
    let group = std::env::args().nth(1).unwrap();
    // By signals, so the same race: who is born meanwhile is not stopped.
    while !list(&group).is_empty() {
        for signal in [Signal::SIGSTOP, Signal::SIGKILL] {
            for pid in list(&group) {
                let _ = kill(Pid::from_raw(pid), signal);
            }
        }
    }
}

fn list(group: &str) -> Vec<i32> {
    let text = std::fs::read_to_string(format!("{group}/cgroup.procs")).unwrap();
    text.lines().filter_map(|line| line.parse().ok()).collect()
}
