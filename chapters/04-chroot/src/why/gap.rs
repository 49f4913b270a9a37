//! The ways in which a chain can be broken, and what mends each.

use std::path::{Path, PathBuf};

use groundwork::error::shell_word;
use serde::Serialize;

use crate::closure::elf;

/// What stops a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "gap", rename_all = "kebab-case")]
pub enum Gap {
    /// An empty word is no name.
    #[error("the program has no name: \"\" is the empty word")]
    NoName,
    /// No folder of PATH has it.
    #[error("there is no {name} in {path}")]
    NotInPath {
        /// The program.
        name: String,
        /// PATH.
        path: String,
    },
    /// A path that ends early.
    #[error("the {part} {path:?} is not there{}", after_links(.by))]
    Missing {
        /// What it is: program, interpreter, loader.
        part: &'static str,
        /// Inside, as it was asked for.
        path: PathBuf,
        /// The program that cannot start without it.
        of: PathBuf,
        /// The link that leads to it: where, and what it says.
        by: Option<(PathBuf, PathBuf)>,
    },
    /// A folder on the way that this user may not go through.
    #[error(
        "the way to the {part} {path:?} is closed: this user may not go through {folder:?}, whose mode is {mode:04o}"
    )]
    Closed {
        /// What it is.
        part: &'static str,
        /// Inside.
        path: PathBuf,
        /// The folder, inside.
        folder: PathBuf,
        /// Permission bits.
        mode: u32,
    },
    /// A path that cannot be walked.
    #[error("the {part} {path:?} cannot be reached: {why}")]
    Unreachable {
        /// What it is.
        part: &'static str,
        /// Inside.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// `#!/bin/sh` with a carriage return after it.
    #[error("{script:?} was written on Windows: its first line asks for {interpreter:?}")]
    CarriageReturn {
        /// The script.
        script: PathBuf,
        /// With the carriage return.
        interpreter: PathBuf,
    },
    /// An interpreter that is a script, whose interpreter is a script, and so on.
    #[error("{script:?} is run by scripts that are run by scripts: the kernel gives up")]
    Circle {
        /// The last one.
        script: PathBuf,
    },
    /// A folder, a socket, a device.
    #[error("{path:?} is no file that can be run, but {is}")]
    NoFile {
        /// Inside.
        path: PathBuf,
        /// What it is.
        is: &'static str,
    },
    /// No x bit for us.
    #[error("{path:?} may not be run: its mode is {mode:04o}")]
    NotExecutable {
        /// Inside.
        path: PathBuf,
        /// Permission bits.
        mode: u32,
    },
    /// The file system is mounted noexec.
    #[error("{path:?} lies on a file system that is mounted noexec")]
    Noexec {
        /// Inside.
        path: PathBuf,
    },
    /// Neither ELF nor `#!`, and empty or binary.
    #[error("{path:?} is no program: {what}")]
    NoProgram {
        /// Inside.
        path: PathBuf,
        /// What it is.
        what: String,
    },
    /// Another architecture.
    #[error("{path:?} was built for {machine}, and this machine is {}", native())]
    Foreign {
        /// Inside.
        path: PathBuf,
        /// Which one.
        machine: String,
    },
    /// DT_NEEDED that the loader would not find.
    #[error("the library {name} is missing, which {of:?} needs")]
    Library {
        /// DT_NEEDED.
        name: String,
        /// The object that needs it.
        of: PathBuf,
    },
    /// DT_NEEDED that lies where only $ORIGIN leads, and no /proc to tell what that is.
    #[error("the library {name} is at {path:?}, but {of:?} says $ORIGIN, and there is no /proc")]
    NoProc {
        /// DT_NEEDED.
        name: String,
        /// The program that needs it.
        of: PathBuf,
        /// Where it is.
        path: PathBuf,
    },
}

fn native() -> String {
    elf::Machine::NATIVE.name()
}

fn after_links(by: &Option<(PathBuf, PathBuf)>) -> String {
    by.as_ref().map_or_else(String::new, |(link, target)| {
        format!(": the link {link:?} leads to {target:?}, inside this root")
    })
}

impl Gap {
    /// What to do about it, in the jail that is called `root` outside.
    pub fn fix(&self, root: &Path) -> Option<String> {
        let with = |name: &Path| new_with(root, name);
        let outside = |path: &Path| match path.strip_prefix("/") {
            Ok(below) if below.as_os_str() != "" => shell_word(root.join(below)),
            _ => shell_word(root),
        };
        Some(match self {
            Gap::NoName => "name a program".to_owned(),
            Gap::NotInPath { name, .. } => with(Path::new(name)),
            Gap::Missing {
                by: Some((link, target)),
                ..
            } if target.is_absolute() => format!(
                "inside, {} begins at this root: copy what it means, or make the link {} relative",
                target.display(),
                link.display()
            ),
            // A loader comes with its program, and what runs a script by itself.
            Gap::Missing {
                part: "loader", of, ..
            } => with(of),
            Gap::Missing { path, .. } => with(path),
            Gap::Closed { folder, .. } => {
                format!("chmod a+x {}   (as its owner)", outside(folder))
            }
            Gap::Unreachable { .. } => return None,
            Gap::CarriageReturn { script, .. } => {
                format!(
                    "save it with Unix line ends: sed -i 's/\\r$//' {}",
                    outside(script)
                )
            }
            Gap::Circle { .. } => "name a program in the first line, not a script".to_owned(),
            Gap::NoProc { .. } => format!(
                "era-chroot run {} --proc   (the loader reads /proc/self/exe)",
                shell_word(root)
            ),
            Gap::NoFile { .. } => "name a program".to_owned(),
            Gap::NotExecutable { path, .. } => format!("chmod +x {}", outside(path)),
            Gap::Noexec { .. } => "move the root to a file system without noexec".to_owned(),
            Gap::NoProgram { .. } => "name a program, or a script with a first line".to_owned(),
            Gap::Foreign { .. } => "take the one for this machine".to_owned(),
            Gap::Library { of, .. } => with(of),
        })
    }
}

/// The command that brings a program into a jail with all that it needs.
pub fn new_with(root: &Path, program: &Path) -> String {
    format!(
        "era-chroot new {} --with {}",
        shell_word(root),
        shell_word(program)
    )
}
