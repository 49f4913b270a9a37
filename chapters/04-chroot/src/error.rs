//! What can go wrong in this chapter, and why it did on this machine.

use std::path::PathBuf;

use groundwork::error::{Advice, Diagnose};
use groundwork::kernel::{self, CAP_SYS_CHROOT, CallError};
use nix::errno::Errno;

/// A failure of this chapter.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// chdir(2) to the new root, or chroot(2) itself.
    #[error("cannot make {root:?} the root directory")]
    Root {
        /// The folder.
        root: PathBuf,
        /// The call that was refused.
        #[source]
        call: CallError,
    },
    /// A user namespace of its own.
    #[error("cannot become root of a user namespace")]
    Userns(#[source] CallError),
    /// A mount in a mount namespace of its own.
    #[error("cannot mount {what} inside the new root")]
    Mount {
        /// `/proc` or a device.
        what: String,
        /// The call that was refused.
        #[source]
        call: CallError,
    },
    /// setgroups(2), setgid(2) or setuid(2).
    #[error("cannot become user {user}")]
    Become {
        /// UID:GID.
        user: String,
        /// The call that was refused.
        #[source]
        call: CallError,
    },
    /// execve(2) inside.
    #[error("cannot run {program:?} inside the new root")]
    Exec {
        /// As it was named.
        program: PathBuf,
        /// The call that was refused.
        #[source]
        call: CallError,
    },
    /// A step of the way out.
    #[error("cannot get out: {step}")]
    Escape {
        /// Which step.
        step: &'static str,
        /// The call that was refused.
        #[source]
        call: CallError,
    },
    /// The way out led nowhere.
    #[error("did not get out: `..` ends at the root that we had")]
    StillInside,
    /// Out, and the canary cannot be read.
    #[error("got out, and cannot read the canary")]
    Canary(#[source] CallError),
}

impl Error {
    /// The call that was refused, if one was.
    pub fn call(&self) -> Option<&CallError> {
        match self {
            Error::Root { call, .. }
            | Error::Userns(call)
            | Error::Mount { call, .. }
            | Error::Become { call, .. }
            | Error::Exec { call, .. }
            | Error::Escape { call, .. }
            | Error::Canary(call) => Some(call),
            Error::StillInside => None,
        }
    }
}

impl Diagnose for Error {
    fn diagnose(&self) -> Option<Advice> {
        match self {
            Error::Root { call, .. } | Error::Escape { call, .. }
                if call.call.name == "chroot" && call.errno() == Errno::EPERM =>
            {
                no_capability()
            }
            Error::Become { user, call } if call.errno() == Errno::EINVAL => Some(unmapped(user)),
            Error::StillInside => Some(Advice::because(
                "the old root is not hidden but gone: this mount namespace lacks it",
            )),
            _ => None,
        }
    }
}

/// Why chroot(2) was refused: the one capability that it asks for is not effective here.
fn no_capability() -> Option<Advice> {
    let sets = kernel::capget().ok()?;
    (sets.effective & (1 << CAP_SYS_CHROOT) == 0).then(|| {
        Advice::new(
            "this process has no CAP_SYS_CHROOT: only root may say what / means",
            "run it as root, or as root of a user namespace: --userns",
        )
    })
}

/// Why an id is not valid: setuid(2) has one reason for EINVAL, an id that is on no line of
/// the map of this user namespace. Inside the new root the map itself may be out of reach.
fn unmapped(user: &str) -> Advice {
    let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    let lines: Vec<_> = map.lines().map(squeeze).collect();
    let says = match lines.as_slice() {
        [] => String::new(),
        lines => format!(": /proc/self/uid_map says \"{}\"", lines.join("; ")),
    };
    Advice::new(
        format!("user {user} does not exist in this user namespace{says}"),
        "name a user that is mapped, such as 0",
    )
}

fn squeeze(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}
