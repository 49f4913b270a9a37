//! The programs, one module each: parse the arguments, call the chapter, print.
//!
//! No module here makes a kernel call: those are the chapters'. Each `main` takes the
//! arguments (its own name first) and gives the exit status, so that `era` can be all of
//! them.
//!
//! # Layout
//!
//! - [`PROGRAMS`]: every program by the name of its link.
//! - [`explain`]: `--explain`, `--explain=json` and ERA_EXPLAIN: who listens to the kernel calls.
//! - [`failure`]: how an error is printed, with why and fix.
#![forbid(unsafe_code)]

pub mod explain;
pub mod failure;

/// A program: takes its arguments, its own name first, and gives the exit status.
pub type Main = fn(Vec<std::ffi::OsString>) -> u8;

/// Every program of the eras by its name, in the order of history.
pub const PROGRAMS: &[(&str, Main)] = &[];

/// What a binary's `main` does: run with the process's own arguments, exit with the status.
pub fn run(main: Main) -> std::process::ExitCode {
    main(std::env::args_os().collect()).into()
}
