//! `era-lsns`: which namespaces there are, with the flags of lsns(8), and which of them two
//! processes share.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, ValueEnum};
use groundwork::kernel;
use indoc::indoc;
use namespaces::compare::{self, Who};
use namespaces::list::Listing;
use namespaces::tree::{self, Relation};
use namespaces::{Error, Kind};

use crate::explain::Explain;
use crate::failure;
use columns::{Column, Source};
use table::Format;

mod columns;
mod shared;
mod table;

/// lsns(8) ends with 1 whatever is wrong with its arguments.
const USAGE: u8 = 1;

const EXAMPLES: &str = indoc! {"
    Examples:
      era-lsns self 1            which of the eight views this shell and process 1 share
      era-lsns --type net        all network namespaces that somebody is in

    Columns: NS TYPE PATH NPROCS PID PPID COMMAND UID USER NETNSID NSFS PNS ONS
    The book: 06-namespaces"};

/// List the namespaces of this machine, or compare those of two processes
#[derive(Debug, Parser)]
#[command(
    name = "era-lsns", max_term_width = 80,
    version,
    after_help = EXAMPLES,
    infer_long_args = true,
    args_override_self = true
)]
struct Cli {
    /// JSON, for programs
    #[arg(short = 'J', long, conflicts_with = "raw")]
    json: bool,
    /// A list, no tree
    #[arg(short, long, conflicts_with = "tree")]
    list: bool,
    /// No line of headings
    #[arg(short, long)]
    noheadings: bool,
    /// Which columns, with commas; +COLUMN adds to the usual ones
    #[arg(short, long, value_name = "COLUMNS")]
    output: Option<String>,
    /// All columns
    #[arg(long)]
    output_all: bool,
    /// Only the namespaces of this process
    #[arg(short = 'p', long, value_name = "PID")]
    task: Option<i32>,
    /// Words with one space between, for programs
    #[arg(short, long)]
    raw: bool,
    /// Long lines stay long
    #[arg(short = 'u', long)]
    notruncate: bool,
    /// Several mounts of one namespace stay on one line
    #[arg(short = 'W', long)]
    nowrap: bool,
    /// Only this type: mnt, net, ipc, user, pid, uts, cgroup, time
    #[arg(short, long, value_name = "TYPE", value_parser = kind, action = clap::ArgAction::Append)]
    r#type: Vec<Kind>,
    /// A tree by: process, owner, parent
    #[arg(short = 'T', long, value_name = "RELATION", num_args = 0..=1, require_equals = true)]
    tree: Option<Option<TreeFlag>>,
    #[command(flatten)]
    explain: Explain,
    /// A namespace (its number): who is in it. Two processes (PID or self): what they share
    #[arg(num_args = 0..=2, value_name = "NAMESPACE | PID PID")]
    subjects: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TreeFlag {
    Process,
    Owner,
    Parent,
}

fn kind(text: &str) -> Result<Kind, String> {
    Kind::by_name(text).ok_or_else(|| format!("no namespace has the type {text}"))
}

/// The command line, for completions and man pages.
pub fn command() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}

/// Entry point: the arguments, and the exit status.
pub fn main(args: Vec<OsString>) -> u8 {
    // lsns takes the word right behind -T, too.
    let spelled_out = |arg: OsString| match arg.to_str() {
        Some("-Tprocess") => "--tree=process".into(),
        Some("-Towner") => "--tree=owner".into(),
        Some("-Tparent") => "--tree=parent".into(),
        _ => arg,
    };
    let args = args.into_iter().map(spelled_out).collect();
    let cli: Cli = match crate::parse(args, USAGE) {
        Ok(cli) => cli,
        Err(status) => return status,
    };
    cli.explain.install();
    match cli.run() {
        Ok(text) => crate::result::print(&text, 0, USAGE),
        Err(Failure::Mistake(what)) => crate::usage(
            &Cli::command().error(ErrorKind::ValueValidation, what),
            USAGE,
        ),
        Err(Failure::Chapter(error)) => {
            failure::print(&error);
            error.status()
        }
    }
}

enum Failure {
    /// The arguments.
    Mistake(String),
    Chapter(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Chapter(error)
    }
}

impl Cli {
    fn run(&self) -> Result<String, Failure> {
        match self.subjects.as_slice() {
            [one, other] => self.compare(one, other),
            [namespace] => {
                let number = namespace.parse();
                let no_number = |_| Failure::Mistake(format!("{namespace} is no namespace"));
                self.members(number.map_err(no_number)?)
            }
            _ => self.namespaces(),
        }
    }

