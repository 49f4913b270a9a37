//! `era doctor`: what this machine allows, by trying it.
//!
//! # Layout
//!
//! - [`report`]: the list, for people.
//! - [`apparmor`]: `--fix apparmor`, the one remedy that we install ourselves.

use std::io::{IsTerminal, stdout};

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use groundwork::host::{self, Facts, Finding, PROBES};

use crate::ground::pick;
use crate::state::Surroundings;

pub mod apparmor;
pub mod report;

/// What this machine allows, found out by trying it
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  era doctor                        everything, and what each means for which page
  era doctor userns overlay-userns  only these; exit status 1 if one does not work
  era doctor --fix apparmor         Ubuntu: let our programs use user namespaces

Book: preface.md")]
pub struct Doctor {
    /// For programs: an array with probe, state, why, fix, means
    #[arg(long, conflicts_with = "fix")]
    json: bool,
    /// Show a remedy, ask, and apply it
    #[arg(long, value_name = "WHAT", conflicts_with = "probes")]
    fix: Option<Fix>,
    /// Only these: the words that pages use in needs= and if=
    #[arg(value_name = "PROBE", hide_possible_values = true,
          value_parser = PossibleValuesParser::new(PROBES.iter().map(|probe| probe.name)))]
    probes: Vec<String>,
}

/// The remedies that we can apply ourselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Fix {
    /// A profile that lets our programs, and no others, use user namespaces
    Apparmor,
}

/// Probes, reports, and says by its status whether all is well: with names, whether each
/// of them works; without, whether pages can be run at all.
pub fn main(args: &Doctor, around: &Surroundings) -> u8 {
    if args.fix == Some(Fix::Apparmor) {
        return apparmor::main(around);
    }
    let facts = facts(around);
    let findings: Vec<Finding> = PROBES
        .iter()
        .filter(|probe| args.probes.is_empty() || args.probes.iter().any(|name| name == probe.name))
        .map(|probe| probe.run(&facts))
        .collect();
    let works = |name: &str| match findings.iter().find(|finding| finding.probe == name) {
        Some(finding) => finding.works(),
        None => host::probe(&facts, name).is_some_and(|finding| finding.works()),
    };
    let named = !args.probes.is_empty();
    let userns = findings.iter().find(|finding| finding.probe == "userns");
    let ground = userns.map(|userns| pick::from(userns.clone(), works));
    let text = if args.json {
        serde_json::to_string_pretty(&findings).expect("plain data")
    } else {
        let colour = stdout().is_terminal() && !around.no_color;
        let ground = ground.as_ref().filter(|_| !named);
        report::text(&findings, ground, colour)
    };
    let well = if named {
        findings.iter().all(Finding::works)
    } else {
        ground.is_some_and(|ground| !matches!(ground, pick::Pick::Nothing { .. }))
    };
    bins::result::print(&text, u8::from(!well), 1)
}

/// This machine with our environment and our state folder.
pub fn facts(around: &Surroundings) -> Facts {
    Facts::here()
        .with_env(std::env::vars_os())
        .with_work(&around.state)
}
