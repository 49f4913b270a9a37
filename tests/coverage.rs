//! Claim × environment: which claims of the eras that are built were shown here.
//!
//! Each run fills one column. CI runs it in several environments, gathers the columns by
//! ERA_COVERAGE, and fails if a claim was shown in none.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

/// The claims of the eras that are built, in the order of the story.
const BUILT: &[&str] = &[
    "4.1", "4.2", "4.3", "4.4", "4.5", "4.6", "4.7", "4.8", "4.9", "4.10", "4.11", "4.12", "4.13",
    "4.14", "4.15", "4.16", "5.6",
];

/// What became of a claim here.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    Shown,
    /// Every block of it was skipped, by a probe that says why and what to do.
    Skipped(String),
    Failed,
    Blank,
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Outcome::Shown => write!(out, "shown"),
            Outcome::Skipped(why) => write!(out, "skipped ({why})"),
            Outcome::Failed => write!(out, "failed"),
            Outcome::Blank => write!(out, "blank"),
        }
    }
}

fn environment() -> String {
    std::env::var("ERA_ENVIRONMENT").unwrap_or_else(|_| {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let root = status.lines().any(|line| line.starts_with("Uid:\t0\t0"));
        if root { "host-root" } else { "host-user" }.to_owned()
    })
}

/// The blocks of all pages, played once.
fn blocks() -> &'static [Value] {
    static BLOCKS: OnceLock<Vec<Value>> = OnceLock::new();
    BLOCKS.get_or_init(play)
}

fn play() -> Vec<Value> {
    let state = tempfile::tempdir().unwrap();
    let played = || {
        let mut tour = Command::new(env!("CARGO_BIN_EXE_era"));
        tour.args(["tour", "--auto", "--json"]);
        tour.env("ERA_STATE", state.path()).output().unwrap().stdout
    };
    // Where a tour takes long it is played once, and its report is kept.
    let report = match std::env::var_os("ERA_TOUR") {
        Some(file) => std::fs::read(file).unwrap(),
        None => played(),
    };
    let report: Value = serde_json::from_slice(&report).unwrap();
    let pages = report["pages"].as_array().unwrap();
    pages
        .iter()
        .flat_map(|page| page["blocks"].as_array().unwrap().clone())
        .collect()
}

fn outcome(claim: &str, blocks: &[Value]) -> Outcome {
    let names = |block: &&Value| {
        block["claims"]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one == claim)
    };
    let of_claim: Vec<_> = blocks.iter().filter(names).collect();
    let why = |block: &&Value| block["skipped"].as_str().map(str::to_owned);
    let ran: Vec<_> = of_claim
        .iter()
        .filter(|block| why(block).is_none())
        .collect();
    let good = |block: &&&&Value| {
        let lines = block["lines"].as_array().unwrap();
        let facts = block["facts"].as_array().unwrap();
        block["stopped"].is_null()
            && lines.iter().all(|line| line["matched"] == true)
            && facts.iter().all(|fact| fact["instead"].is_null())
    };
    match (of_claim.first(), ran.len()) {
        (None, _) => Outcome::Blank,
        (Some(first), 0) => Outcome::Skipped(why(first).unwrap_or_default()),
        _ if ran.iter().filter(good).count() == ran.len() => Outcome::Shown,
        _ => Outcome::Failed,
    }
}

#[test]
fn every_claim_of_the_eras_that_are_built_is_shown_or_skipped_with_a_reason() {
    let blocks = blocks();
    let environment = environment();
    let column: BTreeMap<_, _> = BUILT
        .iter()
        .map(|claim| (*claim, outcome(claim, blocks)))
        .collect();
    for claim in BUILT {
        println!("{claim:<5} {environment:<12} {}", column[claim]);
    }
    if let Some(file) = std::env::var_os("ERA_COVERAGE") {
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(file)
            .unwrap();
        for claim in BUILT {
            writeln!(file, "{claim} {environment} {}", column[claim]).unwrap();
        }
    }
    let bad = |outcome: &Outcome| matches!(outcome, Outcome::Failed | Outcome::Blank);
    let bad: Vec<_> = BUILT.iter().filter(|claim| bad(&column[*claim])).collect();
    assert!(
        bad.is_empty(),
        "neither shown nor skipped with a reason: {bad:?}"
    );
}

#[test]
fn a_claim_that_a_page_names_belongs_to_an_era_that_is_built() {
    for block in blocks() {
        for claim in block["claims"].as_array().unwrap() {
            assert!(
                BUILT.contains(&claim.as_str().unwrap()),
                "{claim} is in no list"
            );
        }
    }
}
