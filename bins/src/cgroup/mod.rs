//! `era-cgroup`: limits for groups of processes.

use std::ffi::OsString;

use cgroups::limits::parse;
use cgroups::set::Note;
use cgroups::{Error, Group, Home, Limits, Name};
use clap::{Args, Parser, Subcommand};
use groundwork::host::Facts;
use indoc::indoc;

use crate::explain::Explain;
use crate::{failure, result};

mod run;
mod show;
mod tree;
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
      era-cgroup create web cpu=50%

    The book: 08-cgroups"};

const LIMITS: &str = indoc! {"
    Limits: cpu=50% (of one core), memory=100M (with swap), swap=50M (beside the
    memory), pids=32, cpuset=0-1, io=/dev/sda:rbps=5M,wiops=100; or max for each
    The book: 08-cgroups"};

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a program in a group of its own, and say what it used and who ended it
    #[command(after_help = run::HELP)]
    Run(run::Run),
    /// Make a group that stays
    #[command(after_help = format!("Examples:\n  era-cgroup create web\n  era-cgroup create web cpu=50% memory=100M\n{LIMITS}"))]
    Create(Create),
    /// Change what a group may use
    #[command(after_help = format!("Examples:\n  era-cgroup set web memory=200M\n  era-cgroup set web cpu=max pids=32\n{LIMITS}"))]
    Set(Set),
    /// Move running processes into a group
    #[command(
        after_help = "Examples:\n  era-cgroup add web 4711\n  era-cgroup add web $$\nThe book: 08-cgroups"
    )]
    Add(Add),
    /// Say what a group has used, and what it may
    #[command(
        after_help = "Examples:\n  era-cgroup stat web\n  era-cgroup stat web --json\nThe book: 08-cgroups"
    )]
    Stat(Stat),
    /// Show all groups of ours
    #[command(
        after_help = "Examples:\n  era-cgroup tree\n  era-cgroup tree --json\nThe book: 08-cgroups"
    )]
    Tree(tree::Tree),
    /// Stop everybody in a group
    #[command(
        after_help = "Examples:\n  era-cgroup freeze web\n  era-cgroup freeze web --explain\nThe book: 08-cgroups"
    )]
    Freeze(Named),
    /// Let everybody in a group go on
    #[command(
        after_help = "Examples:\n  era-cgroup thaw web\n  era-cgroup thaw web --explain\nThe book: 08-cgroups"
    )]
    Thaw(Named),
    /// End everybody in a group; the group stays
    #[command(
        after_help = "Examples:\n  era-cgroup kill web\n  era-cgroup kill web --explain\nThe book: 08-cgroups"
    )]
    Kill(Named),
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
    /// What it may use
    #[arg(value_name = "KEY=LIMIT")]
    limits: Vec<String>,
    #[command(flatten)]
    explain: Explain,
}

#[derive(Debug, Args)]
struct Set {
    /// Its name
    name: String,
    /// What it may use
    #[arg(value_name = "KEY=LIMIT", required = true)]
    limits: Vec<String>,
    #[command(flatten)]
    explain: Explain,
}

#[derive(Debug, Args)]
struct Add {
    /// Its name
    name: String,
    /// The processes
    #[arg(value_name = "PID", required = true, value_parser = clap::value_parser!(i32).range(1..))]
    pids: Vec<i32>,
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
struct Named {
    /// Its name
    name: String,
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
        Command::Run(run) => run.main(),
        Command::Create(create) => create.main(),
        Command::Set(set) => set.main(),
        Command::Add(add) => add.main(),
        Command::Stat(stat) => stat.main(),
        Command::Tree(tree) => tree.main(),
        Command::Freeze(named) => named.main(|group| group.freeze()),
        Command::Thaw(named) => named.main(|group| group.thaw()),
        Command::Kill(named) => named.main(|group| group.kill().map(drop)),
        Command::Rm(rm) => rm.main(),
        Command::Watch(watch) => watch.main(),
    };
    ended.unwrap_or_else(|error| {
        failure::print(&error);
        error.status()
    })
}

/// This machine, for whoever runs us in this environment.
fn facts() -> Facts {
    Facts::here().with_env(std::env::vars_os())
}

/// A group of ours by its name, and where ours lie.
fn open(name: &str) -> Result<(Home, Group), Error> {
    let name: Name = name.parse()?;
    let home = Home::find(&facts())?;
    let group = Group::open(&home, &name)?;
    Ok((home, group))
}

fn limits(words: &[String]) -> Result<Limits, Error> {
    parse(words.iter().map(String::as_str))
}

/// What whoever sets a limit has to know.
fn tell(notes: &[Note]) {
    for note in notes {
        result::aside(format_args!("note: {note}"));
    }
}

impl Create {
    fn main(self) -> Result<u8, Error> {
        self.explain.install();
        let name: Name = self.name.parse()?;
        let limits = limits(&self.limits)?;
        let (_, notes) = Group::with_limits(&Home::find(&facts())?, &name, &limits)?;
        tell(&notes);
        Ok(0)
    }
}

impl Set {
    fn main(self) -> Result<u8, Error> {
        self.explain.install();
        let limits = limits(&self.limits)?;
        let (home, mut group) = open(&self.name)?;
        tell(&group.set(&home, &limits)?);
        Ok(0)
    }
}

impl Add {
    fn main(self) -> Result<u8, Error> {
        self.explain.install();
        let (_, group) = open(&self.name)?;
        self.pids.iter().try_for_each(|pid| group.add(*pid))?;
        Ok(0)
    }
}

impl Stat {
    fn main(self) -> Result<u8, Error> {
        self.explain.install();
        let (home, group) = open(&self.name)?;
        let stat = group.stat(&home);
        let text = match self.json {
            true => serde_json::to_string_pretty(&stat).expect("plain data"),
            false => show::stat(&stat),
        };
        Ok(result::print(&text, 0, FAILED))
    }
}

impl Named {
    fn main(self, act: impl Fn(&Group) -> Result<(), Error>) -> Result<u8, Error> {
        self.explain.install();
        let (_, group) = open(&self.name)?;
        act(&group)?;
        Ok(0)
    }
}

impl Rm {
    fn main(self) -> Result<u8, Error> {
        self.explain.install();
        let (home, group) = open(&self.name)?;
        group.remove(&home, self.recursive)?;
        Ok(0)
    }
}
