//! Refused: the program does it itself
//! Observed: done by another program: it started /usr/

use std::process::Command;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let user = format!("--userspec={}:{}", words[1], words[2]);
    let groups = format!("--groups={}", words[3]);
    let mut chroot = Command::new("chroot");
    chroot.args([&user, &groups, &words[0]]).args(&words[4..]);
    std::process::exit(chroot.status().unwrap().code().unwrap());
}
