//! `era-cgroup`: limits for groups of processes.

use std::ffi::OsString;

use cgroups::{Error, Group, Home, Name};
use clap::{Args, Parser, Subcommand};
use groundwork::host::Facts;
use indoc::indoc;

use crate::explain::Explain;
use crate::{failure, result};

mod show;
mod watch;

/// Limit and count what processes use together (2006)
#[derive(Debug, Parser)]
#[command(name = "era-cgroup", max_term_width = 80, version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = indoc! {"
    Examples:
      era-cgroup run --cpu 50% --memory 100M -- CMD
      era-cgroup create web; era-cgroup set web pids=32

    The book: 08-cgroups"};

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a group
    #[command(
        after_help = "Examples:\n  era-cgroup create web\n  era-cgroup create web cpu=50% memory=100M\nThe book: 08-cgroups"
    )]
    Create(Create),
    /// Say what a group has used, and what it may
    #[command(
        after_help = "Examples:\n  era-cgroup stat web\n  era-cgroup stat web --json\nThe book: 08-cgroups"
    )]
    Stat(Stat),
    /// Remove a group that nobody is in
    #[command(
        after_help = "Examples:\n  era-cgroup rm web\n  era-cgroup rm -r web\nThe book: 08-cgroups"
    )]
    Rm(Rm),
    /// Show live what groups use, of what they may
    #[command(
        after_help = "Examples:\n  era-cgroup watch\n  era-cgroup watch web --interval 0.5\nThe book: 08-cgroups"
    )]
    Watch(watch::Watch),
}

#[derive(Debug, Args)]
struct Create {
    /// Its name
    name: String,
    #[command(flatten)]
    explain: Explain,
}

#[derive(Debug, Args)]
struct Stat {
    /// Its name
    name: String,
    /// JSON, for programs
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    explain: Explain,
}

#[derive(Debug, Args)]
struct Rm {
    /// Its name
    name: String,
    /// The groups below it, too, if nobody is in them
    #[arg(short, long)]
    recursive: bool,
    #[command(flatten)]
    explain: Explain,
}

/// As with chroot(1) and Docker: itself failed.
const FAILED: u8 = 125;

/// The command line, for completions and man pages.
pub fn command() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}

/// Runs `era-cgroup`.
pub fn main(args: Vec<OsString>) -> u8 {
    let cli = match crate::parse::<Cli>(args, FAILED) {
        Ok(cli) => cli,
        Err(status) => return status,
    };
    let ended = match cli.command {
        Command::Create(create) => create.main(),
        Command::Stat(stat) => stat.main(),
        Command::Rm(rm) => rm.main(),
        Command::Watch(watch) => watch.main(),
    };
    ended.unwrap_or_else(|error| {
        failure::print(&error);
        error.status()
    })
}

/// Where groups of ours lie, for whoever runs us in this environment.
fn home() -> Result<Home, Error> {
    Home::find(&Facts::here().with_env(std::env::vars_os()))
}

impl Create {
    fn main(self) -> Result<u8, Error> {
        self.explain.install();
        let name: Name = self.name.parse()?;
        Group::create(&home()?, &name, &[])?;
        Ok(0)
    }
}

impl Stat {
    fn main(self) -> Result<u8, Error> {
        self.explain.install();
        let name: Name = self.name.parse()?;
        let home = home()?;
        let stat = Group::open(&home, &name)?.stat(&home);
        let text = match self.json {
            true => serde_json::to_string_pretty(&stat).expect("plain data"),
            false => show::stat(&stat),
        };
        Ok(result::print(&text, 0, FAILED))
    }
}

impl Rm {
    fn main(self) -> Result<u8, Error> {
        self.explain.install();
        let name: Name = self.name.parse()?;
        let home = home()?;
        Group::open(&home, &name)?.remove(&home, self.recursive)?;
        Ok(0)
    }
}
