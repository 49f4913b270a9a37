//! Another way: a folder in the new root takes the old one, and goes with it. What we were
//! started with is closed before, one by one.

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
    close_what_we_got();
    if let Err(failed) = forget_all_but(root) {
        eprintln!("answer: {failed}");
        exit(1);
    }
    let error = Command::new(command).args(arguments).exec();
    eprintln!("answer: cannot run {command}: {error}");
    exit(127);
}

fn close_what_we_got() {
    let open: Vec<i32> = std::fs::read_dir("/proc/self/fd")
        .expect("there is a /proc")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|number| *number > 2)
        .collect();
    for number in open {
        let _ = nix::unistd::close(number);
    }
}

/// From here on there is nothing but `root`.
fn forget_all_but(root: &str) -> Result<(), String> {
    let none = None::<&str>;
    let slave = MsFlags::MS_REC | MsFlags::MS_SLAVE;
    // With all that is mounted below it.
    let bind = MsFlags::MS_REC | MsFlags::MS_BIND;
    unshare(CloneFlags::CLONE_NEWNS).map_err(told("unshare"))?;
    mount(none, "/", none, slave, none).map_err(told("slave mounts"))?;
    mount(Some(root), root, none, bind, none).map_err(told("bind ROOT"))?;
    let old = format!("{root}/old-root");
    std::fs::create_dir(&old).map_err(told("make ROOT/old-root"))?;
    pivot_root(root, old.as_str()).map_err(told("pivot_root"))?;
    chdir("/").map_err(told("chdir"))?;
    umount2("/old-root", MntFlags::MNT_DETACH).map_err(told("umount2"))?;
    std::fs::remove_dir("/old-root").map_err(told("remove /old-root"))
}

/// What failed, for `map_err`: an error alone does not say which call it was.
fn told<E: std::fmt::Display>(call: &str) -> impl Fn(E) -> String {
    move |error| format!("{call}: {error}")
}
