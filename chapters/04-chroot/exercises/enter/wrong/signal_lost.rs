//! Refused: the exit status is the command's
//! Observed: status 0

use std::os::unix::process::CommandExt;

fn main() {
    let words: Vec<std::ffi::OsString> = std::env::args_os().skip(1).collect();
    let root = words[0].clone();
    let mut child = std::process::Command::new(&words[1]);
    child.args(&words[2..]);
    // SAFETY: only system calls between fork and exec.
    unsafe {
        child.pre_exec(move || {
            nix::unistd::chroot(root.as_os_str())?;
            nix::unistd::chdir("/")?;
            libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, 4);
            Ok(())
        });
    }
    // Who is ended by a signal has no code.
    let status = child.status().unwrap();
    std::process::exit(status.code().unwrap_or(0));
}
