//! Refused: its supplementary groups are exactly GROUPS
//! Observed: []

use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::unistd::{Gid, setgid, setgroups};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let gid = Gid::from_raw(words[2].parse().unwrap());
    let groups = words[3].split(',').filter(|id| !id.is_empty());
    let groups = groups.map(|id| Gid::from_raw(id.parse().unwrap()));
    let groups: Vec<Gid> = groups.collect();
    nix::unistd::chroot(words[0].as_str()).unwrap();
    nix::unistd::chdir("/").unwrap();
    setgroups(&groups).unwrap();
    setgid(gid).unwrap();
    let mut command = Command::new(&words[4]);
    command.uid(words[1].parse().unwrap());
    panic!("{}", command.args(&words[5..]).exec());
}
