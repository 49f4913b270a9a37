//! Refused: the program does it itself
//! Observed: done by another program: it started /usr/bin/perl

use std::process::{Command, exit};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let mut perl = Command::new("perl");
    perl.args(["-e", "open(STDIN, '<', shift); exec @ARGV"]);
    exit(perl.args(&words).status().unwrap().code().unwrap());
}
