//! Refused: the command gets its arguments
//! Observed: it got ["

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;

fn main() {
    let words: Vec<OsString> = std::env::args_os().skip(1).collect();
    nix::unistd::chroot(words[0].as_os_str()).unwrap();
    nix::unistd::chdir("/").unwrap();
    // SAFETY: takes numbers.
    unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, 0) };
    let joined = words[2..].join(OsStr::new(" "));
    let arguments = joined.as_bytes().split(|byte| *byte == b' ');
    let error = std::process::Command::new(&words[1])
        .args(arguments.map(OsStr::from_bytes))
        .exec();
    panic!("{error}");
}
