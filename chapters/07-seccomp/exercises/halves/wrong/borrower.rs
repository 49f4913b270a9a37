//! Refused: the program does it itself
//! Observed: done by another program: it started /

use std::process::Command;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let mut perl = Command::new("perl");
    perl.args(["-e", "exec @ARGV"]).args(&words[3..]);
    std::process::exit(perl.status().unwrap().code().unwrap_or(1));
}
