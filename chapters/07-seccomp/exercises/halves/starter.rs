//! answer CALL INDEX LIMIT COMMAND [ARGUMENT…]: the command, whose call has a limit.

use std::os::unix::process::CommandExt;
use std::process::{Command, exit};
use std::str::FromStr;

use libc::sock_filter;

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
    let _ = (
        call,
        index,
        limit,
        step as fn(u32, u8, u8, u32) -> sock_filter,
    );
    todo!("compare both halves");
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
