//! Refused: the command is in the group from its first instruction on
//! Observed: it was moved out

use std::io::Write;
use std::os::unix::process::{CommandExt, ExitStatusExt};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let group = format!("{}/{}", words[0], words[1]);
    let beside = format!("{group}-beside");
    std::fs::create_dir(&group).unwrap();
    std::fs::create_dir(&beside).unwrap();
    let list = std::fs::File::create(format!("{group}/cgroup.procs")).unwrap();
    let mut command = std::process::Command::new(&words[2]);
    command.args(&words[3..]);
    // SAFETY: one write(2).
    unsafe { command.pre_exec(move || (&list).write_all(b"0")) };
    let mut child = command.spawn().unwrap();
    std::fs::write(format!("{beside}/cgroup.procs"), child.id().to_string()).unwrap();
    let status = child.wait().unwrap();
    std::fs::remove_dir(&group).unwrap();
    let by_signal = || 128 + status.signal().unwrap_or(0);
    std::process::exit(status.code().unwrap_or_else(by_signal));
}
