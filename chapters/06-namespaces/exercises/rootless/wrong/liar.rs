//! Refused: the command runs in a new user namespace
//! Observed: the user namespace of before

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
    println!(
        "{uid} {} 1\n{gid} {} 1\ndeny",
        nix::unistd::getuid(),
        nix::unistd::getgid()
    );
    Ok(())
}
