//! Refused: nobody is left in the group after a second
//! Observed: of them

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

fn main() {
    let group = std::env::args().nth(1).unwrap();
    let v1 = std::fs::exists(format!("{group}/freezer.state")).unwrap();
    let (name, on, off) = match v1 {
        true => ("freezer.state", "FROZEN", "THAWED"),
        false => ("cgroup.freeze", "1", "0"),
    };
    let set = |text: &str| std::fs::write(format!("{group}/{name}"), text).unwrap();
    // Who is about to stop is not stopped.
    set(on);
    for pid in list(&group) {
        let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
    }
    set(off);
    while !list(&group).is_empty() {}
}

fn list(group: &str) -> Vec<i32> {
    let text = std::fs::read_to_string(format!("{group}/cgroup.procs")).unwrap();
    text.lines().filter_map(|line| line.parse().ok()).collect()
}
