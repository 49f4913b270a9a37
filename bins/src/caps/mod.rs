//! `era-caps`: show, give and take capabilities.

use std::ffi::OsString;

use clap::{Parser, Subcommand};
use indoc::indoc;

mod about;
mod serve;

/// Show, give and take the pieces of root: capabilities (1999)
#[derive(Debug, Parser)]
#[command(name = "era-caps", max_term_width = 80, version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = indoc! {"
    Examples:
      era-caps show
      era-caps run --drop sys_chroot -- bash

    The book: 05-capabilities"};

#[derive(Debug, Subcommand)]
enum Command {
    /// Say what a capability allows; without a name, list them
    #[command(
        after_help = "Examples:\n  era-caps about\n  era-caps about net_bind_service\nThe book: 05-capabilities"
    )]
    About(about::About),
    /// Serve one page on a port, to see who may take a low one
    #[command(after_help = serve::EXAMPLES)]
    Serve(serve::Serve),
}

/// capsh has one status for all its failures. We start programs, so ours are those of
/// chroot(1): itself failed, the program may not be run, it is not there.
const FAILED: u8 = 125;

/// The command line, for completions and man pages.
pub fn command() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}

/// Runs `era-caps`.
pub fn main(args: Vec<OsString>) -> u8 {
    let cli = match crate::parse::<Cli>(args, FAILED) {
        Ok(cli) => cli,
        Err(status) => return status,
    };
    match cli.command {
        Command::About(about) => about.main(),
        Command::Serve(serve) => serve.main(),
    }
}
