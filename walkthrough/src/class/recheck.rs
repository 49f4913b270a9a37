//! Judging again: each answer is built from its text and judged on a ground of our own, as
//! `era exercise check` does it. It runs nowhere else, and is built where the compiler finds
//! nothing of ours.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::read::{Student, Work};
use super::shop::Shop;
use crate::exercise::{Folder, Verdict, elsewhere, package, submission, trial};
use crate::ground::Learner;
use crate::state::Surroundings;

/// Where and by whom it is done.
#[derive(Debug)]
pub struct Bench<'a> {
    /// Where things are kept.
    pub around: &'a Surroundings,
    /// Whose the grounds are.
    pub learner: &'a Learner,
    /// In the small virtual machine: one for all.
    pub machine: bool,
}

/// Verdicts by exercise and the answer's fingerprint: who copied is not judged twice.
type Known = BTreeMap<(String, String), Verdict>;

/// A built answer, which goes when it is dropped.
type Built<'a> = ((String, String), &'a Folder, tempfile::TempPath);

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

impl Bench<'_> {
    /// Judges every answer to one of these exercises.
    ///
    /// # Errors
    /// The machine refuses to build, or there is no ground.
    pub fn recheck(&self, students: &mut [Student], exercises: &[&Folder]) -> Outcome<()> {
        let shop = Shop::find()?;
        let mut known = Known::new();
        let mut waiting: Vec<Built<'_>> = Vec::new();
        for student in &*students {
            for (exercise, work) in works(student, exercises) {
                let Some(answer) = &work.answer else { continue };
                let key = (exercise.id(), submission::fingerprint(answer));
                let is_waiting = waiting.iter().any(|(other, ..)| *other == key);
                if known.contains_key(&key) || is_waiting {
                    continue;
                }
                eprintln!("judging {} of {}", exercise.id(), student.name);
                match self.built(exercise, answer, &shop)? {
                    Err(verdict) => drop(known.insert(key, verdict)),
                    Ok(program) if self.machine => waiting.push((key, exercise, program)),
                    Ok(program) => {
                        let state = &self.around.state;
                        let verdict = trial::judge(exercise, &program, state, self.learner)?;
                        known.insert(key, verdict);
                    }
                }
            }
        }
        known.extend(self.in_a_machine(waiting));
        for student in students {
            for (id, work) in &mut student.works {
                let answer = work.answer.as_deref();
                let key = answer.map(|answer| (id.clone(), submission::fingerprint(answer)));
                work.found = key.and_then(|key| known.get(&key)).cloned();
            }
        }
        Ok(())
    }

    fn built(
        &self,
        exercise: &Folder,
        answer: &str,
        shop: &Shop,
    ) -> std::io::Result<Result<tempfile::TempPath, Verdict>> {
        if package::is_not_started(exercise, answer) {
            return Ok(Err(Verdict::NotStarted));
        }
        let cargo = |copy: &Path, target: &Path| shop.cargo(copy, target);
        package::build(exercise, answer, &self.around.state, &cargo)
    }

    fn in_a_machine(&self, waiting: Vec<Built<'_>>) -> Known {
        let answers = waiting.iter();
        let answers: Vec<(&Folder, PathBuf)> = answers
            .map(|(_, exercise, program)| (*exercise, program.to_path_buf()))
            .collect();
        let verdicts = elsewhere::judge(&answers, self.around);
        let keys = waiting.iter().map(|(key, ..)| key.clone());
        keys.zip(verdicts).collect()
    }
}

fn works<'a>(
    student: &'a Student,
    exercises: &'a [&'a Folder],
) -> impl Iterator<Item = (&'a Folder, &'a Work)> {
    exercises
        .iter()
        .filter_map(|one| Some((*one, student.works.get(&one.id())?)))
}
