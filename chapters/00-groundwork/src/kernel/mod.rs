//! The kernel's calls, one function each, named as in its man page.
//!
//! Each function performs the call, and, when somebody listens, reports what was really
//! called: arguments decoded, result or errno, man page, and the line of the chapter that
//! made it. A call that fails comes back as a [`CallError`], which knows the same.
//!
//! # Layout
//!
//! - [`root`]: chdir, chroot, pivot_root, and making directories and nodes.
//! - [`mount`](mod@mount): mount and umount2.
//! - [`task`]: clone3, unshare, setns, execve, kill, wait, prctl, pidfds.
//! - [`ids`]: users and groups, and the maps of a user namespace.
//! - [`capability`]: capget, capset, and the bounding and ambient sets;
//!   [`mod@capability_names`]: the capabilities by name.
//! - [`attribute`]: extended attributes of files, the capabilities of a file among them.
//! - [`hostname`]: the names of the machine.
//! - `impossible`: calls with arguments that are none, to see who refuses them.
//! - [`signal`] and [`trace`]: how a parent and its child get along.
//! - [`terminal`]: sessions and controlling terminals.
//! - [`seccomp`]: strict mode and filters for system calls; [`notify`]: the calls that a
//!   filter leaves to a supervisor.
//! - [`kvm`]: a virtual machine, as far as one instruction needs it.
//! - [`module`] and [`machine`]: what the init of a small virtual machine has to do.
//! - [`netlink`]: questions to the network part of the kernel.
//! - [`socket`]: sockets that wait for callers.
//! - [`descriptor`]: open descriptors and what the kernel tells of a namespace by one.

use std::panic::Location;

use serde::{Deserialize, Serialize};

use crate::narrate::{self, Call, Event, Returned};

pub mod attribute;
pub mod capability;
pub mod capability_names;
pub mod descriptor;
pub mod hostname;
pub mod ids;
pub(crate) mod impossible;
pub mod kvm;
pub mod machine;
pub mod module;
pub mod mount;
pub mod netlink;
pub mod notify;
pub mod root;
pub mod seccomp;
pub mod signal;
pub mod socket;
pub mod task;
pub mod terminal;
pub mod trace;

pub use attribute::*;
pub use capability::*;
pub use capability_names::*;
pub use descriptor::*;
pub use hostname::*;
pub use ids::*;
pub use kvm::*;
pub use machine::*;
pub use module::*;
pub use mount::*;
pub use netlink::*;
pub use nix::errno::Errno;
pub use nix::fcntl::OFlag;
pub use nix::mount::{MntFlags, MsFlags};
pub use nix::sched::CloneFlags;
pub use nix::sys::signal::Signal;
pub use nix::unistd::{Gid, Pid, Uid};
pub use notify::*;
pub use root::*;
pub use seccomp::*;
pub use signal::*;
pub use socket::*;
pub use task::*;
pub use terminal::*;
pub use trace::*;

/// What a kernel call gives: its result, or the call that failed.
pub type Result<T> = std::result::Result<T, CallError>;

/// A system call that the kernel refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallError {
    /// The call as it was made, arguments decoded.
    pub call: Call,
    /// The number that errno(3) names.
    pub errno: i32,
}

impl CallError {
    /// The errno, to compare with.
    pub fn errno(&self) -> Errno {
        Errno::from_raw(self.errno)
    }

    /// For a failure that std reported: `name("path")` failed with the errno in `error`.
    pub fn from_io(
        name: &str,
        path: &std::path::Path,
        man: &str,
        error: &std::io::Error,
    ) -> CallError {
        CallError {
            call: Call {
                name: name.to_owned(),
                args: vec![quoted(path)],
                man: man.to_owned(),
            },
            errno: error.raw_os_error().unwrap_or(0),
        }
    }
}

impl std::fmt::Display for CallError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let meaning = self.errno().desc();
        let mut letters = meaning.chars();
        let first = letters.next().map(|first| first.to_ascii_lowercase());
        let meaning: String = first.into_iter().chain(letters).collect();
        write!(out, "{} failed: {:?} ({meaning})", self.call, self.errno())
    }
}

impl std::error::Error for CallError {}

/// The number that the kernel returned, as strace(1) would show it.
trait Shown: Sized {
    fn number(&self) -> i64;

    /// Test builds: what a call seems to give that was never made. None where nothing can
    /// be pretended.
    #[cfg(feature = "inject")]
    fn pretended() -> Option<Self> {
        None
    }
}

impl Shown for () {
    fn number(&self) -> i64 {
        0
    }

    #[cfg(feature = "inject")]
    fn pretended() -> Option<Self> {
        Some(())
    }
}

impl Shown for Pid {
    fn number(&self) -> i64 {
        self.as_raw().into()
    }
}

impl Shown for usize {
    fn number(&self) -> i64 {
        *self as i64
    }
}

impl Shown for i32 {
    fn number(&self) -> i64 {
        (*self).into()
    }
}

impl Shown for std::os::fd::OwnedFd {
    fn number(&self) -> i64 {
        std::os::fd::AsRawFd::as_raw_fd(self).into()
    }
}

/// Makes one call: performs it, reports it, and on failure remembers it.
///
/// `args` is only asked for when somebody listens or the call failed.
#[track_caller]
fn call<T: Shown>(
    name: &'static str,
    man: &'static str,
    args: impl Fn() -> Vec<String>,
    act: impl FnOnce() -> nix::Result<T>,
) -> Result<T> {
    let at = Location::caller();
    // Asked before: in strict mode, seccomp(2), to ask afterwards would be the end.
    let pid = narrate::enabled().then(narrate::myself);
    #[cfg(feature = "inject")]
    let result = match (crate::inject::refuse(name), T::pretended()) {
        (Some(errno), _) => Err(errno),
        (None, Some(value)) if crate::inject::omits(name) => Ok(value),
        _ => act(),
    };
    #[cfg(not(feature = "inject"))]
    let result = act();

    let described = || Call {
        name: name.to_owned(),
        args: args(),
        man: man.to_owned(),
    };
    if let Some(pid) = pid {
        let returned = match &result {
            Ok(value) => Returned::Ok(value.number()),
            Err(errno) => Returned::Errno(format!("{errno:?}")),
        };
        narrate::tell(&Event::Call {
            pid,
            call: described(),
            result: returned,
            at: at.into(),
        });
    }
    result.map_err(|errno| CallError {
        call: described(),
        errno: errno as i32,
    })
}

/// A path or text as an argument: in quotes, odd bytes escaped.
fn quoted(text: impl AsRef<std::path::Path>) -> String {
    format!("{:?}", text.as_ref().as_os_str())
}

/// Flags by the names that the man page gives them, joined as C joins them.
trait FlagNames {
    fn names(&self) -> String;
}

macro_rules! flag_names {
    ($($flags:ty),*) => {$(
        impl FlagNames for $flags {
            fn names(&self) -> String {
                let names: Vec<_> = self.iter_names().map(|(name, _)| name).collect();
                joined(&names)
            }
        }
    )*};
}

flag_names!(nix::mount::MsFlags, nix::mount::MntFlags, OFlag);

impl FlagNames for CloneFlags {
    fn names(&self) -> String {
        let mut names: Vec<_> = self.iter_names().map(|(name, _)| name).collect();
        if self.contains(CLONE_NEWTIME) {
            names.push("CLONE_NEWTIME");
        }
        joined(&names)
    }
}

/// `A|B`, or `0` for no flag at all.
fn joined(names: &[&str]) -> String {
    if names.is_empty() {
        "0".to_owned()
    } else {
        names.join("|")
    }
}
