//! Refused: the command is not started where not all can be taken or kept
//! Observed: it was started: without CAP_SETPCAP

use std::os::unix::process::CommandExt;
use std::process::{Command, exit};

use nix::errno::Errno;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [keep, command, arguments @ ..] = words.as_slice() else {
        eprintln!("usage: answer KEEP COMMAND [ARGUMENT…]");
        exit(2);
    };
    let number = |text: &str| text.parse::<u8>().expect("a capability is a number");
    let keep = keep.split(',').fold(0, |set, bit| set | 1 << number(bit));
    if let Err(errno) = keep_only(keep) {
        eprintln!("answer: too much is left, so nothing is started: {errno}");
        exit(125);
    }
    let error = Command::new(command).args(arguments).exec();
    eprintln!("answer: cannot run {command}: {error}");
    exit(127);
}

/// From here on there is nothing but the bits of `keep`, for this process and all that it
/// becomes.
fn keep_only(keep: u64) -> nix::Result<()> {
    let last = std::fs::read_to_string("/proc/sys/kernel/cap_last_cap");
    let last: u64 = last
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(63);
    for bit in (0..=last).filter(|bit| keep >> bit & 1 == 0) {
        // SAFETY: takes numbers.
        let _ = unsafe { libc::prctl(libc::PR_CAPBSET_DROP, bit, 0, 0, 0) };
    }
    let sets = Sets {
        effective: keep,
        permitted: keep,
        inheritable: 0,
    };
    let _ = sets.write();
    Ok(())
}

/// Three sets of this process, one bit for each capability: capget(2).
struct Sets {
    effective: u64,
    permitted: u64,
    inheritable: u64,
}

/// The third version of the call, for this process.
const HEADER: [u32; 2] = [0x2008_0522, 0];

impl Sets {
    fn write(self) -> nix::Result<()> {
        let sets = [self.effective, self.permitted, self.inheritable];
        let [low, high] = [0, 32].map(|shift| sets.map(|set| (set >> shift) as u32));
        let (mut header, words) = (HEADER, [low, high].concat());
        // SAFETY: reads two words, and six.
        let result =
            unsafe { libc::syscall(libc::SYS_capset, header.as_mut_ptr(), words.as_ptr()) };
        Errno::result(result).map(drop)
    }
}
