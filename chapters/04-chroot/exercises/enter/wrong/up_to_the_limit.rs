//! Refused: the command holds descriptors 0, 1 and 2 and no other
//! Observed: [0, 1, 2,

use std::os::unix::process::CommandExt;

fn main() {
    let words: Vec<std::ffi::OsString> = std::env::args_os().skip(1).collect();
    nix::unistd::chroot(words[0].as_os_str()).unwrap();
    nix::unistd::chdir("/").unwrap();
    // The limit holds for new descriptors; those above it stay open.
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: writes the limit, which is ours.
    unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) };
    for number in 3..limit.rlim_cur as i32 {
        let _ = nix::unistd::close(number);
    }
    let error = std::process::Command::new(&words[1])
        .args(&words[2..])
        .exec();
    panic!("{error}");
}
