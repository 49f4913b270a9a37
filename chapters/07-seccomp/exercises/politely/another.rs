//! Another way: a child puts the filter before itself by prctl(2), and its parent, which has
//! none, waits and hands the status on. The question is asked the other way round.

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, exit};

use libc::sock_filter;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let call: u32 = words[0].parse().unwrap();
    let error: u32 = words[1].parse().unwrap();
    let mut child = Command::new(&words[2]);
    child.args(&words[3..]);
    // SAFETY: only system calls between fork and exec.
    unsafe { child.pre_exec(move || Ok(filter(call, error)?)) };
    let status = child.status().expect("the command starts");
    let by_signal = || 128 + status.signal().unwrap_or(0);
    exit(status.code().unwrap_or_else(by_signal));
}

fn filter(call: u32, error: u32) -> nix::Result<()> {
    let answer = libc::SECCOMP_RET_ERRNO | error;
    // SAFETY: they make two numbers to an instruction.
    let mut program: [sock_filter; 4] = unsafe {
        [
            libc::BPF_STMT(0x20, 0),
            libc::BPF_JUMP(0x15, call, 1, 0),
            libc::BPF_STMT(0x06, libc::SECCOMP_RET_ALLOW),
            libc::BPF_STMT(0x06, answer),
        ]
    };
    let program = libc::sock_fprog {
        len: 4,
        filter: program.as_mut_ptr(),
    };
    // SAFETY: takes numbers, and a program that lives here.
    let results = unsafe {
        [
            libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
            libc::prctl(libc::PR_SET_SECCOMP, 2, &raw const program),
        ]
    };
    results
        .into_iter()
        .try_for_each(|result| nix::errno::Errno::result(result).map(drop))
}
