//! Answers that are built here and judged in the small virtual machine: a kernel of its own,
//! with everything that a check can need.

use std::path::{Path, PathBuf};

use groundwork::error::Diagnose;

use super::{Folder, Verdict};
use crate::machine::ask::Make;
use crate::machine::host::{self, Share};
use crate::machine::wire::Job;
use crate::machine::{Error, guest};
use crate::state::Surroundings;

/// Judges one after another: number, exercise, program. What each says is a file that comes
/// back.
const SCRIPT: &str = "while [ $# -gt 0 ]; do
    era exercise candidate --json \"$2\" \"$3\" >\"/out/$1.json\" 2>\"/out/$1.said\"
    shift 3
done";

/// A machine that is not done after so many seconds, and so many more for each answer, hangs.
const PATIENCE: (u64, u64) = (180, 720);

/// Whether we are in such a machine already.
pub fn is_here() -> bool {
    guest::session::times_slower() > 1
}

/// Judges built answers in one machine; a verdict for each.
pub fn judge(answers: &[(&Folder, PathBuf)], around: &Surroundings) -> Vec<Verdict> {
    if answers.is_empty() {
        return Vec::new();
    }
    let failed = |why: String, fix: Option<String>| {
        let one = Verdict::CannotBeChecked { why, fix };
        vec![one; answers.len()]
    };
    let out = match tempfile::tempdir() {
        Ok(out) => out,
        Err(error) => return failed(format!("no folder for the verdicts: {error}"), None),
    };
    match run(answers, out.path(), around) {
        Ok(()) => (0..answers.len()).map(|at| read(out.path(), at)).collect(),
        Err(error) => {
            let advice = error.diagnose();
            let why = advice.as_ref().map_or_else(String::new, |advice| {
                format!(": {}", advice.why.replace('\n', " "))
            });
            failed(
                format!("{error}{why}"),
                advice.and_then(|advice| advice.fix),
            )
        }
    }
}

fn run(answers: &[(&Folder, PathBuf)], out: &Path, around: &Surroundings) -> Result<(), Error> {
    let mut command = ["sh", "-c", SCRIPT, "sh"].map(str::to_owned).to_vec();
    let mut share = Vec::new();
    for (at, (exercise, program)) in answers.iter().enumerate() {
        let to = format!("/mnt/answer-{at}");
        command.extend([at.to_string(), exercise.id(), to.clone()]);
        share.push(Share {
            from: program.clone(),
            to: PathBuf::from(to),
        });
    }
    let job = Job {
        command,
        // Root there, and its learner is the ordinary user of the machine.
        env: [("ERA_STATE", "/var/lib/era/judge"), ("SUDO_UID", "1000")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
        user: false,
        v1: false,
        terminal: None,
        out: Some(PathBuf::from("/out")),
    };
    let mut plan = Make::default().plan(job, around)?;
    plan.share = share;
    plan.out = Some(out.to_owned());
    plan.limit = Some(PATIENCE.0 + PATIENCE.1 * answers.len() as u64);
    host::run(&plan).map(drop)
}

/// The verdict on an answer by its number.
fn read(out: &Path, at: usize) -> Verdict {
    let text = |end: &str| std::fs::read_to_string(out.join(format!("{at}.{end}")));
    let verdict = text("json").map(|text| serde_json::from_str(&text));
    match verdict {
        Ok(Ok(verdict)) => verdict,
        _ => {
            let said = text("said").unwrap_or_default();
            Verdict::lacking(format!("the machine gave no verdict: {}", said.trim()))
        }
    }
}
