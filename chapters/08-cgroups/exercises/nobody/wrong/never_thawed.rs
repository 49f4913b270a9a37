//! Refused: the group can be used again
//! Observed: frozen

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

fn main() {
    let group = std::env::args().nth(1).unwrap();
    let v1 = format!("{group}/freezer.state");
    if std::fs::exists(&v1).unwrap() {
        std::fs::write(&v1, "FROZEN").unwrap();
        while std::fs::read_to_string(&v1).unwrap() != "FROZEN\n" {}
    } else {
        std::fs::write(format!("{group}/cgroup.freeze"), "1").unwrap();
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    for pid in list(&group) {
        let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
    }
    while !list(&group).is_empty() {}
}

fn list(group: &str) -> Vec<i32> {
    let text = std::fs::read_to_string(format!("{group}/cgroup.procs")).unwrap();
    text.lines().filter_map(|line| line.parse().ok()).collect()
}
