//! The command line of `era`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand};

use crate::auto::{self, Report};
use crate::ground::{Learner, enter, guardian};
use crate::library;
use crate::state::Surroundings;

/// The history of Linux containers, run on this machine.
#[derive(Debug, Parser)]
#[command(name = "era", version, arg_required_else_help = false)]
struct Cli {
    /// Keep everything below this folder (also: ERA_STATE)
    #[arg(long, global = true, value_name = "DIR")]
    state: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Be led through a page, or through all
    Tour {
        /// A page by number, folder or program, or a markdown file; none: all
        page: Option<String>,
        /// Run everything without a key, and report
        #[arg(long)]
        auto: bool,
        /// With --auto: texts must be those of the page, too
        #[arg(long, requires = "auto")]
        exact: bool,
        /// With --auto: the report as JSON
        #[arg(long, requires = "auto")]
        json: bool,
    },
    #[command(name = "__guardian", hide = true)]
    Guardian { folder: PathBuf, uid: u32, gid: u32 },
    #[command(name = "__keeper", hide = true)]
    Keeper { folder: PathBuf },
    #[command(name = "__shell", hide = true)]
    Shell {
        folder: PathBuf,
        terminal: PathBuf,
        keeper: Option<u32>,
    },
}

type Outcome = Result<u8, Box<dyn std::error::Error>>;

/// Runs `era`, or the era whose name it was called by.
pub fn main(args: Vec<OsString>) -> u8 {
    if let Some(status) = era_by_name(&args) {
        return status;
    }
    let cli = match Cli::try_parse_from(&args) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return u8::try_from(error.exit_code()).unwrap_or(2);
        }
    };
    run(cli).unwrap_or_else(|error| {
        eprintln!("error: {error}");
        1
    })
}

/// `era-chroot …` by the name of a link, or `era chroot …`.
fn era_by_name(args: &[OsString]) -> Option<u8> {
    let program = |name: &str| {
        bins::PROGRAMS
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, main)| *main)
    };
    let called = Path::new(args.first()?).file_name()?.to_str()?;
    if let Some(main) = program(called) {
        return Some(main(args.to_vec()));
    }
    let name = format!("era-{}", args.get(1)?.to_str()?);
    let main = program(&name)?;
    let args = [vec![OsString::from(name)], args[2..].to_vec()].concat();
    Some(main(args))
}

fn run(cli: Cli) -> Outcome {
    let around = Surroundings::read(cli.state);
    match cli.command {
        Some(Command::Guardian { folder, uid, gid }) => {
            guardian::main(&folder, uid, gid).map(|()| 0)
        }
        Some(Command::Keeper { .. }) => enter::keeper().map(|()| 0),
        Some(Command::Shell {
            folder,
            terminal,
            keeper,
        }) => match enter::shell(&folder, &terminal, keeper)? {},
        Some(Command::Tour {
            page,
            auto: true,
            exact,
            json,
        }) => tour_auto(page.as_deref(), exact, json, &around),
        Some(Command::Tour { .. }) | None => Err("not yet".into()),
    }
}

fn tour_auto(page: Option<&str>, exact: bool, json: bool, around: &Surroundings) -> Outcome {
    let learner = Learner::current(around.sudo_uid.as_deref());
    let pages = match page {
        Some(word) => vec![library::find(word)?],
        None => library::pages()?,
    };
    let mut out = std::io::stdout();
    let mut reports = Vec::new();
    for page in &pages {
        let report = auto::page(page, around, &learner);
        if !json {
            auto::tell_page(&report, &mut out)?;
        }
        reports.push(report);
    }
    let report = Report::new(reports);
    if json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        auto::tell(&report, &mut out)?;
    }
    Ok(u8::from(!report.good(exact)))
}
