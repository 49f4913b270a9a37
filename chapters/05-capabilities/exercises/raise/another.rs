//! Another way: the socket is made with nothing switched on, and a guard that lowers the bit
//! when it is dropped covers bind(2) alone. The command is forked and executed by hand.

use std::ffi::CString;
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, SockaddrIn, bind, listen, socket,
};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, dup2_stdin, execv, fork};

struct Raised {
    permitted: [u32; 2],
}

impl Raised {
    fn new() -> nix::Result<Raised> {
        let mut data = [0_u32; 6];
        // SAFETY: the kernel reads two words and writes six.
        let read = unsafe {
            libc::syscall(
                libc::SYS_capget,
                [0x2008_0522_u32, 0].as_ptr(),
                data.as_mut_ptr(),
            )
        };
        Errno::result(read)?;
        let permitted = [data[1], data[4]];
        set(1 << 10, permitted)?;
        Ok(Raised { permitted })
    }
}

impl Drop for Raised {
    fn drop(&mut self) {
        set(0, self.permitted).expect("lowering is always allowed");
    }
}

fn set(effective: u32, [low, high]: [u32; 2]) -> nix::Result<()> {
    let data = [effective, low, 0, 0, high, 0];
    // SAFETY: the kernel reads two words, and six.
    let written = unsafe {
        libc::syscall(
            libc::SYS_capset,
            [0x2008_0522_u32, 0].as_ptr(),
            data.as_ptr(),
        )
    };
    Errno::result(written).map(drop)
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let port: u16 = std::fs::read_to_string(&words[0])
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    let server = socket(
        AddressFamily::Inet,
        SockType::Stream,
        SockFlag::SOCK_CLOEXEC,
        None,
    );
    let server = server.unwrap();
    let address = SockaddrIn::new(0, 0, 0, 0, port);
    let bound = {
        let _raised = Raised::new().unwrap();
        bind(server.as_raw_fd(), &address)
    };
    bound.unwrap();
    listen(&server, Backlog::new(16).unwrap()).unwrap();
    // SAFETY: there is one thread.
    match unsafe { fork() }.unwrap() {
        ForkResult::Child => {
            dup2_stdin(&server).unwrap();
            let argv: Vec<_> = words[1..]
                .iter()
                .map(|word| CString::new(&**word).unwrap())
                .collect();
            panic!("{:?}", execv(&argv[0], &argv));
        }
        ForkResult::Parent { child } => match waitpid(child, None).unwrap() {
            WaitStatus::Exited(_, status) => std::process::exit(status),
            WaitStatus::Signaled(_, signal, _) => std::process::exit(128 + signal as i32),
            other => panic!("{other:?}"),
        },
    }
}
