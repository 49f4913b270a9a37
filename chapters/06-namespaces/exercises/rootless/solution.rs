//! answer UID GID COMMAND [ARGUMENT…]: the command, as somebody else in a user namespace.
//!
//! Why this way: `fs::write` hands the whole text to one write(2), which is what the kernel
//! asks for; and who we are is asked before, since inside we are nobody at first.

use std::os::unix::process::CommandExt;
use std::process::{Command, exit};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [uid, gid, command, arguments @ ..] = words.as_slice() else {
        eprintln!("usage: answer UID GID COMMAND [ARGUMENT…]");
        exit(2);
    };
    let number = |text: &str| text.parse::<u32>().expect("an id is a number");
    if let Err(failed) = become_somebody(number(uid), number(gid)) {
        eprintln!("answer: {failed}");
        exit(1);
    }
    let error = Command::new(command).args(arguments).exec();
    eprintln!("answer: cannot run {command}: {error}");
    exit(127);
}

/// A user namespace in which we are `uid` and `gid`.
fn become_somebody(uid: u32, gid: u32) -> Result<(), String> {
    let (me, my_group) = (nix::unistd::getuid(), nix::unistd::getgid());
    let write = |file: &str, text: String| {
        std::fs::write(format!("/proc/self/{file}"), text).map_err(told(file))
    };
    nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWUSER).map_err(told("unshare"))?;
    write("setgroups", "deny".to_owned())?;
    write("uid_map", format!("{uid} {me} 1"))?;
    write("gid_map", format!("{gid} {my_group} 1"))
}

/// What failed, for `map_err`: an error alone does not say which call it was.
fn told<E: std::fmt::Display>(call: &str) -> impl Fn(E) -> String {
    move |error| format!("{call}: {error}")
}
