//! An answer is put on a ground and judged there.

use std::path::Path;
use std::time::{Duration, Instant};

use groundwork::host::Finding;

use super::judge::VERDICT;
use super::{Folder, Verdict, task};
use crate::ground::{Ground, GroundError, Learner};
use crate::machine::guest::session::times_slower;
use crate::probes::{self, GROUP};

/// How long a check may take: each of its runs has a limit of its own.
const PATIENCE: Duration = Duration::from_secs(120);

/// Whether this machine has what the check of an exercise needs: what it lacks.
pub fn lacks(exercise: &Folder) -> Option<Verdict> {
    let needs = exercise.task().needs;
    let all = task::ALWAYS
        .iter()
        .copied()
        .chain(needs.iter().map(String::as_str));
    let told = |finding: Finding| Verdict::CannotBeChecked {
        why: format!("{}: {}", finding.probe, finding.why),
        fix: finding.fix,
    };
    all.filter_map(probes::look)
        .find(|finding| !finding.works())
        .map(told)
}

/// Judges a built answer.
///
/// # Errors
/// There is no ground.
pub fn judge(
    exercise: &Folder,
    answer: &Path,
    state: &Path,
    learner: &Learner,
) -> Result<Verdict, GroundError> {
    if let Some(lack) = lacks(exercise) {
        return Ok(lack);
    }
    let wants_group = exercise.task().needs.iter().any(|need| need == GROUP);
    let mut ground = match wants_group {
        true => Ground::with_group(state, learner)?,
        false => Ground::new(state, learner)?,
    };
    if let Some(Err(why)) = ground.group() {
        return Ok(Verdict::lacking(format!("{GROUP}: {why}")));
    }
    let judge = ground.judge(&exercise.id(), answer)?;
    let file = ground.folder.join(VERDICT);
    let until = Instant::now() + PATIENCE * times_slower();
    let verdict = loop {
        if let Ok(text) = std::fs::read(&file) {
            break serde_json::from_slice(&text)
                .unwrap_or_else(|error| Verdict::lacking(error.to_string()));
        }
        let alive = crate::proc::is_alive(&judge.to_string());
        if !alive && !file.exists() {
            break Verdict::lacking("the check ended without a verdict");
        }
        if Instant::now() > until {
            break Verdict::lacking("the check was not done in time");
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let left = ground.end();
    if !left.is_empty() {
        return Ok(Verdict::lacking(format!(
            "the check left something behind: {}",
            left.join(", ")
        )));
    }
    Ok(verdict)
}
