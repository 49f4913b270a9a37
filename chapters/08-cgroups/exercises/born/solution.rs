//! answer PARENT NAME COMMAND [ARGUMENT…]: the command in a control group of its own.
//!
//! Why this way: the child moves itself, between fork and exec. There nobody can come too
//! late, it is the same on v1 and on v2, and a move that fails is a command that never ran.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, exit};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [parent, name, command @ ..] = words.as_slice() else {
        eprintln!("usage: answer PARENT NAME COMMAND [ARGUMENT…]");
        exit(2);
    };
    let group = Path::new(parent).join(name);
    fs::create_dir(&group).expect("PARENT may be written");
    let status = run_in(&group, command);
    fs::remove_dir(&group).expect("nobody is left in it");
    exit(status);
}

/// Runs the command in the group; gives its exit status.
fn run_in(group: &Path, command: &[String]) -> i32 {
    // Opened before the fork: after it, only system calls are safe.
    let list = File::options().write(true).open(group.join("cgroup.procs"));
    let list = list.expect("a group has a list of its processes");
    let mut start = Command::new(&command[0]);
    start.args(&command[1..]);
    // SAFETY: one write(2), of zero: the process that writes.
    unsafe { start.pre_exec(move || (&list).write_all(b"0")) };
    match start.status() {
        Ok(status) => status.code().unwrap_or(128 + status.signal().unwrap_or(0)),
        Err(error) => {
            eprintln!("answer: cannot run {}: {error}", command[0]);
            127
        }
    }
}
