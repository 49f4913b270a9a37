//! answer ROOT COMMAND [ARGUMENT…]: the command in a root of its own, the old one forgotten.

use std::os::unix::process::CommandExt;
use std::process::{Command, exit};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [root, command, arguments @ ..] = words.as_slice() else {
        eprintln!("usage: answer ROOT COMMAND [ARGUMENT…]");
        exit(2);
    };
    if let Err(failed) = forget_all_but(root) {
        eprintln!("answer: {failed}");
        exit(1);
    }
    let error = Command::new(command).args(arguments).exec();
    eprintln!("answer: cannot run {command}: {error}");
    exit(127);
}

/// From here on there is nothing but `root`, neither mounted nor held.
fn forget_all_but(root: &str) -> Result<(), String> {
    let _ = (root, told::<nix::Error>);
    todo!("pivot");
}

/// What failed, for `map_err`: an error alone does not say which call it was.
fn told<E: std::fmt::Display>(call: &str) -> impl Fn(E) -> String {
    move |error| format!("{call}: {error}")
}
