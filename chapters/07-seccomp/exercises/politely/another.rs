//! Another way: a child puts the filter before itself by prctl(2), and its parent, which has
//! none, waits and hands the status on. The question is asked the other way round.

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, exit};

use libc::{BPF_ABS, BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, sock_filter};

/// What the three kinds of instruction are made of: linux/bpf_common.h.
const LOAD: u16 = (BPF_LD | BPF_W | BPF_ABS) as u16;
const JUMP_IF_SAME: u16 = (BPF_JMP | BPF_JEQ | BPF_K) as u16;
const RETURN: u16 = (BPF_RET | BPF_K) as u16;
/// The offset of the call's number in struct seccomp_data.
const NUMBER: u32 = 0;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [call, error, command, arguments @ ..] = words.as_slice() else {
        usage()
    };
    let (call, error) = (number(call), number(error));
    let mut child = Command::new(command);
    child.args(arguments);
    // SAFETY: only system calls between fork and exec.
    unsafe { child.pre_exec(move || Ok(filter(call, error)?)) };
    let status = child.status().expect("the command starts");
    let by_signal = || 128 + status.signal().unwrap_or(0);
    exit(status.code().unwrap_or_else(by_signal));
}

/// A word that has to be a number.
fn number(word: &str) -> u32 {
    word.parse().unwrap_or_else(|_| usage())
}

fn usage() -> ! {
    eprintln!("usage: answer CALL ERROR COMMAND [ARGUMENT…]");
    exit(2);
}

fn filter(call: u32, error: u32) -> nix::Result<()> {
    let answer = libc::SECCOMP_RET_ERRNO | error & libc::SECCOMP_RET_DATA;
    // SAFETY: they make numbers to an instruction.
    let mut program: [sock_filter; 4] = unsafe {
        [
            libc::BPF_STMT(LOAD, NUMBER),
            libc::BPF_JUMP(JUMP_IF_SAME, call, 1, 0),
            libc::BPF_STMT(RETURN, libc::SECCOMP_RET_ALLOW),
            libc::BPF_STMT(RETURN, answer),
        ]
    };
    let program = libc::sock_fprog {
        len: program.len() as u16,
        filter: program.as_mut_ptr(),
    };
    let mode = libc::SECCOMP_MODE_FILTER;
    // SAFETY: takes numbers, and a program that lives here.
    let results = unsafe {
        [
            libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
            libc::prctl(libc::PR_SET_SECCOMP, mode, &raw const program),
        ]
    };
    results
        .into_iter()
        .try_for_each(|result| nix::errno::Errno::result(result).map(drop))
}
