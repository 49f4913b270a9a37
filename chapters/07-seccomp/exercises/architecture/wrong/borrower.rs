//! Refused: the program does it itself
//! Observed: done by another program: it started /

use std::process::Command;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec \"$@\"", "sh"]).args(&words[2..]);
    std::process::exit(shell.status().unwrap().code().unwrap_or(1));
}
