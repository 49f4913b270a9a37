//! answer KEEP COMMAND [ARGUMENT…]: the command, as root with a few capabilities.

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
    let _ = (keep, Sets::read, Sets::write);
    todo!("drop all others");
}

/// Three sets of this process, one bit for each capability: capget(2).
#[derive(Debug, Clone, Copy)]
struct Sets {
    effective: u64,
    permitted: u64,
    inheritable: u64,
}

/// The third version of the call, for this process.
const HEADER: [u32; 2] = [0x2008_0522, 0];

impl Sets {
    fn read() -> nix::Result<Sets> {
        let (mut header, mut words) = (HEADER, [0_u32; 6]);
        let (header, data) = (header.as_mut_ptr(), words.as_mut_ptr());
        // SAFETY: reads two words, writes six.
        Errno::result(unsafe { libc::syscall(libc::SYS_capget, header, data) })?;
        let set = |at: usize| u64::from(words[at]) | u64::from(words[at + 3]) << 32;
        Ok(Sets {
            effective: set(0),
            permitted: set(1),
            inheritable: set(2),
        })
    }

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
