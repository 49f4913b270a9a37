//! answer CALL INDEX LIMIT COMMAND [ARGUMENT…]: the command, whose call has a limit.
//!
//! Why this way: the higher half decides unless both are the same, so it is asked first, with
//! two questions; the lower half is loaded only where it counts.

use std::os::unix::process::CommandExt;
use std::process::{Command, exit};
use std::str::FromStr;

use libc::{
    BPF_ABS, BPF_JEQ, BPF_JGE, BPF_JGT, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, sock_filter,
};

/// What a refused call fails with: errno(3).
const EPERM: u32 = libc::EPERM as u32;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [call, index, limit, command, arguments @ ..] = words.as_slice() else {
        usage()
    };
    install(&mut filter(number(call), number(index), number(limit)));

    let error = Command::new(command).args(arguments).exec();
    eprintln!("answer: cannot run {command}: {error}");
    exit(127);
}

/// A word that has to be a number.
fn number<T: FromStr>(word: &str) -> T {
    word.parse().unwrap_or_else(|_| usage())
}

fn usage() -> ! {
    eprintln!("usage: answer CALL INDEX LIMIT COMMAND [ARGUMENT…]");
    exit(2);
}

/// Refuses `call` if its argument `index` is `limit` or more.
fn filter(call: u32, index: u32, limit: u64) -> Vec<sock_filter> {
    let (high, low) = ((limit >> 32) as u32, limit as u32);
    // In struct seccomp_data, number, architecture and address take 16 bytes; then come the
    // arguments, the lower half of each first.
    let argument = 16 + 8 * index;
    vec![
        step(BPF_LD | BPF_W | BPF_ABS, 0, 0, 0),
        step(BPF_JMP | BPF_JEQ | BPF_K, 0, 5, call),
        step(BPF_LD | BPF_W | BPF_ABS, 0, 0, argument + 4),
        step(BPF_JMP | BPF_JGT | BPF_K, 4, 0, high),
        step(BPF_JMP | BPF_JEQ | BPF_K, 0, 2, high),
        step(BPF_LD | BPF_W | BPF_ABS, 0, 0, argument),
        step(BPF_JMP | BPF_JGE | BPF_K, 1, 0, low),
        step(BPF_RET | BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
        step(BPF_RET | BPF_K, 0, 0, libc::SECCOMP_RET_ERRNO | EPERM),
    ]
}

/// An instruction: what to do, how far to jump if a comparison holds and if not, a number.
fn step(code: u32, jt: u8, jf: u8, k: u32) -> sock_filter {
    let code = code as u16;
    sock_filter { code, jt, jf, k }
}

/// From here on the program is asked before each call.
fn install(program: &mut [sock_filter]) {
    nix::sys::prctl::set_no_new_privs().expect("everybody may promise that");
    let program = libc::sock_fprog {
        len: program.len() as u16,
        filter: program.as_mut_ptr(),
    };
    let mode = libc::SECCOMP_SET_MODE_FILTER;
    // SAFETY: the kernel reads the program, which lives as long as this call.
    let result = unsafe { libc::syscall(libc::SYS_seccomp, mode, 0, &raw const program) };
    if result != 0 {
        eprintln!("answer: no filter: {}", std::io::Error::last_os_error());
        exit(125);
    }
}
