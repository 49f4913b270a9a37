//! The programs, one module each: parse the arguments, call the chapter, print.
//!
//! No module here makes a kernel call: those are the chapters'. Each `main` takes the
//! arguments (its own name first) and gives the exit status, so that `era` can be all of
//! them.
//!
//! # Layout
//!
//! - [`PROGRAMS`]: every program by the name of its link.
//! - [`mod@chroot`]: in 1979.
//! - [`caps`]: in 1999.
//! - [`mod@cgroup`]: in 2006.
//! - [`explain`]: `--explain`, `--explain=json` and ERA_EXPLAIN: who listens to the kernel calls.
//! - [`mod@unshare`], [`nsenter`] and [`lsns`]: 2002 to 2020.
//! - [`mod@seccomp`]: from 2005 on.
//! - `views`: the eight kinds of namespaces as flags.
//! - `attached`: files right behind a short flag, as nsenter(1) takes them.
//! - `ids`: users on a command line.
//! - [`result`]: how a result is written.
//! - [`failure`]: how an error is printed, with why and fix.
#![forbid(unsafe_code)]

mod attached;
pub mod caps;
pub mod cgroup;
pub mod chroot;
pub mod explain;
pub mod failure;
mod ids;
pub mod lsns;
pub mod nsenter;
pub mod result;
pub mod seccomp;
pub mod unshare;
mod views;

/// What a program does: takes its arguments, its own name first, and gives the exit status.
pub type Main = fn(Vec<std::ffi::OsString>) -> u8;

/// A program of an era.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    /// The name of its link.
    pub name: &'static str,
    /// What it does.
    pub main: Main,
    /// Its command line, from which completions and man pages are made.
    pub command: fn() -> clap::Command,
}

/// Every program of the eras, in the order of history.
pub const PROGRAMS: &[Program] = &[
    Program {
        name: "era-chroot",
        main: chroot::main,
        command: chroot::command,
    },
    Program {
        name: "era-caps",
        main: caps::main,
        command: caps::command,
    },
    Program {
        name: "era-lsns",
        main: lsns::main,
        command: lsns::command,
    },
    Program {
        name: "era-nsenter",
        main: nsenter::main,
        command: nsenter::command,
    },
    Program {
        name: "era-seccomp",
        main: seccomp::main,
        command: seccomp::command,
    },
    Program {
        name: "era-unshare",
        main: unshare::main,
        command: unshare::command,
    },
    Program {
        name: "era-cgroup",
        main: cgroup::main,
        command: cgroup::command,
    },
];

/// Parses arguments. `--help` and `--version` end with 0, a mistake with `usage`, the
/// status that the model of this program uses for it; clap has printed what to say.
pub(crate) fn parse<Cli: clap::Parser>(
    args: Vec<std::ffi::OsString>,
    usage: u8,
) -> Result<Cli, u8> {
    Cli::try_parse_from(args).map_err(|error| self::usage(&error, usage))
}

/// What clap has to say, and the exit status for it: `status` for a mistake.
pub(crate) fn usage(error: &clap::Error, status: u8) -> u8 {
    if error.use_stderr() {
        // Who closed stderr does not want to hear it.
        let _ = error.print();
        return status;
    }
    let text = error.render();
    let is_terminal = std::io::IsTerminal::is_terminal(&std::io::stdout());
    match is_terminal {
        true => result::print(&text.ansi().to_string(), 0, status),
        false => result::print(&text.to_string(), 0, status),
    }
}

/// What a binary's `main` does: run with the process's own arguments, exit with the status.
pub fn run(main: Main) -> std::process::ExitCode {
    main(std::env::args_os().collect()).into()
}
