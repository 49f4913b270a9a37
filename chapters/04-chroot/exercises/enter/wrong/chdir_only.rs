//! Refused: ROOT is the command's root directory
//! Observed: inode

use std::os::unix::process::CommandExt;

fn main() {
    let words: Vec<std::ffi::OsString> = std::env::args_os().skip(1).collect();
    nix::unistd::chdir(words[0].as_os_str()).unwrap();
    let mut below = std::ffi::OsString::from(".");
    below.push(&words[1]);
    let error = std::process::Command::new(below).args(&words[2..]).exec();
    panic!("{error}");
}
