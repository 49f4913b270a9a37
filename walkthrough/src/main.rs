//! The program `era`: the tour, and every era by subcommand or by the name of its link.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    walkthrough::cli::main(std::env::args_os().collect()).into()
}
