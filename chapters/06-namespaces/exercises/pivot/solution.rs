//! answer ROOT COMMAND [ARGUMENT…]: the command in a root of its own, the old one forgotten.
//!
//! Why this way: a dot for both places needs no folder for the old root, and leaves nothing
//! in the new one that somebody would have to remove. An open folder keeps the old root
//! within reach, whoever opened it, so all descriptors but the first three are closed.

use std::os::unix::process::CommandExt;
use std::process::{Command, exit};

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{chdir, pivot_root};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [root, command, arguments @ ..] = words.as_slice() else {
        eprintln!("usage: answer ROOT COMMAND [ARGUMENT…]");
        exit(2);
    };
    if let Err(failed) = forget_all_but(root) {
        eprintln!("answer: {failed}");
        exit(1);
    }
    let error = Command::new(command).args(arguments).exec();
    eprintln!("answer: cannot run {command}: {error}");
    exit(127);
}

/// From here on there is nothing but `root`, neither mounted nor held.
fn forget_all_but(root: &str) -> Result<(), String> {
    let none = None::<&str>;
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    let bind = MsFlags::MS_REC | MsFlags::MS_BIND;
    unshare(CloneFlags::CLONE_NEWNS).map_err(told("unshare"))?;
    mount(none, "/", none, private, none).map_err(told("private mounts"))?;
    mount(Some(root), root, none, bind, none).map_err(told("bind ROOT"))?;
    chdir(root).map_err(told("chdir ROOT"))?;
    pivot_root(".", ".").map_err(told("pivot_root"))?;
    umount2(".", MntFlags::MNT_DETACH).map_err(told("umount2"))?;
    chdir("/").map_err(told("chdir /"))?;
    // SAFETY: takes numbers; nothing in this program owns a descriptor above 2.
    let closed = unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, 0) };
    let closed = nix::errno::Errno::result(closed);
    closed.map(drop).map_err(told("close_range"))
}

/// What failed, for `map_err`: an error alone does not say which call it was.
fn told<E: std::fmt::Display>(call: &str) -> impl Fn(E) -> String {
    move |error| format!("{call}: {error}")
}
