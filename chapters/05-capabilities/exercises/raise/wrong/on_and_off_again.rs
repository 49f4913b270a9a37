//! Refused: while the command runs it is off
//! Observed: it is on while the command runs

use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, exit};

use nix::errno::Errno;

/// CAP_NET_BIND_SERVICE.
const BIND: u64 = 1 << 10;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [file, command, arguments @ ..] = words.as_slice() else {
        eprintln!("usage: answer FILE COMMAND [ARGUMENT…]");
        exit(2);
    };
    let text = std::fs::read_to_string(file).expect("a file with a port");
    let port = text.trim().parse().expect("a port is a number");
    let socket = listen(port).unwrap_or_else(|error| {
        eprintln!("answer: cannot listen at port {port}: {error}");
        exit(125)
    });
    let mut child = Command::new(command);
    child.args(arguments).stdin(OwnedFd::from(socket));
    let mut child = child.spawn().expect("the command starts");
    let off = Sets::read().expect("the sets");
    let on = Sets {
        effective: BIND,
        ..off
    };
    on.write().expect("permitted");
    off.write().expect("lowering is allowed");
    let status = child.wait().expect("there is a child");
    let by_signal = || 128 + status.signal().unwrap_or(0);
    exit(status.code().unwrap_or_else(by_signal));
}

/// A socket that listens at a low port.
fn listen(port: u16) -> std::io::Result<TcpListener> {
    let off = Sets::read()?;
    let on = Sets {
        effective: off.effective | BIND,
        ..off
    };
    on.write()?;
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    off.write()?;
    socket
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
