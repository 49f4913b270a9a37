//! answer GROUP MEGABYTES COMMAND [ARGUMENT…]: what ended the command?

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, exit};

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
    let _ = (group, command);
    todo!("start it as in 08.2, and wait for it");
}
