//! answer ROOT UID GID GROUPS COMMAND [ARGUMENT…]: the command, inside, and not as root.
//!
//! Why this way: setgroups and setgid need what setuid gives away, so the user goes last;
//! setuid by root changes all ids at once, also the saved one.

use std::os::unix::process::CommandExt;
use std::process::{Command, exit};

use nix::unistd::{Gid, Uid};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [root, uid, gid, groups, command, arguments @ ..] = words.as_slice() else {
        eprintln!("usage: answer ROOT UID GID GROUPS COMMAND [ARGUMENT…]");
        exit(2);
    };
    let number = |text: &str| text.parse::<u32>().expect("an id is a number");
    // An empty list is none, and no number.
    let groups = groups.split(',').filter(|id| !id.is_empty());
    let groups: Vec<u32> = groups.map(number).collect();

    nix::unistd::chroot(root.as_str()).expect("root may");
    nix::unistd::chdir("/").expect("there is a /");
    if let Err(errno) = leave_root(number(uid), number(gid), &groups) {
        eprintln!("answer: still root, so nothing is started: {errno}");
        exit(125);
    }

    let error = Command::new(command).args(arguments).exec();
    eprintln!("answer: cannot run {command}: {error}");
    exit(127);
}

/// From here on this process is an ordinary one.
fn leave_root(uid: u32, gid: u32, groups: &[u32]) -> nix::Result<()> {
    let groups: Vec<Gid> = groups.iter().map(|id| Gid::from_raw(*id)).collect();
    nix::unistd::setgroups(&groups)?;
    nix::unistd::setgid(Gid::from_raw(gid))?;
    nix::unistd::setuid(Uid::from_raw(uid))
}
