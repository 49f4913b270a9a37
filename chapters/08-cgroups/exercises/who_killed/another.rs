//! Another way: without the standard library's Command; the kernel's own structures are asked
//! by waitid(2), and swap is kept out on v1 by the group's own swappiness.

use std::ffi::CString;
use std::fs;

use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::{ForkResult, execv, fork};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let file = |name: &str| format!("{}/{name}", words[0]);
    let bytes = (words[1].parse::<u64>().unwrap() * 1024 * 1024).to_string();
    let counter = if fs::metadata(file("memory.stat")).is_ok()
        && fs::write(file("memory.max"), &bytes).is_ok()
    {
        let _ = fs::write(file("memory.swap.max"), "0");
        file("memory.events")
    } else {
        fs::write(file("memory.limit_in_bytes"), &bytes).unwrap();
        fs::write(file("memory.swappiness"), "0").unwrap();
        file("memory.oom_control")
    };
    let count = || {
        let text = fs::read_to_string(&counter).unwrap();
        let words: Vec<_> = text.split_whitespace().collect();
        let at = words.iter().position(|word| *word == "oom_kill").unwrap();
        words[at + 1].to_owned()
    };
    let before = count();
    let argv: Vec<CString> = words[2..]
        .iter()
        .map(|word| CString::new(word.as_str()).unwrap())
        .collect();
    // SAFETY: one thread only.
    let child = match unsafe { fork() }.unwrap() {
        ForkResult::Child => {
            fs::write(file("cgroup.procs"), std::process::id().to_string()).unwrap();
            panic!("{:?}", execv(&argv[0], &argv))
        }
        ForkResult::Parent { child } => child,
    };
    match waitid(Id::Pid(child), WaitPidFlag::WEXITED).unwrap() {
        WaitStatus::Exited(_, status) => println!("status {status}"),
        WaitStatus::Signaled(_, by, _) if by as i32 == 9 && count() != before => println!("memory"),
        WaitStatus::Signaled(_, by, _) => println!("signal {}", by as i32),
        other => panic!("{other:?}"),
    }
}
