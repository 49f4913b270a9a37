//! Refused: the exit status is the command's
//! Observed: status 1

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, exit};

use nix::sched::{CloneFlags, unshare};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork, getgid, getuid};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    // SAFETY: one thread only.
    match unsafe { fork() }.unwrap() {
        ForkResult::Child => {
            drop(ours);
            child(&words[2..], theirs)
        }
        ForkResult::Parent { child } => {
            drop(theirs);
            ours.read_exact(&mut [0]).unwrap();
            write_maps(child, &words[0], &words[1]);
            ours.write_all(b".").unwrap();
            match waitpid(child, None).unwrap() {
                WaitStatus::Exited(_, status) => exit(status),
                WaitStatus::Signaled(_, by, _) => {
                    let _ = by;
                    exit(1)
                }
                other => unreachable!("{other:?} is no end"),
            }
        }
    }
}

fn child(command: &[String], mut parent: UnixStream) -> ! {
    unshare(CloneFlags::CLONE_NEWUSER).unwrap();
    parent.write_all(b".").unwrap();
    parent.read_exact(&mut [0]).unwrap();
    let error = Command::new(&command[0]).args(&command[1..]).exec();
    eprintln!("answer: cannot run {}: {error}", command[0]);
    exit(127);
}

fn write_maps(child: Pid, uid: &str, gid: &str) {
    let file = |name: &str| format!("/proc/{child}/{name}");
    std::fs::write(file("uid_map"), format!("{uid} {} 1\n", getuid())).unwrap();
    std::fs::write(file("setgroups"), "deny\n").unwrap();
    std::fs::write(file("gid_map"), format!("{gid} {} 1\n", getgid())).unwrap();
}
