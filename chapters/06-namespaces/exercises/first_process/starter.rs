//! answer COMMAND [ARGUMENT…]: the command in a PID namespace, under a PID 1 that works.

use std::os::unix::process::CommandExt;
use std::process::{Command, exit};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.is_empty() {
        eprintln!("usage: answer COMMAND [ARGUMENT…]");
        exit(2);
    }
    exit(outside(&words));
}

/// Makes the namespaces and PID 1, and waits for it; gives the exit status.
fn outside(words: &[String]) -> i32 {
    let _ = first_process as fn(&[String]) -> i32;
    let _ = words;
    todo!("make the namespaces and PID 1");
}

/// The life of PID 1; gives the command's exit status.
fn first_process(words: &[String]) -> i32 {
    let _ = become_command as fn(&[String]) -> !;
    let _ = words;
    todo!("mount proc, start the command, collect the dead");
}

/// The last thing that the command's process does as this program.
fn become_command(words: &[String]) -> ! {
    let error = Command::new(&words[0]).args(&words[1..]).exec();
    eprintln!("answer: cannot run {}: {error}", words[0]);
    exit(127);
}
