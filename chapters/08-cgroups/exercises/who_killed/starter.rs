//! answer GROUP MEGABYTES COMMAND [ARGUMENT…]: what ended the command?

use std::fs::File;
use std::io::Write;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, ExitStatus, exit};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [group, megabytes, command @ ..] = words.as_slice() else {
        eprintln!("usage: answer GROUP MEGABYTES COMMAND [ARGUMENT…]");
        exit(2);
    };
    let (group, megabytes) = (Path::new(group), megabytes.parse().expect("a number"));
    limit(group, megabytes);
    let status = run_in(group, command);
    println!("{}", what_ended(group, status));
}

/// From now on the group has this much memory, swap included.
fn limit(group: &Path, megabytes: u64) {
    let _ = (group, megabytes);
    todo!("write the limits");
}

/// `memory`, `signal N` or `status N`.
fn what_ended(group: &Path, status: ExitStatus) -> String {
    let _ = (group, status.signal(), status.code());
    todo!("who was it?");
}

/// The command, from its first instruction on in the group.
fn run_in(group: &Path, command: &[String]) -> ExitStatus {
    let list = File::options().write(true).open(group.join("cgroup.procs"));
    let list = list.expect("a group has a list of its processes");
    let mut start = Command::new(&command[0]);
    start.args(&command[1..]);
    // SAFETY: one write(2), of zero: the process that writes.
    unsafe { start.pre_exec(move || (&list).write_all(b"0")) };
    start.status().expect("the command can be started")
}
