//! Refused: the escape of 04.3 fails
//! Observed: the escape got out

use std::os::unix::process::CommandExt;
use std::process::{Command, exit};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::chdir;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [root, command, arguments @ ..] = words.as_slice() else {
        eprintln!("usage: answer ROOT COMMAND [ARGUMENT…]");
        exit(2);
    };
    if let Err(errno) = forget_all_but(root) {
        eprintln!("answer: {errno}");
        exit(1);
    }
    let error = Command::new(command).args(arguments).exec();
    eprintln!("answer: cannot run {command}: {error}");
    exit(127);
}

/// From here on there is nothing but `root`.
fn forget_all_but(root: &str) -> nix::Result<()> {
    let none = None::<&str>;
    unshare(CloneFlags::CLONE_NEWNS)?;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)?;
    mount(
        Some(root),
        root,
        none,
        MsFlags::MS_BIND | MsFlags::MS_REC,
        none,
    )?;
    chdir(root)?;
    nix::unistd::chroot(".")?;
    chdir("/")?;
    // SAFETY: takes numbers; nothing in this program owns a descriptor above 2.
    let closed = unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, 0) };
    nix::errno::Errno::result(closed).map(drop)
}
