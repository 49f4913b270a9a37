//! Another way: the calls that name all three ids of each kind. To them -1 means "leave it as
//! it is" and is no error, so what came of them is asked.

use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::unistd::{Gid, Uid, getresgid, getresuid, setgroups, setresgid, setresuid};

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
    setresgid(gid, gid, gid).unwrap();
    setresuid(uid, uid, uid).unwrap();
    let (user, group) = (getresuid().unwrap(), getresgid().unwrap());
    assert_eq!([user.real, user.effective, user.saved], [uid; 3]);
    assert_eq!([group.real, group.effective, group.saved], [gid; 3]);
    panic!("{}", Command::new(&words[4]).args(&words[5..]).exec());
}
