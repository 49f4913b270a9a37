//! Refused: the group is gone when the program has ended
//! Observed: is still there

use std::io::Write;
use std::os::unix::process::CommandExt;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let group = format!("{}/{}", words[0], words[1]);
    std::fs::create_dir(&group).unwrap();
    let list = std::fs::File::create(format!("{group}/cgroup.procs")).unwrap();
    let mut command = std::process::Command::new(&words[2]);
    command.args(&words[3..]);
    // SAFETY: one write(2).
    unsafe { command.pre_exec(move || (&list).write_all(b"0")) };
    std::process::exit(command.status().unwrap().code().unwrap_or(1));
}
