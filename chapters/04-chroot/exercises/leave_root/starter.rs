//! answer ROOT UID GID GROUPS COMMAND [ARGUMENT…]: the command, inside, and not as root.

use std::os::unix::process::CommandExt;
use std::process::{Command, exit};

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
    leave_root(number(uid), number(gid), &groups);

    let error = Command::new(command).args(arguments).exec();
    eprintln!("answer: cannot run {command}: {error}");
    exit(127);
}

/// From here on this process is an ordinary one.
fn leave_root(uid: u32, gid: u32, groups: &[u32]) {
    let _ = (uid, gid, groups);
    todo!("give up groups and ids");
}
