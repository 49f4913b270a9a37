//! Refused: ROOT is the command's root directory
//! Observed: inode

use std::os::unix::process::CommandExt;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    nix::unistd::chdir(words[0].as_str()).unwrap();
    let error = std::process::Command::new(format!(".{}", words[1]))
        .args(&words[2..])
        .exec();
    panic!("{error}");
}
