//! `era class`: what an instructor needs: a plan, and a table of who has passed what.
//!
//! # Layout
//!
//! - [`plan`]: a class as a file: pages, exercises, minutes.
//! - [`read`]: what students handed in, files or folders.
//! - [`recheck`]: their answers judged again, before anything is believed.
//! - [`shop`]: where they are built, with nothing of the instructor's in sight.
//! - [`report`]: the table, for people, spreadsheets and programs.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::exercise::commands::say;
use crate::ground::Learner;
use crate::state::Surroundings;

pub mod plan;
pub mod read;
pub mod recheck;
pub mod report;
pub mod shop;

use plan::Plan;

/// Teach with it: plan a class, and see who has passed what
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  era class init class.toml           all pages and exercises, to cut down
  era class plan class.toml           the same with a clock
  era class report --recheck hand-in/*.json

Book: teaching.md")]
pub struct Class {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Write a class as a file to edit: pages, exercises, minutes
    Init {
        /// A file that is not there yet
        file: PathBuf,
    },
    /// Show a class with a clock, and whether its minutes add up
    Plan {
        /// The class
        file: PathBuf,
    },
    /// One table of what students have handed in
    #[command(after_help = "\
Examples:
  era class report hand-in/               every submission in the folder
  era class report --class class.toml --recheck --csv *.json > marks.csv

Without --recheck the table says what the files claim. The status is 1 if a file
is damaged or changed, or if a claim is not what the answers do.")]
    Report(Asked),
}

/// What to report on, and how.
#[derive(Debug, Args)]
pub struct Asked {
    /// Submissions, folders of them, or students' folders of exercises
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Only the exercises of this class
    #[arg(long, value_name = "FILE")]
    class: Option<PathBuf>,
    /// Build and judge every answer again
    #[arg(long)]
    recheck: bool,
    /// With --recheck: judge in a small virtual machine
    #[arg(long, requires = "recheck")]
    machine: bool,
    /// For a spreadsheet
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// For a program
    #[arg(long)]
    json: bool,
}

type Outcome<T = u8> = Result<T, Box<dyn std::error::Error>>;

/// `era class`
///
/// # Errors
/// A file cannot be read or written, or is no class.
pub fn main(asked: &Class, around: &Surroundings, learner: &Learner) -> Outcome {
    match &asked.what {
        What::Init { file } => init(file),
        What::Plan { file } => say(&Plan::read(file)?.with_a_clock()),
        What::Report(asked) => report_on(asked, around, learner),
    }
}

fn init(file: &std::path::Path) -> Outcome {
    use std::io::Write;
    let told = |error: std::io::Error| format!("cannot write {}: {error}", file.display());
    let mut new = std::fs::File::create_new(file).map_err(told)?;
    new.write_all(plan::everything()?.as_bytes())
        .map_err(told)?;
    say(&format!(
        "{}\n  take out what you do not teach, then  era class plan {0}\n",
        file.display()
    ))
}

fn report_on(asked: &Asked, around: &Surroundings, learner: &Learner) -> Outcome {
    let class = asked.class.as_deref().map(Plan::read).transpose()?;
    let exercises = match &class {
        Some(class) => class.exercises(),
        None => crate::exercise::all(),
    };
    let mut handed = read::read(&asked.files);
    if asked.recheck {
        let bench = recheck::Bench {
            around,
            learner,
            machine: asked.machine,
        };
        bench.recheck(&mut handed.students, &exercises)?;
    }
    let report = report::Report {
        exercises,
        handed,
        rechecked: asked.recheck,
    };
    let text = match (asked.csv, asked.json) {
        (true, _) => report.csv()?,
        (_, true) => serde_json::to_string_pretty(&report.json())? + "\n",
        _ => report.table(),
    };
    say(&text)?;
    if asked.csv {
        // A spreadsheet has no place for it.
        report
            .problems()
            .iter()
            .for_each(|problem| eprintln!("{problem}"));
    }
    Ok(u8::from(!report.problems().is_empty()))
}
