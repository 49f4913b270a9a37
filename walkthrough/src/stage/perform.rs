//! Runs a block of a page and judges it: text, statuses, facts.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::{Ended, Ran, Stage, StageError};
use crate::machine::guest::session::times_slower;
use crate::page::compare::{self, Change};
use crate::page::facts::PATIENCE;
use crate::page::{Block, Line, Prompt};

/// What came of a line.
#[derive(Debug, Clone, Serialize)]
pub struct LineReport {
    /// The line of the page.
    pub at: usize,
    /// The command, placeholders filled in.
    pub command: String,
    /// What it printed.
    pub output: Vec<String>,
    /// How it ended.
    pub status: Option<i32>,
    /// Whether text and status are those of the page.
    pub matched: bool,
    /// The difference, when they are not.
    pub diff: Vec<String>,
}

/// What came of a fact.
#[derive(Debug, Clone, Serialize)]
pub struct FactReport {
    /// As the page states it.
    pub fact: String,
    /// What is so instead.
    pub instead: Option<String>,
}

/// What came of a block.
#[derive(Debug, Clone, Serialize)]
pub struct BlockReport {
    /// The line of the page.
    pub at: usize,
    /// The claims that it is to show.
    pub claims: Vec<String>,
    /// Its lines, as far as they ran.
    pub lines: Vec<LineReport>,
    /// Its facts.
    pub facts: Vec<FactReport>,
    /// Why it did not run.
    pub skipped: Option<String>,
    /// Why it stopped half-way.
    pub stopped: Option<String>,
}

impl BlockReport {
    /// Nothing has happened yet.
    pub fn new(block: &Block) -> Self {
        let claims = block.claims.clone();
        Self {
            at: block.at,
            claims,
            lines: Vec::new(),
            facts: Vec::new(),
            skipped: None,
            stopped: None,
        }
    }

    /// Every fact holds, and it ran to its end.
    pub fn holds(&self) -> bool {
        self.stopped.is_none() && self.facts.iter().all(|fact| fact.instead.is_none())
    }

    /// Every text and status is that of the page.
    pub fn matches(&self) -> bool {
        self.lines.iter().all(|line| line.matched)
    }
}

/// How long a command of this block may take.
pub fn limit(block: &Block) -> Duration {
    Duration::from_secs(if block.slow { 30 } else { 10 }) * times_slower()
}

/// Runs a block from its first line to its last fact.
pub fn block(stage: &mut Stage, block: &Block) -> BlockReport {
    let mut report = BlockReport::new(block);
    for line in &block.lines {
        match run(stage, line, limit(block)) {
            Ok((command, ran)) => {
                let stopped = stopped(&ran, limit(block));
                report.lines.push(judge(stage, line, command, &ran));
                if stopped.is_some() {
                    report.stopped = stopped;
                    return report;
                }
            }
            Err(StageError::NotRoot) => {
                report.skipped = Some(StageError::NotRoot.to_string());
                return report;
            }
            Err(error) => {
                report.stopped = Some(error.to_string());
                return report;
            }
        }
    }
    report.facts = facts(stage, block, PATIENCE);
    report
}

/// Runs a line until its prompt comes back or its limit passes.
///
/// # Errors
/// It could not be given to a shell.
pub fn run(stage: &mut Stage, line: &Line, limit: Duration) -> Result<(String, Ran), StageError> {
    let command = fill(stage, line)?;
    let to_the_end = waits_for_the_end(line);
    let (who, unasked) = stage.begin(line.prompt, &command)?;
    let until = Instant::now() + limit;
    let ended = loop {
        if let Some(ended) = stage.look(who, to_the_end) {
            break ended;
        }
        if Instant::now() >= until {
            stage.interrupt(who);
            break Ended::Hung;
        }
        stage.wait(Duration::from_millis(100));
    };
    let output = unasked + &stage.take_output(who);
    Ok((command, Ran { output, ended }))
}

/// The command with values for its placeholders.
///
/// # Errors
/// A placeholder that nothing has bound.
pub fn fill(stage: &Stage, line: &Line) -> Result<String, StageError> {
    stage
        .bindings
        .fill(&line.command)
        .map_err(StageError::Unbound)
}

/// An `inside` prompt without a command waits for the program there to end.
pub fn waits_for_the_end(line: &Line) -> bool {
    line.prompt == Prompt::Inside && line.command.is_empty()
}

/// Why nothing more of the block can run.
pub fn stopped(ran: &Ran, limit: Duration) -> Option<String> {
    match ran.ended {
        Ended::At(_) => None,
        Ended::Hung => Some(format!(
            "it hung: no prompt came back within {} s",
            limit.as_secs()
        )),
        Ended::Killed => Some("you stopped it".to_owned()),
        Ended::Closed => Some("its shell is gone".to_owned()),
    }
}

/// Compares what a command did with what the page says.
pub fn judge(stage: &mut Stage, line: &Line, command: String, ran: &Ran) -> LineReport {
    let output: Vec<String> = ran.output.lines().map(str::to_owned).collect();
    let status = match ran.ended {
        Ended::At(mark) => Some(mark.status),
        _ => None,
    };
    let mut diff = Vec::new();
    if !compare::matches(&line.expected, &output, &mut stage.bindings) {
        diff.extend(
            compare::difference(&line.expected, &output, &stage.bindings)
                .iter()
                .map(show),
        );
    }
    if status != Some(line.status) {
        let status = status.map_or("no status".to_owned(), |status| format!("? {status}"));
        diff.push(format!("-? {}", line.status));
        diff.push(format!("+{status}"));
    }
    LineReport {
        at: line.at,
        command,
        output,
        status,
        matched: diff.is_empty(),
        diff,
    }
}

fn show(change: &Change) -> String {
    match change {
        Change::Same(text) => format!(" {text}"),
        Change::Missing(text) => format!("-{text}"),
        Change::Extra(text) => format!("+{text}"),
    }
}

/// Looks every fact of a block up.
pub fn facts(stage: &Stage, block: &Block, patience: Duration) -> Vec<FactReport> {
    let world = stage.world();
    let look_up = |fact: &crate::page::Fact| FactReport {
        fact: fact.text.clone(),
        instead: fact.check(&world, patience).err(),
    };
    block.facts.iter().map(look_up).collect()
}
