//! Refused: ROOT is the command's root directory
//! Observed: inode

use std::os::unix::process::CommandExt;

fn main() {
    let words: Vec<std::ffi::OsString> = std::env::args_os().skip(1).collect();
    nix::unistd::chdir(words[0].as_os_str()).unwrap();
    // SAFETY: takes numbers.
    unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, 0) };
    let error = std::process::Command::new(&words[1])
        .args(&words[2..])
        .exec();
    panic!("{error}");
}
