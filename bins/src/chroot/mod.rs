//! `era-chroot`: make a jail, enter it, ask why something does not start in it, get out.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use chroot::enter::{self, Entry};
use chroot::error::Error;
use chroot::escape;
use chroot::tree::Tree;
use clap::{Args, Parser, Subcommand};
use groundwork::process::Program;
use indoc::indoc;

use crate::explain::Explain;
use crate::{failure, ids, result};

mod new;
mod why;

/// Give a process another meaning of "/" (1979)
#[derive(Debug, Parser)]
#[command(name = "era-chroot", max_term_width = 80, version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = indoc! {"
    Examples:
      era-chroot new jail --with bash,ls,cat
      era-chroot run jail -- bash

    The book: 04-chroot"};

#[derive(Debug, Subcommand)]
enum Command {
    /// Fill a folder with programs and what they need in order to start
    ///
    /// Files are copied: nothing is run to find out what is needed, nothing is mounted, and
    /// set-user-id bits are left behind.
    #[command(
        after_help = "Examples:\n  era-chroot new jail --with bash,ls,cat\n  era-chroot new jail --with python3 --list\nThe book: 04-chroot"
    )]
    New(new::New),
    /// Make a folder the root directory, and run a program in it
    #[command(
        after_help = "Examples:\n  era-chroot run jail -- bash\n  era-chroot run --user 1000 --proc --dev jail\nThe book: 04-chroot"
    )]
    Run(Run),
    /// Say what is missing when a program does not start in a root
    #[command(
        after_help = "Examples:\n  era-chroot why jail bash\n  era-chroot why jail /usr/bin/python3 --json\nThe book: 04-chroot"
    )]
    Why(why::Why),
    /// Break out of a root, as anybody can who may call chroot in it
    #[command(
        after_help = "Examples:\n  era-chroot escape jail --canary canary\n  era-chroot escape --here --canary /home/me/canary\nThe book: 04-chroot"
    )]
    Escape(Escape),
}

#[derive(Debug, Args)]
struct Run {
    /// The folder that becomes /
    root: PathBuf,
    /// Become this user, and this group (else the group of the same number)
    #[arg(long, value_name = "UID[:GID]", value_parser = ids::user)]
    user: Option<(u32, u32)>,
    /// First become root of a user namespace: needs no privilege
    #[arg(long)]
    userns: bool,
    /// Show /proc inside (mounted in a mount namespace of its own)
    #[arg(long)]
    proc: bool,
    /// Show null, zero, full, random, urandom and tty under /dev inside (likewise)
    #[arg(long)]
    dev: bool,
    #[command(flatten)]
    explain: Explain,
    /// The program and its arguments; without, a shell
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "CMD"
    )]
    command: Vec<OsString>,
}

#[derive(Debug, Args)]
struct Escape {
    /// The folder to be shut in first
    #[arg(required_unless_present = "here", conflicts_with = "here")]
    root: Option<PathBuf>,
    /// Be shut in nowhere first: break out of the root we have
    #[arg(long, requires = "canary")]
    here: bool,
    /// The file to read, by its path outside; without, canary beside ROOT
    #[arg(long, value_name = "FILE")]
    canary: Option<PathBuf>,
    /// First become root of a user namespace: needs no privilege, and gains none
    #[arg(long)]
    userns: bool,
    #[command(flatten)]
    explain: Explain,
}

/// chroot(1)'s status for what fails before the program is there.
const FAILED: u8 = 125;

/// The command line, for completions and man pages.
pub fn command() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}

/// Runs `era-chroot`.
pub fn main(args: Vec<OsString>) -> u8 {
    let cli = match crate::parse::<Cli>(args, FAILED) {
        Ok(cli) => cli,
        Err(status) => return status,
    };
    match cli.command {
        Command::New(new) => new.main(),
        Command::Run(run) => run.main(),
        Command::Why(why) => why.main(),
        Command::Escape(escape) => escape.main(),
    }
}

impl Run {
    fn main(self) -> u8 {
        self.explain.install();
        let entry = Entry {
            root: self.root,
            user: self.user,
            userns: self.userns,
            proc: self.proc,
            dev: self.dev,
        };
        let command = if self.command.is_empty() {
            vec![shell(&entry)]
        } else {
            self.command
        };
        let program = Program::new(command, std::env::vars_os());
        let Err(error) = enter::run(&entry, &program);
        failure::print(&error);
        status(&error)
    }
}

/// The shell of the user where the root has it, else the one that every system has.
fn shell(entry: &Entry) -> OsString {
    let inside = Tree::new(&entry.root);
    let shell = std::env::var_os("SHELL").filter(|shell| inside.has_file(Path::new(shell)));
    shell.unwrap_or_else(|| "/bin/sh".into())
}

/// As chroot(1) has it: a program that is not there is not our failure.
fn status(error: &Error) -> u8 {
    match error {
        Error::Exec { call, .. } => failure::exec_status(call),
        _ => FAILED,
    }
}

impl Escape {
    fn main(self) -> u8 {
        self.explain.install();
        let canary = self.canary.unwrap_or_else(|| beside(self.root.as_deref()));
        let canary = std::path::absolute(&canary).unwrap_or(canary);
        let entry = Entry {
            root: self.root.unwrap_or_default(),
            userns: self.userns,
            ..Entry::default()
        };
        let escaped = if self.here {
            escape::escape(&canary)
        } else {
            enter::shut_in(&entry).and_then(|()| escape::escape(&canary))
        };
        match escaped {
            Ok(escaped) => {
                let text = format!(
                    "before  / is {}\nafter   / is {}\ncanary  {}",
                    escaped.inside,
                    escaped.outside,
                    escaped.canary.trim_end()
                );
                result::print(&text, 0, FAILED)
            }
            Err(error) => {
                failure::print(&error);
                FAILED
            }
        }
    }
}

/// `canary` in the folder that holds the root.
fn beside(root: Option<&Path>) -> PathBuf {
    root.and_then(Path::parent)
        .unwrap_or(Path::new(""))
        .join("canary")
}
