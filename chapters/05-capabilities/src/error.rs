//! What can go wrong in this chapter, and why it did on this machine.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use groundwork::error::{Advice, Diagnose, shell_word};
use groundwork::host::{self, Facts};
use groundwork::kernel::{self, CallError, Errno};
use groundwork::process::{self, Exit, StartError};

use crate::need::{self, Refused};
use crate::serve;
use crate::set::{Cap, CapSet};

mod files;
mod sets;

/// A failure of this chapter.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The sets of this process cannot be read.
    #[error("cannot read what this process may do")]
    Sets(#[source] CallError),
    /// What is permitted could not be made effective, or back.
    #[error("cannot switch cap_net_bind_service on")]
    Raise(#[source] CallError),
    /// The port could not be taken.
    #[error("cannot serve a page on {address}")]
    Port {
        /// Where.
        address: SocketAddr,
        /// The call that was refused.
        #[source]
        call: CallError,
    },
    /// A user namespace of its own.
    #[error("cannot become root of a user namespace")]
    Users(#[source] CallError),
    /// A run could not be made.
    #[error(transparent)]
    Trial(Box<Refused>),
    /// clone3(2) for a run.
    #[error("cannot make the process and the namespaces of a run")]
    Clone(#[source] CallError),
    /// A run ended before it began.
    #[error("a run ended before its program started: {0}")]
    Ended(Exit),
    /// The program to be judged.
    #[error("cannot run {program:?}, whatever it may do")]
    NoProgram {
        /// As it was named.
        program: String,
        /// The call that would fail.
        #[source]
        call: CallError,
    },
    /// Nobody can say what a program needs who has nothing to give.
    #[error("this process has no capability to give to the program")]
    NothingToGive,
    /// Nothing can be waited for.
    #[error("cannot wait for what happens next")]
    Wait(#[source] CallError),
    /// No capability is called so.
    #[error("there is no capability {name:?}")]
    UnknownName {
        /// As it was written.
        name: String,
        /// What may have been meant.
        near: Option<Cap>,
    },
    /// A number above the last that the kernel knows.
    #[error("there is no capability {number}: the last of this kernel is {}, {last}", last.number())]
    BeyondLast {
        /// As it was written.
        number: String,
        /// The youngest of this kernel.
        last: Cap,
    },
    /// A text that cap_from_text(3) would not read either.
    #[error("cannot read {clause:?} in {text:?}: {why}")]
    Text {
        /// The whole text.
        text: String,
        /// The clause that is wrong.
        clause: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Some are to be effective from the start and some not.
    #[error("a file cannot hold {text:?}: it has one bit that makes all effective, or none")]
    OneEffectiveBit {
        /// What was asked for.
        text: String,
        /// What is effective and neither permitted nor inheritable, or the other way round.
        differs: CapSet,
    },
    /// An attribute that says something else than its length, or of a revision to come.
    #[error("cannot read the capabilities of the file: {size} bytes that begin with {magic}")]
    Malformed {
        /// How long the attribute is.
        size: usize,
        /// Its first word.
        magic: String,
    },
    /// A path that leads to no file.
    #[error("cannot look at {path:?}")]
    Look {
        /// The path.
        path: PathBuf,
        /// The call that was refused.
        #[source]
        call: CallError,
    },
    /// A symbolic link.
    #[error("{path:?} is a link, and links have no capabilities")]
    Link {
        /// The link.
        path: PathBuf,
        /// Where it leads, if it leads anywhere.
        target: Option<PathBuf>,
    },
    /// A folder, a pipe, a device.
    #[error("{path:?} is {is}, and only files have capabilities")]
    NotRegular {
        /// The path.
        path: PathBuf,
        /// What it is.
        is: &'static str,
    },
    /// lgetxattr(2), lsetxattr(2) or lremovexattr(2).
    #[error("cannot {what} {path:?}")]
    File {
        /// What was to be done.
        what: Act,
        /// The file.
        path: Box<Path>,
        /// The root of the user namespaces for which it was to count.
        root: Option<u32>,
        /// The call that was refused.
        #[source]
        call: CallError,
    },
    /// A capability is to be dropped, and to be in a set.
    #[error("{caps} cannot be both dropped and {set}")]
    Contradiction {
        /// Which set.
        set: &'static str,
        /// Which capabilities.
        caps: CapSet,
    },
    /// A set can only shrink.
    #[error("cannot have {caps} {set}: this process has not")]
    NotHeld {
        /// Which set.
        set: &'static str,
        /// Which capabilities.
        caps: CapSet,
    },
    /// One set has to hold another.
    #[error("{set} cannot have what {of} has not: {caps}")]
    NotWithin {
        /// The inner one.
        set: &'static str,
        /// The outer one.
        of: &'static str,
        /// What the outer one lacks.
        caps: CapSet,
    },
    /// What is needed on the way is not there.
    #[error("this takes {missing}, which this process has not")]
    NeedsFirst {
        /// Which capabilities.
        missing: CapSet,
        /// What was to leave the bounding set.
        dropped: CapSet,
    },
    /// A securebit forbids it.
    #[error("the ambient set cannot grow: SECBIT_NO_CAP_AMBIENT_RAISE is set")]
    NoAmbientRaise,
    /// capset(2).
    #[error("cannot set the capabilities of this process")]
    Capset(#[source] CallError),
    /// PR_CAPBSET_DROP.
    #[error("cannot take {cap} from the bounding set")]
    Bounding {
        /// Which capability.
        cap: Cap,
        /// The call that was refused.
        #[source]
        call: CallError,
    },
    /// PR_CAP_AMBIENT.
    #[error("cannot change the ambient set")]
    Ambient {
        /// Which capability.
        cap: Cap,
        /// The call that was refused.
        #[source]
        call: CallError,
    },
    /// PR_SET_KEEPCAPS, setgroups(2), setgid(2) or setuid(2).
    #[error("cannot become user {user}")]
    Become {
        /// UID:GID.
        user: String,
        /// The call that was refused.
        #[source]
        call: CallError,
    },
    /// PR_SET_NO_NEW_PRIVS.
    #[error("cannot give up new privileges")]
    NoNewPrivs(#[source] CallError),
    /// execve(2).
    #[error("cannot run {program:?}")]
    Exec {
        /// As it was named.
        program: Box<str>,
        /// Its file.
        file: Box<Path>,
        /// The call that was refused.
        #[source]
        call: CallError,
    },
}

/// What is done to the capabilities of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// lgetxattr(2).
    Read,
    /// lsetxattr(2).
    Give,
    /// lremovexattr(2).
    Take,
}

impl std::fmt::Display for Act {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Act::Read => "read the capabilities of",
            Act::Give => "give capabilities to",
            Act::Take => "take the capabilities from",
        })
    }
}

/// What this chapter gives.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A run that did not start, in this chapter's words.
    pub(crate) fn from_trial(error: StartError<Refused>) -> Self {
        match error {
            StartError::Clone(call) => Error::Clone(call),
            StartError::Prepare(refused) | StartError::Child(refused) => {
                Error::Trial(Box::new(refused))
            }
            StartError::Silent(exit) => Error::Ended(exit),
        }
    }

    /// An attribute that is none.
    pub(crate) fn malformed(bytes: &[u8]) -> Self {
        let magic = bytes.iter().take(4).rev();
        let magic = magic.fold(0u32, |sum, byte| sum << 8 | u32::from(*byte));
        Error::Malformed {
            size: bytes.len(),
            magic: format!("{magic:#x}"),
        }
    }

    /// std could not look at `path`.
    pub(crate) fn look(path: &Path, man: &str, name: &str, error: &std::io::Error) -> Self {
        Error::Look {
            path: path.to_owned(),
            call: CallError::from_io(name, path, man, error),
        }
    }

    /// A call about the capabilities of a file was refused.
    pub(crate) fn file(what: Act, path: &Path, call: CallError) -> Self {
        Error::File {
            what,
            path: path.into(),
            root: None,
            call,
        }
    }

    /// A call that only waits or reads failed.
    pub(crate) fn wait(call: &str, errno: Errno) -> Self {
        let error = std::io::Error::from(errno);
        let man = format!("{call}(2)");
        Error::Wait(CallError::from_io(call, Path::new(""), &man, &error))
    }

    /// The call that was refused, if one was.
    pub fn call(&self) -> Option<&CallError> {
        match self {
            Error::Look { call, .. }
            | Error::Sets(call)
            | Error::Capset(call)
            | Error::Raise(call)
            | Error::Users(call)
            | Error::Clone(call)
            | Error::NoProgram { call, .. }
            | Error::Wait(call)
            | Error::Bounding { call, .. }
            | Error::Ambient { call, .. }
            | Error::Become { call, .. }
            | Error::File { call, .. }
            | Error::Exec { call, .. }
            | Error::Port { call, .. }
            | Error::NoNewPrivs(call) => Some(call),
            _ => None,
        }
    }
}

impl Diagnose for Error {
    fn diagnose(&self) -> Option<Advice> {
        match self {
            Error::UnknownName { near, .. } => Some(unknown_name(*near)),
            Error::Text { .. } => Some(Advice::new(
                "a clause is names, then =, + or -, then e, i or p: cap_from_text(3)",
                "such as cap_net_bind_service=+ep",
            )),
            Error::OneEffectiveBit { differs, .. } => Some(Advice::new(
                format!("of these, e must hold what p and i hold, or nothing: {differs}"),
                "give e to all of them, or to none",
            )),
            Error::Malformed { .. } => Some(Advice::because(
                "revision 1 has 12 bytes, revision 2 has 20, revision 3 has 24; \
                 the kernel will not run this file",
            )),
            Error::Link { target, .. } => Some(match target {
                Some(target) => Advice::new(
                    "the kernel looks at the file that a link leads to",
                    format!("name that: {}", shell_word(target)),
                ),
                None => Advice::because("and this one leads nowhere"),
            }),
            Error::NotRegular { .. } => Some(Advice::because(
                "the kernel looks at them when it runs a program, and this is none",
            )),
            Error::Look { path, call } => files::unseen(path, call),
            // We rule out every other EINVAL of setxattr(2) ourselves.
            Error::File {
                root: Some(root),
                call,
                ..
            } if call.errno() == Errno::EINVAL => Some(process::unmapped(&root.to_string())),
            Error::File { path, call, .. } => files::refused(path, call),
            Error::Raise(_) => serve::why::raise(),
            Error::Port { address, call } => serve::why::port(*address, call),
            Error::Become { user, call } if call.errno() == Errno::EINVAL => {
                Some(process::unmapped(user))
            }
            Error::Exec {
                program,
                file,
                call,
            } => files::unwilling(file, call).or_else(|| process::why_not_started(program, call)),
            Error::Users(_) => host::user_namespaces(&Facts::here()).advice(),
            Error::Trial(refused) => need::why::refused(refused),
            Error::NoProgram { program, call } => process::why_not_started(program, call),
            Error::NothingToGive => Some(need::why::nothing_to_give()),
            _ => sets::refused(self),
        }
    }
}

fn unknown_name(near: Option<Cap>) -> Advice {
    match near {
        Some(near) => Advice::new("no capability has this name", format!("{near}")),
        None => Advice::new(
            "names are those of capabilities(7), with or without cap_",
            "era-caps about   (lists them)",
        ),
    }
}

/// Whether one is effective here.
pub(crate) fn has(capability: u8) -> bool {
    kernel::capget().is_ok_and(|sets| sets.effective >> capability & 1 == 1)
}
