//! Refused: every other call does what it does without a filter
//! Observed: err

use std::os::unix::process::CommandExt;
use std::process::{Command, exit};

use libc::{
    BPF_ABS, BPF_ALU, BPF_AND, BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, sock_filter,
};
use nix::errno::Errno;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [call, error, command, arguments @ ..] = words.as_slice() else {
        usage()
    };
    if let Err(errno) = refuse(number(call), number(error)) {
        eprintln!("answer: no filter, so nothing is started: {errno}");
        exit(125);
    }

    let error = Command::new(command).args(arguments).exec();
    eprintln!("answer: cannot run {command}: {error}");
    exit(127);
}

/// A word that has to be a number.
fn number(word: &str) -> u32 {
    word.parse().unwrap_or_else(|_| usage())
}

fn usage() -> ! {
    eprintln!("usage: answer CALL ERROR COMMAND [ARGUMENT…]");
    exit(2);
}

/// From here on `call` fails with `error`, in this process and in all that it becomes.
fn refuse(call: u32, error: u32) -> nix::Result<()> {
    // Offset 0 of struct seccomp_data is the number of the call.
    install(&mut [
        step(BPF_LD | BPF_W | BPF_ABS, 0, 0, 0),
        step(BPF_ALU | BPF_AND | BPF_K, 0, 0, 0xff),
        step(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, call & 0xff),
        step(
            BPF_RET | BPF_K,
            0,
            0,
            libc::SECCOMP_RET_ERRNO | error & libc::SECCOMP_RET_DATA,
        ),
        step(BPF_RET | BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
    ])
}

fn step(code: u32, jt: u8, jf: u8, k: u32) -> sock_filter {
    let code = code as u16;
    sock_filter { code, jt, jf, k }
}

fn install(program: &mut [sock_filter]) -> nix::Result<()> {
    nix::sys::prctl::set_no_new_privs()?;
    let program = libc::sock_fprog {
        len: program.len() as u16,
        filter: program.as_mut_ptr(),
    };
    // SAFETY: the kernel reads the program, which lives as long as this call.
    let result = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            0,
            &raw const program,
        )
    };
    Errno::result(result).map(drop)
}
