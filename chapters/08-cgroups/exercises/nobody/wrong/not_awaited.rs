//! Refused: the program ends with status 0 when nobody is left
//! Observed: still had to

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

fn main() {
    let group = std::env::args().nth(1).unwrap();
    let set = |name: &str, text: &str| std::fs::write(format!("{group}/{name}"), text).unwrap();
    let v1 = format!("{group}/freezer.state");
    if !std::fs::exists(&v1).unwrap() {
        set("cgroup.kill", "1");
        set("cgroup.freeze", "0");
        return;
    }
    set("freezer.state", "FROZEN");
    while std::fs::read_to_string(&v1).unwrap() != "FROZEN\n" {}
    for pid in list(&group) {
        let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
    }
    set("freezer.state", "THAWED");
}

fn list(group: &str) -> Vec<i32> {
    let text = std::fs::read_to_string(format!("{group}/cgroup.procs")).unwrap();
    text.lines().filter_map(|line| line.parse().ok()).collect()
}
