//! Another way: two filters, one after the other, and the number before the architecture
//! where that does no harm; prctl(2) instead of seccomp(2).

use std::os::unix::process::CommandExt;
use std::process::{Command, exit};

use libc::{BPF_ABS, BPF_JEQ, BPF_JGE, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, sock_filter};

/// What the kernel calls the machine's own programs, and 32-bit ones: linux/audit.h.
#[cfg(target_arch = "x86_64")]
const ARCHITECTURES: [u32; 2] = [0xc000_003e, 0x4000_0003];
#[cfg(target_arch = "aarch64")]
const ARCHITECTURES: [u32; 2] = [0xc000_00b7, 0x4000_0028];

/// What refused calls fail with: errno(3).
const EPERM: u32 = libc::EPERM as u32;
const ENOSYS: u32 = libc::ENOSYS as u32;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [number, number32, command, arguments @ ..] = words.as_slice() else {
        usage()
    };
    install(&mut gate());
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

/// Two filters: the strictest answer counts. This one knows who may call at all.
fn gate() -> Vec<sock_filter> {
    vec![
        step(BPF_LD | BPF_W | BPF_ABS, 0, 0, 4),
        step(BPF_JMP | BPF_JEQ | BPF_K, 2, 0, ARCHITECTURES[0]),
        step(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, ARCHITECTURES[1]),
        step(BPF_RET | BPF_K, 0, 0, libc::SECCOMP_RET_ERRNO | ENOSYS),
        step(BPF_RET | BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
    ]
}

/// And this one knows one call. All of x32 is refused.
fn filter(number: u32, number32: u32) -> Vec<sock_filter> {
    vec![
        step(BPF_LD | BPF_W | BPF_ABS, 0, 0, 0),
        step(BPF_JMP | BPF_JGE | BPF_K, 6, 0, 0x4000_0000),
        step(BPF_JMP | BPF_JEQ | BPF_K, 3, 0, number),
        step(BPF_JMP | BPF_JEQ | BPF_K, 0, 5, number32),
        step(BPF_LD | BPF_W | BPF_ABS, 0, 0, 4),
        step(BPF_JMP | BPF_JEQ | BPF_K, 2, 3, ARCHITECTURES[1]),
        step(BPF_LD | BPF_W | BPF_ABS, 0, 0, 4),
        step(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, ARCHITECTURES[0]),
        step(BPF_RET | BPF_K, 0, 0, libc::SECCOMP_RET_ERRNO | EPERM),
        step(BPF_RET | BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
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
    let mode = libc::SECCOMP_MODE_FILTER;
    // SAFETY: the kernel reads the program, which lives as long as this call.
    let result = unsafe { libc::prctl(libc::PR_SET_SECCOMP, mode, &raw const program) };
    if result != 0 {
        eprintln!("answer: no filter: {}", std::io::Error::last_os_error());
        exit(125);
    }
}
