//! Refused: the group is made before the command begins
//! Observed: it is not

use std::os::unix::process::CommandExt;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    // A plain folder with the right files: nobody reads them.
    let group = format!("/tmp/{}", words[1]);
    std::fs::create_dir(&group).unwrap();
    let list = format!("{group}/cgroup.procs");
    let mut command = std::process::Command::new(&words[2]);
    command.args(&words[3..]);
    // SAFETY: one thread only.
    unsafe { command.pre_exec(move || std::fs::write(&list, "0")) };
    let status = command.status().unwrap();
    std::fs::remove_dir_all(&group).unwrap();
    std::process::exit(status.code().unwrap_or(1));
}
