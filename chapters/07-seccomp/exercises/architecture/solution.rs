//! answer NUMBER NUMBER32 COMMAND [ARGUMENT…]: the command, to which one call is refused.
//!
//! Why this way: a number means something only beside its architecture, so that is asked
//! first; who is neither falls into the end, and nobody has to think of an architecture that
//! comes later.

use std::os::unix::process::CommandExt;
use std::process::{Command, exit};

use libc::{
    BPF_ABS, BPF_ALU, BPF_AND, BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, sock_filter,
};

/// What the kernel calls the machine's own programs, and 32-bit ones: linux/audit.h.
#[cfg(target_arch = "x86_64")]
const ARCHITECTURES: [u32; 2] = [0xc000_003e, 0x4000_0003];
#[cfg(target_arch = "aarch64")]
const ARCHITECTURES: [u32; 2] = [0xc000_00b7, 0x4000_0028];

/// What a refused call fails with: errno(3).
const EPERM: u32 = libc::EPERM as u32;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [number, number32, command, arguments @ ..] = words.as_slice() else {
        usage()
    };
    install(&mut filter(parse(number), parse(number32)));

    let error = Command::new(command).args(arguments).exec();
    eprintln!("answer: cannot run {command}: {error}");
    exit(127);
}

/// A word that has to be a number.
fn parse(word: &str) -> u32 {
    word.parse().unwrap_or_else(|_| usage())
}

fn usage() -> ! {
    eprintln!("usage: answer NUMBER NUMBER32 COMMAND [ARGUMENT…]");
    exit(2);
}

/// Refuses the call by whichever way it comes.
fn filter(number: u32, number32: u32) -> Vec<sock_filter> {
    let [native, old] = ARCHITECTURES;
    // Offsets of struct seccomp_data: the number of the call, the architecture.
    let (load_number, load_arch) = (0, 4);
    vec![
        step(BPF_LD | BPF_W | BPF_ABS, 0, 0, load_arch),
        step(BPF_JMP | BPF_JEQ | BPF_K, 4, 0, native),
        step(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, old),
        step(BPF_RET | BPF_K, 0, 0, libc::SECCOMP_RET_KILL_PROCESS),
        step(BPF_LD | BPF_W | BPF_ABS, 0, 0, load_number),
        step(BPF_JMP | BPF_JEQ | BPF_K, 4, 3, number32),
        step(BPF_LD | BPF_W | BPF_ABS, 0, 0, load_number),
        step(BPF_ALU | BPF_AND | BPF_K, 0, 0, !X32_BIT),
        step(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, number),
        step(BPF_RET | BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
        step(BPF_RET | BPF_K, 0, 0, libc::SECCOMP_RET_ERRNO | EPERM),
    ]
}

/// What makes a call one of x32; no other architecture has calls with such numbers.
const X32_BIT: u32 = 0x4000_0000;

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
