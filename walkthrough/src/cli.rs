//! The command line of `era`.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::{CommandFactory, Parser, Subcommand};

use crate::auto::{self, Report};
use crate::ground::{Learner, enter, guardian};
use crate::state::Surroundings;
use crate::{bless, first, library, machine, play, probes};

/// The history of Linux containers, run on this machine.
#[derive(Debug, Parser)]
#[command(name = "era", max_term_width = 80, version, after_help = EXAMPLES)]
struct Cli {
    /// Keep everything below this folder (also: ERA_STATE)
    #[arg(long, global = true, value_name = "DIR")]
    state: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

const EXAMPLES: &str = "\
Examples:
  era                          the list of pages, and what this machine allows
  era tour chroot              be led through 1979
  era chroot new jail --with bash    any era's program: era-chroot and so on
Book: preface.md";

#[derive(Debug, Subcommand)]
enum Command {
    /// Be led through a page
    #[command(
        after_help = "Examples:\n  era tour 04\n  era tour --machine 08\n  era tour --auto --exact\nBook: preface.md"
    )]
    Tour {
        /// A page by number, folder or program, or a markdown file
        page: Option<String>,
        /// Begin at this step
        #[arg(long, value_name = "STEP")]
        from: Option<usize>,
        /// In a small virtual machine: everything is possible, nothing can be harmed
        #[arg(long)]
        machine: bool,
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
    /// Show a page to a class: commands filled in, a clock, speaker notes
    #[command(
        after_help = "Examples:\n  era present 04              and, on a second terminal: era present --notes\n  era present 04 --rehearse\nBook: preface.md"
    )]
    Present {
        /// A page by number, folder or program, or a markdown file
        #[arg(required_unless_present = "notes")]
        page: Option<String>,
        /// Begin at this step
        #[arg(long, value_name = "STEP")]
        from: Option<usize>,
        /// The second terminal: what to say, following the presentation
        #[arg(long, conflicts_with_all = ["page", "rehearse"])]
        notes: bool,
        /// Run every step, and every way back, and time them
        #[arg(long)]
        rehearse: bool,
    },
    /// A shell on a ground of its own, or on that of a page
    #[command(
        after_help = "Examples:\n  era shell\n  era shell 04        after every command of page 04\nBook: preface.md"
    )]
    Shell {
        /// A page whose commands run first
        page: Option<String>,
    },
    /// Open the book, or bring a page up to date
    #[command(
        after_help = "Examples:\n  era book\n  era book bless book/src/04-chroot.md\nBook: preface.md"
    )]
    Book {
        #[command(subcommand)]
        what: Option<Book>,
    },
    Exercise(crate::exercise::commands::Exercise),
    Class(crate::class::Class),
    Machine(crate::machine::ask::Machine),
    Doctor(crate::doctor::Doctor),
    Clean(crate::clean::Clean),
    Completions(crate::papers::Completions),
    Man(crate::papers::Man),
    #[command(name = "__guardian", hide = true)]
    Guardian {
        folder: PathBuf,
        uid: u32,
        gid: u32,
    },
    #[command(name = "__keeper", hide = true)]
    Keeper {
        folder: PathBuf,
        #[arg(long)]
        real_root: bool,
    },
    #[command(name = "__judge", hide = true)]
    Judge {
        folder: PathBuf,
        exercise: String,
        answer: PathBuf,
        uid: u32,
        gid: u32,
    },
    #[command(name = "__build", hide = true)]
    Build {
        copy: PathBuf,
        target: PathBuf,
        rust: PathBuf,
        crates: PathBuf,
    },
    #[command(name = "__shell", hide = true)]
    Enter {
        folder: PathBuf,
        terminal: PathBuf,
        #[arg(allow_hyphen_values = true)]
        kind: String,
        keeper: Option<u32>,
    },
    #[command(name = "__emulator", hide = true)]
    Emulator {
        parent: u32,
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        program: Vec<String>,
    },
    #[command(name = "__session", hide = true)]
    Session {
        job: String,
    },
}

