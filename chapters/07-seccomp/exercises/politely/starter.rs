//! answer CALL ERROR COMMAND [ARGUMENT…]: the command, to which one call is refused.

use std::os::unix::process::CommandExt;
use std::process::{Command, exit};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [call, error, command, arguments @ ..] = words.as_slice() else {
        usage()
    };
    refuse(number(call), number(error));

    let error = Command::new(command).args(arguments).exec();
    eprintln!("answer: cannot run {command}: {error}");
    exit(127);
}

/// A word that has to be a number.
fn number(word: &str) -> u32 {
    word.parse().unwrap_or_else(|_| usage())
}

fn usage() -> ! {
    eprintln!("usage: answer CALL ERROR COMMAND [ARGUMENT…]");
    exit(2);
}

/// From here on `call` fails with `error`, in this process and in all that it becomes.
fn refuse(call: u32, error: u32) {
    let _ = (call, error);
    todo!("put a filter in place");
}
