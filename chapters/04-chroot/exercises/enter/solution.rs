//! answer ROOT COMMAND [ARGUMENT…]: the command, inside another root directory.
//!
//! Why this way: the call for `/` says nothing about where we stand, so we go there after
//! it; and one call for a range of descriptors has neither to find out which are open nor
//! to guess how high their numbers go. It is made by its number, since glibc has a
//! function for it from 2.34 on only.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::process::Command;

fn main() {
    let words: Vec<OsString> = std::env::args_os().skip(1).collect();
    let [root, command, arguments @ ..] = words.as_slice() else {
        eprintln!("usage: answer ROOT COMMAND [ARGUMENT…]");
        std::process::exit(2);
    };
    if let Err(error) = enter(root) {
        eprintln!("answer: cannot enter {root:?}: {error}");
        std::process::exit(125);
    }
    let error = Command::new(command).args(arguments).exec();
    eprintln!("answer: cannot run {command:?}: {error}");
    std::process::exit(127);
}

/// From here on `/` is `root`, and nothing of outside is held.
fn enter(root: &OsStr) -> nix::Result<()> {
    nix::unistd::chroot(root)?;
    nix::unistd::chdir("/")?;
    // SAFETY: takes numbers; nothing in this program owns a descriptor above 2.
    let result = unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, 0) };
    nix::errno::Errno::result(result).map(drop)
}