#[derive(Debug, Subcommand)]
enum Book {
    /// Run a page and write what was printed into it; facts stay as they are
    Bless {
        /// The page
        file: PathBuf,
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
            .find(|program| program.name == name)
            .map(|program| program.main)
    };
    let called = Path::new(args.first()?).file_name()?.to_str()?;
    if machine::guest::is_init(called) {
        return Some(machine::guest::main());
    }
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
    let learner = Learner::current(around.sudo_uid.as_deref());
    probes::keep_in(&around.state);
    match cli.command {
        None => bare(&around, &learner),
        Some(Command::Tour {
            page,
            from,
            machine: true,
            auto,
            exact,
            json,
        }) => {
            let tour = machine::tour::Tour {
                page,
                from,
                auto,
                exact,
                json,
            };
            Ok(machine::tour::main(&tour, &around))
        }
        Some(Command::Tour {
            page,
            auto: true,
            exact,
            json,
            ..
        }) => tour_auto(page.as_deref(), exact, json, &around, &learner),
        Some(Command::Tour { page, from, .. }) => {
            let found = match &page {
                Some(word) => library::find(word)?,
                None => play::next(&around)?,
            };
            let word = page.as_deref().unwrap_or(&found.stem);
            match play::in_a_machine(word, from, &around) {
                Some(status) => Ok(status),
                None => play::tour(found, from, &around, &learner),
            }
        }
        Some(Command::Present { notes: true, .. }) => play::notes(&around),
        Some(Command::Present {
            page,
            rehearse: true,
            ..
        }) => play::rehearse(&page.unwrap_or_default(), &around, &learner),
        Some(Command::Present { page, from, .. }) => {
            play::present(&page.unwrap_or_default(), from, &around, &learner)
        }
        Some(Command::Shell { page }) => play::shell(page.as_deref(), &around, &learner),
        Some(Command::Book {
            what: Some(Book::Bless { file }),
        }) => bless_page(&file, &around, &learner),
        Some(Command::Book { what: None }) => play::book(),
        Some(Command::Exercise(asked)) => {
            crate::exercise::commands::main(&asked, &around, &learner)
        }
        Some(Command::Class(asked)) => crate::class::main(&asked, &around, &learner),
        Some(Command::Machine(asked)) => Ok(machine::ask::main(&asked, &around)),
        Some(Command::Emulator { parent, program }) => {
            match machine::qemu::main(parent, &program)? {}
        }
        Some(Command::Session { job }) => machine::guest::session::main(&job),
        Some(Command::Doctor(args)) => Ok(crate::doctor::main(&args, &around)),
        Some(Command::Clean(args)) => Ok(crate::clean::main(&args, &around)),
        Some(Command::Completions(asked)) => crate::papers::completions(&asked, Cli::command()),
        Some(Command::Man(asked)) => crate::papers::man(&asked, Cli::command()),
        Some(Command::Guardian { folder, uid, gid }) => {
            guardian::main(&folder, uid, gid).map(|()| 0)
        }
        Some(Command::Judge {
            folder,
            exercise,
            answer,
            uid,
            gid,
        }) => crate::exercise::judge::main(&folder, &exercise, answer, (uid, gid)).map(|()| 0),
        Some(Command::Build {
            copy,
            target,
            rust,
            crates,
        }) => Ok(crate::class::shop::main(&copy, &target, &rust, &crates)),
        Some(Command::Keeper { real_root, .. }) => enter::keeper(real_root).map(|()| 0),
        Some(Command::Enter {
            folder,
            terminal,
            kind,
            keeper,
        }) => match enter::shell(&folder, &terminal, &kind, keeper)? {},
    }
}

/// A bare `era`: the first screen, or, in a pipe, the same lines.
fn bare(around: &Surroundings, learner: &Learner) -> Outcome {
    if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
        return play::first_screen(around, learner);
    }
    let pages = library::pages()?;
    let rows = first::rows(&pages, first::next_page(&pages, around), around, learner);
    let title = " ERAS                    the history of Linux containers, run on this machine";
    let lines: Vec<_> = rows.iter().map(|row| row.plain()).collect();
    let text = format!("{title}\n{}", lines.join("\n"));
    Ok(bins::result::print(&text, 0, 1))
}

fn tour_auto(
    page: Option<&str>,
    exact: bool,
    json: bool,
    around: &Surroundings,
    learner: &Learner,
) -> Outcome {
    let pages = match page {
        Some(word) => vec![library::find(word)?],
        None => library::pages()?,
    };
    let mut out = std::io::stdout();
    let mut reports = Vec::new();
    for page in &pages {
        let report = auto::page(page, around, learner);
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

fn bless_page(file: &Path, around: &Surroundings, learner: &Learner) -> Outcome {
    let blessed = bless::bless(file, around, learner)?;
    print!("{}", blessed.diff);
    for problem in &blessed.problems {
        eprintln!("not blessed: {problem}");
    }
    if !blessed.diff.is_empty() {
        std::fs::write(file, &blessed.text)?;
    }
    Ok(u8::from(!blessed.problems.is_empty()))
}
