//! `era-nsenter`: a program in the namespaces of another process, with the flags of
//! nsenter(1).

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser};
use groundwork::process::Program;
use indoc::indoc;
use namespaces::enter::Place;
use namespaces::maps::Ids;
use namespaces::{Enter, Error, registry};

use crate::attached::{self, Takers};
use crate::explain::Explain;
use crate::failure;
use crate::views::Views;

/// nsenter(1) ends with 1 whatever is wrong with its arguments.
const USAGE: u8 = 1;

/// How nsenter(1) takes what its flags take.
const TAKERS: Takers = Takers {
    attached: "muipnUCTrw",
    word: "tSGW",
    long: &["target", "setuid", "setgid", "wdns"],
};

const EXAMPLES: &str = indoc! {"
    Examples:
      era-nsenter --target 4711 --all bash            stand beside process 4711
      era-nsenter --uts=/tmp/kept-uts hostname        in a namespace that was kept

    Without PROGRAM: $SHELL, else /bin/sh. The book: 06-namespaces"};

/// Run a program with the views that another process has
#[derive(Debug, Parser)]
#[command(
    name = "era-nsenter", max_term_width = 80,
    version,
    after_help = EXAMPLES,
    infer_long_args = true,
    args_override_self = true
)]
struct Cli {
    /// The process whose views are entered
    #[arg(short, long, value_name = "PID")]
    target: Option<i32>,
    /// All its views
    #[arg(short, long)]
    all: bool,
    #[command(
        flatten,
        next_help_heading = "Which views (=FILE: the one that FILE stands for)"
    )]
    views: Views,
    #[command(flatten)]
    inside: Inside,
    #[command(flatten)]
    explain: Explain,
    /// The program and its arguments
    #[arg(trailing_var_arg = true, value_name = "PROGRAM")]
    program: Vec<OsString>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Inside, before the program")]
struct Inside {
    /// Become this user, a number [0, if a user namespace is entered]
    #[arg(short = 'S', long, value_name = "UID", allow_hyphen_values = true)]
    setuid: Option<String>,
    /// Become this group, a number, likewise
    #[arg(short = 'G', long, value_name = "GID", allow_hyphen_values = true)]
    setgid: Option<String>,
    /// Leave user and groups alone
    #[arg(long)]
    preserve_credentials: bool,
    /// Look for files from there on [the target's root]
    #[arg(short, long, value_name = "DIR", num_args = 0..=1, require_equals = true)]
    root: Option<Option<PathBuf>>,
    /// Stand there [where the target stands]
    #[arg(short, long, value_name = "DIR", num_args = 0..=1, require_equals = true)]
    wd: Option<Option<PathBuf>>,
    /// Stand there, by a path as it is inside
    #[arg(short = 'W', long, value_name = "DIR", conflicts_with = "wd")]
    wdns: Option<PathBuf>,
    /// No child, even in another PID namespace
    #[arg(short = 'F', long)]
    no_fork: bool,
}

/// The command line, for completions and man pages.
pub fn command() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}

/// Entry point: the arguments, and the exit status.
pub fn main(args: Vec<OsString>) -> u8 {
    let args = attached::with_equals(TAKERS, args);
    let cli: Cli = match crate::parse(args, USAGE) {
        Ok(cli) => cli,
        Err(status) => return status,
    };
    cli.explain.install();
    let ended = cli.plan().and_then(|plan| plan.run(&cli.program()));
    match ended {
        Ok(exit) => exit.imitate(),
        Err(error) => {
            failure::print(&error);
            error.status()
        }
    }
}

impl Cli {
    fn program(&self) -> Program {
        match self.program.as_slice() {
            [] => Program::shell(std::env::vars_os()),
            argv => Program::new(argv.to_vec(), std::env::vars_os()),
        }
    }

    fn plan(&self) -> Result<Enter, Error> {
        let flags = self.views.asked();
        let of_target = flags.iter().filter(|(_, file)| file.is_none());
        let by_file = flags
            .iter()
            .filter_map(|(kind, file)| Some((*kind, (*file)?.to_owned())));
        let number = |ids, text: &Option<String>| {
            let text = text.as_deref();
            text.map(|text| registry::number(ids, text)).transpose()
        };
        let place = |flag: &Option<Option<PathBuf>>| {
            let dir = flag.clone()?;
            Some(dir.map_or(Place::OfTarget, Place::At))
        };
        Ok(Enter {
            target: self.target,
            all: self.all,
            kinds: of_target.map(|(kind, _)| *kind).collect(),
            files: by_file.collect(),
            root: place(&self.inside.root),
            directory: place(&self.inside.wd),
            directory_inside: self.inside.wdns.clone(),
            setuid: number(Ids::Users, &self.inside.setuid)?,
            setgid: number(Ids::Groups, &self.inside.setgid)?,
            preserve_credentials: self.inside.preserve_credentials,
            no_fork: self.inside.no_fork,
        })
    }
}
