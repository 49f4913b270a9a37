//! answer ROOT GROUP MEGABYTES KEEP CALL ERROR COMMAND [ARGUMENT…]: a container.

use std::path::PathBuf;
use std::process::exit;

/// What a container is asked to be.
struct Asked {
    root: String,
    group: PathBuf,
    megabytes: u64,
    /// A bit for each capability.
    keep: u64,
    call: u32,
    error: u32,
    command: Vec<String>,
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [root, group, megabytes, keep, call, error, command @ ..] = words.as_slice() else {
        eprintln!("usage: answer ROOT GROUP MEGABYTES KEEP CALL ERROR COMMAND [ARGUMENT…]");
        exit(2);
    };
    let number = |text: &str| text.parse::<u32>().expect("a number");
    let asked = Asked {
        root: root.clone(),
        group: group.into(),
        megabytes: number(megabytes).into(),
        keep: keep.split(',').fold(0, |set, bit| set | 1 << number(bit)),
        call: number(call),
        error: number(error),
        command: command.to_vec(),
    };
    exit(contain(&asked));
}

/// Runs the command in a container, says what ended it, and gives the exit status.
fn contain(asked: &Asked) -> i32 {
    let _ = (&asked.root, &asked.group, asked.megabytes, &asked.command);
    let _ = (asked.keep, asked.call, asked.error);
    todo!("three processes, seven parts");
}
