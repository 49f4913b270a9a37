//! What can go wrong in this chapter, and why it did on this machine.

use std::path::{Path, PathBuf};

use groundwork::error::{Advice, Diagnose, shell_word};
use groundwork::host::{self, Facts};
use groundwork::kernel::{self, CAP_SYS_ADMIN, CAP_SYS_CHROOT, CallError};
use groundwork::process;
use nix::errno::Errno;

use crate::closure::elf::{Broken, Machine};
use crate::files;
use crate::tree::{Tree, Trouble};

/// Where a program was looked for.
#[derive(Debug, Clone)]
pub struct Place {
    /// The root, as it was called outside.
    pub root: PathBuf,
    /// PATH.
    pub path: String,
}

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
    /// The root is not there to be looked into.
    #[error("cannot look into {root:?}")]
    Look {
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
    /// The folder to mount on.
    #[error("cannot mount on {path:?}")]
    Place {
        /// Which.
        path: PathBuf,
        /// What was refused.
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
        /// Where it was looked for.
        place: Box<Place>,
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
    /// A name that is in no folder of PATH.
    #[error("there is no program {name:?} in PATH")]
    NoProgram {
        /// As it was asked for.
        name: PathBuf,
    },
    /// What a script wants to be run by is not on this machine.
    #[error("{script:?} is a script for {interpreter:?}, which is not on this machine")]
    NoInterpreter {
        /// The script.
        script: PathBuf,
        /// What its first line names, or what env(1) would look for.
        interpreter: PathBuf,
    },
    /// A path that leads nowhere.
    #[error("cannot copy {path:?}: {trouble}")]
    Lost {
        /// As it was asked for.
        path: PathBuf,
        /// Where it ends.
        trouble: Trouble,
    },
    /// An ELF file that cannot be read as one.
    #[error("cannot copy {path:?}")]
    Broken {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        broken: Broken,
    },
    /// A program for another kind of machine.
    #[error("{path:?} is a program for {machine}; this machine is {}", Machine::NATIVE.name())]
    Foreign {
        /// Which file.
        path: PathBuf,
        /// What it was built for.
        machine: String,
    },
    /// A library that the loader would not find on this machine either.
    #[error("{of:?} needs the library {name}, and this machine has none")]
    NoLibrary {
        /// DT_NEEDED.
        name: String,
        /// The object that needs it.
        of: PathBuf,
        /// Where it is all the same, unknown to the loader.
        uncached: Option<PathBuf>,
    },
    /// Not installed, or no Debian machine.
    #[error("dpkg has no list of files of a package {0:?}")]
    NoPackage(String),
    /// The folder cannot be a jail.
    #[error("cannot make a jail of {root:?}: {why}")]
    Unfit {
        /// The folder.
        root: PathBuf,
        /// Why not.
        why: String,
    },
    /// Something else is in the jail already.
    #[error("{path:?} is there already, and is {is}, where {wanted} has to be")]
    Conflict {
        /// Outside.
        path: PathBuf,
        /// What it is.
        is: &'static str,
        /// What has to be there.
        wanted: String,
    },
    /// Neither a file nor a script: a folder, a pipe, a device.
    #[error("cannot copy {path:?}: it is {is}")]
    NoFile {
        /// As it was asked for.
        path: PathBuf,
        /// What it is.
        is: &'static str,
    },
    /// A file of this machine could not be read.
    #[error("cannot read what is to be copied")]
    Read {
        /// Which.
        path: PathBuf,
        /// The call that was refused.
        #[source]
        call: CallError,
    },
    /// A file could not be written into the jail.
    #[error("cannot write into the jail")]
    Write {
        /// Which.
        path: PathBuf,
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
    /// std could not read `path`.
    pub(crate) fn read(path: &Path, error: &std::io::Error) -> Self {
        Error::Read {
            path: path.to_owned(),
            call: CallError::from_io("open", path, "open(2)", error),
        }
    }

    /// std could not write `path`.
    pub(crate) fn write(path: &Path, error: &std::io::Error) -> Self {
        Error::Write {
            path: path.to_owned(),
            call: CallError::from_io("open", path, "open(2)", error),
        }
    }

    /// std could not make the folder `path`.
    pub(crate) fn make(path: &Path, error: &std::io::Error) -> Self {
        Error::Write {
            path: path.to_owned(),
            call: CallError::from_io("mkdir", path, "mkdir(2)", error),
        }
    }

    /// The call that was refused, if one was.
    pub fn call(&self) -> Option<&CallError> {
        match self {
            Error::Root { call, .. }
            | Error::Look { call, .. }
            | Error::Userns(call)
            | Error::Mount { call, .. }
            | Error::Place { call, .. }
            | Error::Become { call, .. }
            | Error::Exec { call, .. }
            | Error::Escape { call, .. }
            | Error::Canary(call) => Some(call),
            Error::Read { call, .. } | Error::Write { call, .. } => Some(call),
            _ => None,
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
            Error::Userns(_) => host::user_namespaces(&Facts::here()).advice(),
            Error::Become { user, call } if call.errno() == Errno::EINVAL => {
                Some(process::unmapped(user))
            }
            Error::NoLibrary { uncached, .. } => Some(no_library(uncached.as_deref())),
            Error::NoProgram { .. } => Some(Advice::new(
                "a name without a slash is looked for in each folder of PATH",
                "install it, or give its path",
            )),
            Error::Foreign { .. } => Some(Advice::new(
                "a jail runs on this kernel and this processor",
                "take the program of this machine's own architecture",
            )),
            Error::NoInterpreter { .. } => Some(Advice::new(
                "the first line of a script names the program that runs it",
                "install that, or correct the line",
            )),
            Error::NoPackage(package) => Some(no_package(package)),
            Error::Read { call, .. } if call.errno() == Errno::ENOTDIR => Some(Advice::new(
                "--tree takes folders, and this is a file",
                "name it with --with",
            )),
            Error::Read { path, call } => files::unreadable(path, call),
            Error::Place { path, .. } if path.is_symlink() => Some(files::link(path)),
            Error::Write { path, call } | Error::Place { path, call } => {
                files::unwritable(path, call)
            }
            Error::NoFile { path, is } => Some(files::no_program(path, is)),
            Error::Mount { call, .. } if call.call.name == "unshare" => no_mounts(call),
            Error::Canary(call) if call.errno() == Errno::ENOENT => Some(Advice::new(
                "outside there is no file of this name",
                "put one there first, or name another: --canary FILE",
            )),
            Error::Unfit { .. } => Some(Advice::new(
                "a jail is a folder of its own: it gets a usr, an etc and more of a root",
                "name a new folder, or an empty one",
            )),
            Error::Conflict { .. } => Some(Advice::new(
                "a jail keeps the links of this machine, such as /bin to usr/bin",
                "begin with an empty folder",
            )),
            Error::Exec { program, place, .. } => gap(program, &place.root, &place.path),
            Error::Root { root, call } | Error::Look { root, call } => no_root(root, call),
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

/// Why a mount namespace was refused: that, too, is one capability.
fn no_mounts(call: &CallError) -> Option<Advice> {
    let sets = kernel::capget().ok()?;
    let lacks = sets.effective & (1 << CAP_SYS_ADMIN) == 0;
    (call.errno() == Errno::EPERM && lacks).then(|| {
        Advice::new(
            "this process has no CAP_SYS_ADMIN: only root may mount",
            "run it as root, or as root of a user namespace: --userns",
        )
    })
}

/// Where a library was looked for: where the loader looks, but for one variable.
fn no_library(uncached: Option<&Path>) -> Advice {
    match uncached {
        Some(path) => Advice::new(
            format!(
                "{path:?} is there, in a folder of /etc/ld.so.conf, but not in /etc/ld.so.cache"
            ),
            "run ldconfig as root",
        ),
        None => Advice::new(
            "no RPATH, ld.so.cache or default folder has it; LD_LIBRARY_PATH does not count here",
            "install it, or name its folder in /etc/ld.so.conf.d and run ldconfig as root",
        ),
    }
}

/// Why a folder cannot become the root: it is none.
fn no_root(root: &Path, call: &CallError) -> Option<Advice> {
    let shown = shell_word(root);
    match call.errno() {
        Errno::ENOENT => Some(Advice::new(
            format!("there is no folder {shown} here"),
            crate::why::new_with(root, Path::new("bash")),
        )),
        Errno::ELOOP => Some(Advice::new(
            format!("{shown} is a link that leads round in a circle"),
            "name a folder",
        )),
        Errno::ENOTDIR => Some(Advice::new(
            format!("{shown} is a file, and a root is a folder with files in it"),
            "name a folder",
        )),
        Errno::EACCES if !files::may_be_entered(root) => Some(Advice::new(
            format!("this user may not enter {shown}, or a folder above it: no x bit for it"),
            format!("chmod o+x {shown}   (as its owner)"),
        )),
        _ => None,
    }
}

/// Why a package has no list: it is not installed, or dpkg does not keep packages here.
fn no_package(package: &str) -> Advice {
    match crate::closure::packages::other_keeper(&Tree::host()) {
        Some(keeper) => Advice::new(
            format!("packages here are {keeper}'s, whose lists are not read"),
            "name its folders with --tree",
        ),
        None => Advice::new(
            "dpkg has such a list for each package that is installed",
            format!("apt-get install {package}   (as root)"),
        ),
    }
}

/// Which link of the chain is missing. By now the new root is ours: `/` is the jail.
fn gap(program: &Path, root: &Path, path: &str) -> Option<Advice> {
    let here = Tree::host();
    let answer = crate::why::why(&here, &here, program, path);
    let gap = answer.gaps.first()?;
    Some(Advice {
        why: gap.to_string(),
        fix: gap.fix(root),
    })
}
