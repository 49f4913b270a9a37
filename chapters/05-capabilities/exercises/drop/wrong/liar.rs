//! Refused: the command has the capabilities of KEEP, and no others
//! Observed: CapPrm is all

use std::os::unix::process::CommandExt;
use std::process::Command;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    println!("CapPrm, CapEff and CapBnd are {} now", words[0]);
    panic!("{}", Command::new(&words[1]).args(&words[2..]).exec());
}
