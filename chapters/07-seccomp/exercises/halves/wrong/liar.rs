//! Refused: a filter is before every call of the command
//! Observed: Seccomp: 0

use std::os::unix::process::CommandExt;
use std::process::Command;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    println!("call {} has the limit {}", words[0], words[2]);
    panic!("{}", Command::new(&words[3]).args(&words[4..]).exec());
}
