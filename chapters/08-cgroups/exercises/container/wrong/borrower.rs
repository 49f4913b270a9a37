//! Refused: the program does it itself
//! Observed: done by another program: it started /

use std::process::Command;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let mut unshare = Command::new("unshare");
    unshare
        .args(["--pid", "--fork", "--mount", "--root", &words[0]])
        .args(&words[6..]);
    std::process::exit(unshare.status().unwrap().code().unwrap_or(1));
}
