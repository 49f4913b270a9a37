//! The process that judges an answer: `era __judge`. The ground's guardian starts it.
//!
//! It stays outside of the cell: an answer can neither signal nor see it. Its verdict is a
//! file of the ground.

use std::path::{Path, PathBuf};

use super::check::{Judge, Refusal};
use super::{Verdict, find};

/// The file with the verdict.
pub const VERDICT: &str = "verdict.json";

/// Judges the answer in the file `answer` by the check of exercise `id`.
///
/// # Errors
/// No such exercise, or the ground cannot be written.
pub fn main(
    folder: &Path,
    id: &str,
    answer: PathBuf,
    learner: (u32, u32),
) -> Result<(), Box<dyn std::error::Error>> {
    let exercise = find(id).ok_or_else(|| format!("no exercise {id}"))?;
    let mut judge = Judge {
        folder: folder.to_owned(),
        answer,
        learner,
        script: exercise.language() == "sh",
        scenes: 0,
    };
    let verdict = match (exercise.check)(&mut judge) {
        Ok(()) => Verdict::Passed,
        Err(Refusal::Wrong(feedback)) => Verdict::Wrong(feedback),
        Err(Refusal::Undone(why)) => Verdict::lacking(why),
    };
    // Whole at once: the other side waits for the file.
    let new = folder.join("verdict.new");
    std::fs::write(&new, serde_json::to_vec(&verdict)?)?;
    std::fs::rename(new, folder.join(VERDICT))?;
    Ok(())
}
