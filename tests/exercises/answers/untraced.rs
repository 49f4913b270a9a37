//! Starts another program in a child that is not traced.

fn main() {
    let words: Vec<std::ffi::OsString> = std::env::args_os().skip(1).collect();
    let flags = libc::CLONE_UNTRACED | libc::SIGCHLD;
    // SAFETY: no new stack and one thread only, so it is a fork.
    let child = unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) };
    if child == 0 {
        std::thread::sleep(std::time::Duration::from_millis(50));
        let _ = std::process::Command::new("chroot").args(&words).status();
        std::process::exit(1);
    }
    let _ = nix::sys::wait::wait();
}
