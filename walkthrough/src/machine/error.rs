//! What can go wrong with a machine.

use std::io;
use std::path::{Path, PathBuf};

use groundwork::error::{Advice, Diagnose};
use groundwork::host::{EMULATOR, KERNEL_PACKAGE, NoGuestKernel};

/// Why there is no machine, or no more.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// qemu is not there, or does not run.
    #[error("cannot start {EMULATOR}")]
    Emulator(#[source] io::Error),
    /// The kernel that was asked for is none.
    #[error("there is no kernel to start a machine with")]
    Kernel(#[source] NoGuestKernel),
    /// No kernel is here.
    #[error("there is no kernel to start a machine with")]
    NoKernel {
        /// Where one was looked for.
        why: String,
        /// How to get one.
        fix: String,
    },
    /// The package of a kernel could not be had.
    #[error("cannot get Debian's package {KERNEL_PACKAGE}: {why}")]
    Fetch {
        /// What went wrong.
        why: String,
        /// What helps.
        fix: Option<String>,
    },
    /// A module is there and cannot be read.
    #[error("cannot read the kernel's module {file:?}: {why}")]
    Module {
        /// The module.
        file: PathBuf,
        /// What went wrong.
        why: String,
    },
    /// A file could not be read or written.
    #[error("{path:?}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// More memory than there is.
    #[error("cannot give a machine {asked} MiB of memory: {free} MiB are free here")]
    Memory {
        /// What was asked for, in MiB.
        asked: u64,
        /// MemAvailable of proc_meminfo(5), in MiB.
        free: u64,
    },
    /// The programs of the guest could not be collected.
    #[error("cannot collect the machine's programs")]
    Programs(#[source] chroot::Error),
    /// Something outside has to be a certain way.
    #[error("{0}")]
    Wrong(String),
    /// The machine's time is up.
    #[error("the machine was not done after {0} s, and was ended")]
    Late(u64),
    /// It ended by itself, without a word.
    #[error("the machine ended and did not say how the command ended")]
    Silent {
        /// The last lines of its console, and what qemu said.
        said: String,
    },
    /// A call of our own was refused.
    #[error("cannot watch over the machine")]
    Call(#[from] groundwork::kernel::CallError),
}

impl Error {
    /// A failure with a file.
    pub fn file(path: &Path, source: io::Error) -> Self {
        Error::File {
            path: path.to_owned(),
            source,
        }
    }

    /// As timeout(1) and docker(1) have it: 124 for time, 125 for everything of ours.
    pub fn status(&self) -> u8 {
        match self {
            Error::Late(_) => 124,
            _ => 125,
        }
    }
}

impl Diagnose for Error {
    fn diagnose(&self) -> Option<Advice> {
        match self {
            Error::Emulator(error) if error.kind() == io::ErrorKind::NotFound => Some(Advice::new(
                "it is not in PATH",
                "era doctor machine   says which package brings it",
            )),
            Error::Kernel(NoGuestKernel::NoModules { .. }) => Some(Advice::new(
                "without its modules it has no way to talk to us",
                "--modules DIR, the folder that holds its release or is its own",
            )),
            Error::Kernel(NoGuestKernel::Other(..)) => Some(Advice::new(
                "--kernel and ERA_KERNEL want a file such as /boot/vmlinuz",
                format!("leave it out, and: era machine --fetch   (Debian's {KERNEL_PACKAGE})"),
            )),
            Error::NoKernel { why, fix } => Some(Advice::new(why, fix)),
            Error::Fetch { fix: Some(fix), .. } => Some(Advice::new(
                "apt-get downloads it; nothing is installed",
                fix,
            )),
            Error::Memory { .. } => Some(Advice::new(
                "its root and all its files lie in there",
                "--memory MIB; pages and exercises need 1024",
            )),
            Error::Late(_) => Some(Advice::new("--timeout says how long", "--timeout SECONDS")),
            Error::Silent { said } if !said.trim().is_empty() => Some(Advice::because(format!(
                "its last words were\n{}",
                said.trim_end()
            ))),
            Error::Silent { .. } => Some(Advice::new(
                "it printed nothing",
                "--verbose shows what its kernel says",
            )),
            _ => None,
        }
    }
}
