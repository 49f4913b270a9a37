//! Refused: the command is started
//! Observed: it said: called `Result::unwrap()` on an `Err` value

use std::os::unix::process::CommandExt;

fn main() {
    let words: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|word| word.into_string().unwrap())
        .collect();
    nix::unistd::chroot(words[0].as_str()).unwrap();
    nix::unistd::chdir("/").unwrap();
    // SAFETY: takes numbers.
    unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, 0) };
    let error = std::process::Command::new(&words[1])
        .args(&words[2..])
        .exec();
    panic!("{error}");
}
