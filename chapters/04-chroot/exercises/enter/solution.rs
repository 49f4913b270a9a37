//! answer ROOT COMMAND [ARGUMENT…]: the command, inside another root directory.
//!
//! Why this way: the call for `/` says nothing about where we stand, so we go there; and
//! close-on-exec leaves our own errors a way out until the very end.

use std::os::unix::process::CommandExt;
use std::process::Command;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [root, command, arguments @ ..] = words.as_slice() else {
        eprintln!("usage: answer ROOT COMMAND [ARGUMENT…]");
        std::process::exit(2);
    };
    if let Err(error) = enter(root) {
        eprintln!("answer: cannot enter {root}: {error}");
        std::process::exit(125);
    }
    let error = Command::new(command).args(arguments).exec();
    eprintln!("answer: cannot run {command}: {error}");
    std::process::exit(127);
}

/// From here on `/` is `root`, and nothing of outside is held.
fn enter(root: &str) -> nix::Result<()> {
    nix::unistd::chroot(root)?;
    nix::unistd::chdir("/")?;
    const CLOSE_RANGE_CLOEXEC: libc::c_int = 1 << 2;
    // SAFETY: takes numbers, and closes nothing before exec does.
    let result = unsafe {
        libc::syscall(
            libc::SYS_close_range,
            3,
            libc::c_uint::MAX,
            CLOSE_RANGE_CLOEXEC,
        )
    };
    nix::errno::Errno::result(result).map(drop)
}
