//! Processes for an answer to look at, in namespaces of their own.

use std::ffi::CString;
use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpListener;

use groundwork::kernel::{self, CapabilitySets, CloneFlags, Pid};
use nix::fcntl::OFlag;

/// A process that waits to be looked at.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its namespaces of these kinds are new.
    pub namespaces: CloneFlags,
    /// Nobody in the cell may read about it: it is not dumpable, see ptrace(2).
    pub hidden: bool,
    /// What it calls itself, in at most 15 bytes.
    pub name: Option<String>,
    /// Its sets of capabilities, if they are not all full.
    pub capabilities: Option<CapabilitySets>,
    /// It listens at this TCP port, so that nobody else can.
    pub listens: Option<u16>,
}

impl Default for Target {
    /// One like the answer.
    fn default() -> Self {
        Target {
            namespaces: CloneFlags::empty(),
            hidden: false,
            name: None,
            capabilities: None,
            listens: None,
        }
    }
}

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Starts one, and gives its PID in the cell. Some namespaces hold only for the children of
/// who makes them, so the target is a grandchild.
pub fn start(target: &Target) -> Outcome<Pid> {
    let (ours, theirs) = nix::unistd::pipe2(OFlag::O_CLOEXEC)?;
    if kernel::fork()?.is_none() {
        drop(ours);
        let _ = parent(target, File::from(theirs));
        kernel::exit_now(1)
    }
    drop(theirs);
    let mut said = String::new();
    File::from(ours).read_to_string(&mut said)?;
    let pid = said.trim().parse().map_err(|_| "a target did not start")?;
    Ok(Pid::from_raw(pid))
}

fn parent(target: &Target, mut to_init: File) -> Outcome<()> {
    kernel::unshare(target.namespaces)?;
    let (ours, theirs) = nix::unistd::pipe2(OFlag::O_CLOEXEC)?;
    let Some(pid) = kernel::fork()? else {
        drop((ours, to_init));
        let _ = wait_to_be_seen(target, File::from(theirs));
        kernel::exit_now(1)
    };
    drop(theirs);
    File::from(ours).read_exact(&mut [0])?;
    writeln!(to_init, "{pid}")?;
    drop(to_init);
    loop {
        nix::unistd::pause();
    }
}

/// Its children's PID namespace is not its own: two links in /proc/PID/ns that differ.
fn wait_to_be_seen(target: &Target, mut ready: File) -> Outcome<()> {
    kernel::unshare(CloneFlags::CLONE_NEWPID)?;
    let address = |port| (std::net::Ipv4Addr::UNSPECIFIED, port);
    let _listens = target
        .listens
        .map(|port| TcpListener::bind(address(port)))
        .transpose()?;
    let child = kernel::fork()?;
    if child.is_some() {
        if let Some(name) = &target.name {
            nix::sys::prctl::set_name(&CString::new(name.as_str())?)?;
        }
        if let Some(sets) = target.capabilities {
            kernel::capset(sets)?;
        }
        nix::sys::prctl::set_dumpable(!target.hidden)?;
        ready.write_all(b".")?;
    }
    drop(ready);
    loop {
        nix::unistd::pause();
    }
}
