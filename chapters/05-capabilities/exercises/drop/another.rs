//! Another way: a child gives the powers up while its parent waits. It goes down to what is
//! kept and CAP_SETPCAP, with that empties the bounding set until there is no capability of
//! the next number, and then gives that up, too.

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::Command;

use nix::errno::Errno;

const SETPCAP: u64 = 1 << 8;

#[repr(C)]
struct Data {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let mut keep = 0_u64;
    for word in words[0].split(',') {
        keep |= 1_u64 << word.parse::<u32>().unwrap();
    }
    let mut child = Command::new(&words[1]);
    child.args(&words[2..]);
    // SAFETY: only system calls between fork and exec.
    unsafe {
        child.pre_exec(move || {
            capset(keep | SETPCAP, keep)?;
            for bit in 0_u64..64 {
                if libc::prctl(libc::PR_CAPBSET_READ, bit) < 0 {
                    break;
                }
                if keep & (1 << bit) == 0 && libc::prctl(libc::PR_CAPBSET_DROP, bit, 0, 0, 0) < 0 {
                    return Err(Errno::last().into());
                }
            }
            Ok(capset(keep, keep)?)
        });
    }
    let status = child.status().expect("it starts");
    let by_signal = || 128 + status.signal().unwrap_or(0);
    std::process::exit(status.code().unwrap_or_else(by_signal));
}

fn capset(set: u64, inheritable: u64) -> nix::Result<()> {
    let half = |shift: u32| Data {
        effective: (set >> shift) as u32,
        permitted: (set >> shift) as u32,
        inheritable: (inheritable >> shift) as u32,
    };
    let (header, data) = ([0x2008_0522_u32, 0], [half(0), half(32)]);
    // SAFETY: the kernel reads a header and two halves.
    let result = unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), data.as_ptr()) };
    Errno::result(result).map(drop)
}
