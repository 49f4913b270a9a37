//! Refused: the command is started
//! Observed: Operation not permitted

use std::os::unix::process::CommandExt;
use std::process::{Command, exit};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [uid, gid, command, arguments @ ..] = words.as_slice() else {
        eprintln!("usage: answer UID GID COMMAND [ARGUMENT…]");
        exit(2);
    };
    let number = |text: &str| text.parse::<u32>().expect("an id is a number");
    if let Err(error) = become_somebody(number(uid), number(gid)) {
        eprintln!("answer: {error}");
        exit(1);
    }
    let error = Command::new(command).args(arguments).exec();
    eprintln!("answer: cannot run {command}: {error}");
    exit(127);
}

/// A user namespace in which we are `uid` and `gid`.
fn become_somebody(uid: u32, gid: u32) -> std::io::Result<()> {
    nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWUSER)?;
    let (me, my_group) = (nix::unistd::getuid(), nix::unistd::getgid());
    std::fs::write("/proc/self/setgroups", "deny")?;
    std::fs::write("/proc/self/uid_map", format!("{uid} {me} 1"))?;
    std::fs::write("/proc/self/gid_map", format!("{gid} {my_group} 1"))
}
