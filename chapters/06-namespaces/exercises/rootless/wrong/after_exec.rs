//! Refused: the maps are there when the command starts
//! Observed: no uid_map when it started; it came later

use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::sched::{CloneFlags, unshare};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (me, my_group) = (nix::unistd::getuid(), nix::unistd::getgid());
    let mut command = Command::new(&words[2]);
    command.args(&words[3..]);
    // SAFETY: a system call between fork and exec.
    unsafe { command.pre_exec(|| Ok(unshare(CloneFlags::CLONE_NEWUSER)?)) };
    let mut child = command.spawn().unwrap();
    let file = |name: &str| format!("/proc/{}/{name}", child.id());
    std::fs::write(file("setgroups"), "deny").unwrap();
    std::fs::write(file("uid_map"), format!("{} {me} 1", words[0])).unwrap();
    std::fs::write(file("gid_map"), format!("{} {my_group} 1", words[1])).unwrap();
    std::process::exit(child.wait().unwrap().code().unwrap_or(1));
}
