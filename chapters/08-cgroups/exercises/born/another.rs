//! Another way: on v2 the kernel makes the child in the group. On v1 it cannot, and the
//! child waits on a pipe until its parent has moved it.

use std::ffi::CString;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::path::Path;

use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Pid, execv, pipe};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let group = Path::new(&words[0]).join(&words[1]);
    fs::create_dir(&group).unwrap();
    let argv: Vec<CString> = words[2..]
        .iter()
        .map(|word| CString::new(word.as_str()).unwrap())
        .collect();
    let (wait, go) = pipe().unwrap();
    let folder = File::open(&group).unwrap();
    let born_there = clone_into(&folder);
    let child = born_there.unwrap_or_else(|| {
        // SAFETY: one thread only.
        unsafe { libc::fork() }
    });
    assert!(child >= 0, "no child");
    if child == 0 {
        drop(go);
        let _ = File::from(wait).read(&mut [0]);
        execv(&argv[0], &argv).unwrap();
    }
    drop(wait);
    if born_there.is_none() {
        let mut list = File::create(group.join("cgroup.procs")).unwrap();
        list.write_all(child.to_string().as_bytes()).unwrap();
    }
    drop(go);
    let status = match waitpid(Pid::from_raw(child), None).unwrap() {
        WaitStatus::Exited(_, status) => status,
        WaitStatus::Signaled(_, signal, _) => 128 + signal as i32,
        _ => 1,
    };
    fs::remove_dir(&group).unwrap();
    std::process::exit(status);
}

/// clone3 with CLONE_INTO_CGROUP; none if the folder is not one of v2, or the kernel older.
fn clone_into(folder: &File) -> Option<i32> {
    const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;
    let mut arguments = [0_u64; 11];
    arguments[0] = CLONE_INTO_CGROUP;
    arguments[4] = libc::SIGCHLD as u64;
    arguments[10] = folder.as_raw_fd() as u64;
    let size = size_of_val(&arguments);
    // SAFETY: as fork: no memory is shared, one thread only.
    let pid = unsafe { libc::syscall(libc::SYS_clone3, arguments.as_ptr(), size) };
    (pid >= 0).then_some(pid as i32)
}
