//! Refused: what cannot be given up is an error, and the command is not started
//! Observed: GID is 6

use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::unistd::{Gid, Uid, setgid, setgroups, setuid};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let uid = Uid::from_raw(words[1].parse().unwrap());
    let gid = Gid::from_raw(words[2].parse().unwrap());
    let groups = words[3].split(',').filter(|id| !id.is_empty());
    let groups = groups.map(|id| Gid::from_raw(id.parse().unwrap()));
    let groups: Vec<Gid> = groups.collect();
    nix::unistd::chroot(words[0].as_str()).unwrap();
    nix::unistd::chdir("/").unwrap();
    setgroups(&groups).unwrap();
    let _ = setgid(gid);
    setuid(uid).unwrap();
    panic!("{}", Command::new(&words[4]).args(&words[5..]).exec());
}
