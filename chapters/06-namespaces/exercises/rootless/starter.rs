//! answer UID GID COMMAND [ARGUMENT…]: the command, as somebody else in a user namespace.

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
    let _ = (uid, gid, told::<std::io::Error>);
    todo!("make the namespace and write its maps");
}

/// What failed, for `map_err`: an error alone does not say which call it was.
fn told<E: std::fmt::Display>(call: &str) -> impl Fn(E) -> String {
    move |error| format!("{call}: {error}")
}
