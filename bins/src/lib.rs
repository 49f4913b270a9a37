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
//! - [`explain`]: `--explain`, `--explain=json` and ERA_EXPLAIN: who listens to the kernel calls.
//! - [`mod@unshare`], [`nsenter`] and [`lsns`]: 2002 to 2020.
//! - [`failure`]: how an error is printed, with why and fix.
#![forbid(unsafe_code)]

pub mod chroot;
pub mod explain;
pub mod failure;
pub mod lsns;
pub mod nsenter;
pub mod unshare;

/// A program: takes its arguments, its own name first, and gives the exit status.
pub type Main = fn(Vec<std::ffi::OsString>) -> u8;

/// Every program of the eras by its name, in the order of history.
pub const PROGRAMS: &[(&str, Main)] = &[
    ("era-chroot", chroot::main),
    ("era-lsns", lsns::main),
    ("era-nsenter", nsenter::main),
    ("era-unshare", unshare::main),
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
    // A reader that went away is no reason to fail twice.
    let _ = error.print();
    if error.use_stderr() { status } else { 0 }
}

/// What a binary's `main` does: run with the process's own arguments, exit with the status.
pub fn run(main: Main) -> std::process::ExitCode {
    main(std::env::args_os().collect()).into()
}
