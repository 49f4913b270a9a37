//! Refused: whoever was in the group has ended
//! Observed: it runs in another group

use std::fs;

fn main() {
    let group = std::env::args().nth(1).unwrap();
    let v1 = fs::exists(format!("{group}/freezer.state")).unwrap();
    let beside = format!("{group}-beside");
    fs::create_dir(&beside).unwrap();
    let freeze = |on: bool| match (v1, on) {
        (true, true) => fs::write(format!("{group}/freezer.state"), "FROZEN").unwrap(),
        (true, false) => fs::write(format!("{group}/freezer.state"), "THAWED").unwrap(),
        (false, on) => {
            fs::write(format!("{group}/cgroup.freeze"), if on { "1" } else { "0" }).unwrap();
        }
    };
    while !list(&group).is_empty() {
        freeze(true);
        std::thread::sleep(std::time::Duration::from_millis(30));
        for pid in list(&group) {
            let _ = fs::write(format!("{beside}/cgroup.procs"), pid.to_string());
        }
        freeze(false);
    }
}

fn list(group: &str) -> Vec<i32> {
    let text = std::fs::read_to_string(format!("{group}/cgroup.procs")).unwrap();
    text.lines().filter_map(|line| line.parse().ok()).collect()
}