    fn compare(&self, one: &str, other: &str) -> Result<String, Failure> {
        let who = |text: &str| match (text, text.parse()) {
            ("self", _) => Ok(Who::Myself),
            (_, Ok(pid)) => Ok(Who::Pid(pid)),
            _ => Err(Failure::Mistake(format!(
                "{text} is no process: a PID, or self"
            ))),
        };
        let views = compare::compare(who(one)?, who(other)?)?;
        Ok(match self.json {
            true => shared::json([one, other], &views),
            false => shared::table([one, other], &views),
        })
    }

    fn namespaces(&self) -> Result<String, Failure> {
        let kinds = match self.r#type.as_slice() {
            [] => Kind::ALL.to_vec(),
            some => some.to_vec(),
        };
        let mut usual = vec![
            Column::Ns,
            Column::Type,
            Column::Nprocs,
            Column::Pid,
            Column::User,
        ];
        if self.r#type.contains(&Kind::Net) {
            usual.extend([Column::Netnsid, Column::Nsfs]);
        }
        usual.push(Column::Command);
        let columns = self.columns(usual)?;

        let relation = self.relation(&columns);
        let mut listing = Listing::read(&kinds)?;
        if matches!(relation, Relation::Owner | Relation::Parent) {
            listing.add_ancestors();
        }
        let rows = tree::namespaces(&listing, relation, self.task);
        Ok(self.shown(&columns, &listing, &rows, relation))
    }

    fn members(&self, id: u64) -> Result<String, Failure> {
        if self.task.is_some() {
            let what = "--task and a namespace exclude each other";
            return Err(Failure::Mistake(what.to_owned()));
        }
        let usual = vec![Column::Pid, Column::Ppid, Column::User, Column::Command];
        let columns = self.columns(usual)?;
        let listing = Listing::read(&Kind::ALL)?;
        let nobody = || Failure::Mistake(format!("nobody is in a namespace {id} that we may see"));
        let namespace = listing.namespaces.get(&id).ok_or_else(nobody)?;
        let relation = match self.relation(&columns) {
            Relation::Process => Relation::Process,
            _ => Relation::Flat,
        };
        let rows = tree::processes(&listing, namespace, relation);
        Ok(self.shown(&columns, &listing, &rows, relation))
    }

    fn relation(&self, columns: &[Column]) -> Relation {
        match self.tree {
            Some(Some(TreeFlag::Process)) => Relation::Process,
            Some(Some(TreeFlag::Parent)) => Relation::Parent,
            Some(Some(TreeFlag::Owner) | None) => Relation::Owner,
            // As lsns has it: the tree is drawn in the last of the usual columns.
            None if self.list || self.output_all => Relation::Flat,
            None if !columns.contains(&Column::Command) => Relation::Flat,
            None => Relation::Process,
        }
    }

    fn columns(&self, usual: Vec<Column>) -> Result<Vec<Column>, Failure> {
        let all = || Column::ALL.to_vec();
        let usual = if self.output_all { all() } else { usual };
        let Some(text) = &self.output else {
            return Ok(usual);
        };
        let (mut columns, names) = match text.strip_prefix('+') {
            Some(names) => (usual, names),
            None => (Vec::new(), text.as_str()),
        };
        for name in names.split(',') {
            let unknown = || Failure::Mistake(format!("no column has the name {name}"));
            columns.push(Column::by_name(name).ok_or_else(unknown)?);
        }
        Ok(columns)
    }

    fn shown(
        &self,
        columns: &[Column],
        listing: &Listing,
        rows: &[tree::Row],
        relation: Relation,
    ) -> String {
        let source = Source::new(listing, columns);
        let cells: Vec<Vec<_>> = rows
            .iter()
            .map(|row| {
                columns
                    .iter()
                    .map(|column| source.cell(*column, row))
                    .collect()
            })
            .collect();
        let parents: Vec<_> = rows.iter().map(|row| row.parent).collect();
        let is_terminal = std::io::IsTerminal::is_terminal(&std::io::stdout());
        let width =
            kernel::terminal_columns(std::io::stdout()).filter(|_| is_terminal && !self.notruncate);
        table::Table {
            columns,
            cells: &cells,
            parents: &parents,
            relation,
        }
        .shown(&Format {
            json: self.json,
            raw: self.raw,
            headings: !self.noheadings,
            wrap: !self.nowrap && !self.raw,
            width,
        })
    }
}
