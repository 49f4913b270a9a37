//! `era-caps`: show, give and take capabilities.

use std::ffi::OsString;

use capabilities::{CapSet, Error};
use clap::{Parser, Subcommand};
use indoc::indoc;

mod about;
mod file;
mod need;
mod run;
mod serve;
mod show;
mod wrap;

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

    CAPS is a list with commas: cap_net_raw, net_raw, its number, all, none.
    The book: 05-capabilities"};

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the five sets of a process, or every process that holds any
    #[command(
        after_help = "Examples:\n  era-caps show 1\n  era-caps show --all --json\nThe book: 05-capabilities"
    )]
    Show(show::Show),
    /// Say what a capability allows and was abused for; without a name, list them
    #[command(
        after_help = "Examples:\n  era-caps about\n  era-caps about net_bind_service\nThe book: 05-capabilities"
    )]
    About(about::About),
    /// Read, give or take the capabilities of files
    #[command(
        after_help = "Examples:\n  era-caps file get -r /usr/bin\n  era-caps file set cap_net_bind_service=+ep web\nThe book: 05-capabilities"
    )]
    File(file::File),
    /// Run a program with less than we have
    ///
    /// What is dropped stays dropped, also when something is executed as uid 0: it leaves
    /// the bounding set as well, unless --bounding says otherwise. A set that is not named
    /// stays as it is.
    #[command(
        after_help = "Examples:\n  era-caps run --drop sys_chroot -- bash\n  era-caps run --user 1000 --keep kill --inheritable kill --ambient kill -- bash\nThe book: 05-capabilities"
    )]
    Run(run::Run),
    /// Find out which capabilities a program needs, by running it with more and fewer
    ///
    /// Each run is in a sandbox that is thrown away: files under a layer of its own, and PID,
    /// mount, IPC, UTS and network namespaces. It holds mistakes, not malice: as root, run
    /// only what you would run as root.
    #[command(after_help = need::EXAMPLES)]
    Need(need::Need),
    /// Serve one page on a port, to see who may take a low one
    #[command(after_help = serve::EXAMPLES)]
    Serve(serve::Serve),
}

/// What getcap, setcap and getpcaps end with when they fail.
const FAILED: u8 = 1;

/// `run` starts a program, and its own failures must not look like that program's: as with
/// chroot(1), 125 is ours, 126 and 127 say that it could not be started.
const RUN_FAILED: u8 = 125;

/// The command line, for completions and man pages.
pub fn command() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}

/// Runs `era-caps`.
pub fn main(args: Vec<OsString>) -> u8 {
    let word = args.get(1).and_then(|word| word.to_str());
    let starts = matches!(word, Some("run" | "need" | "serve"));
    let usage = if starts { RUN_FAILED } else { FAILED };
    let cli = match crate::parse::<Cli>(args, usage) {
        Ok(cli) => cli,
        Err(status) => return status,
    };
    match cli.command {
        Command::Show(show) => show.main(),
        Command::About(about) => about.main(),
        Command::File(file) => file.main(),
        Command::Run(run) => run.main(),
        Command::Need(need) => need.main(),
        Command::Serve(serve) => serve.main(),
    }
}

/// A list of capabilities.
fn list(text: &str) -> Result<CapSet, Error> {
    text.parse()
}
