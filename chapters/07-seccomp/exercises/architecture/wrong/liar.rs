//! Refused: a filter is before every call of the command
//! Observed: Seccomp: 0

use std::os::unix::process::CommandExt;
use std::process::Command;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    println!("ld [4]\njeq #0xc000003e, ok\nret #0x80000000\nok: ld [0]");
    println!("calls {} and {} are refused", words[0], words[1]);
    panic!("{}", Command::new(&words[2]).args(&words[3..]).exec());
}
