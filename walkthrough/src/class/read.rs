//! What students handed in: submissions, and folders of exercises. Nothing of it is trusted:
//! a file may be damaged, changed by hand, a link to something else, or endless.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::exercise::submission::{self, Submission};
use crate::exercise::{Verdict, find, package};

/// All that was handed in.
#[derive(Debug, Default)]
pub struct Handed {
    /// By name.
    pub students: Vec<Student>,
    /// What could not be read, in sentences.
    pub problems: Vec<String>,
}

/// What one student handed in.
#[derive(Debug)]
pub struct Student {
    /// As the file says it; one line.
    pub name: String,
    /// The file or folder.
    pub from: PathBuf,
    /// When it was made; folders do not say it.
    pub made: Option<String>,
    /// By number.
    pub works: BTreeMap<String, Work>,
}

/// One exercise of a student's.
#[derive(Debug, Default)]
pub struct Work {
    /// What is claimed of it; nothing where nobody claims it, or where the claim is void.
    pub claimed: Option<String>,
    /// Checks that said wrong, as claimed.
    pub tries: u32,
    /// Hints, as claimed.
    pub hints: usize,
    /// The answer.
    pub answer: Option<String>,
    /// Why there is none.
    pub missing: Option<String>,
    /// What came of judging it again.
    pub found: Option<Verdict>,
}

/// Reads files and folders.
pub fn read(paths: &[PathBuf]) -> Handed {
    let mut handed = Handed::default();
    for path in paths {
        match fs::metadata(path) {
            Ok(meta) if meta.is_dir() => handed.folder(path),
            Ok(_) => handed.file(path),
            Err(error) => handed.problem(path, error),
        }
    }
    handed
        .students
        .sort_by(|one, other| (&one.name, &one.from).cmp(&(&other.name, &other.from)));
    handed
}

impl Handed {
    fn problem(&mut self, path: &Path, what: impl std::fmt::Display) {
        let what = one_line(&what.to_string());
        self.problems.push(format!("{}: {what}", path.display()));
    }

    fn file(&mut self, path: &Path) {
        let submission = text_of(path)
            .and_then(|text| Submission::parse(&text).map_err(|error| error.to_string()));
        let submission = match submission {
            Ok(submission) => submission,
            Err(why) => return self.problem(path, why),
        };
        let is_whole = submission.sum == submission.summed();
        if !is_whole {
            self.problem(
                path,
                "it was changed after it was written: its claims are void",
            );
        }
        let mut works = BTreeMap::new();
        for one in submission.exercises {
            let Some(exercise) = find(&one.id) else {
                self.problem(path, format!("there is no exercise {:?} here", one.id));
                continue;
            };
            let work = Work {
                claimed: one.verdict.filter(|_| is_whole),
                tries: one.tries,
                hints: one.hints,
                answer: one.answer.as_deref().map(submission::whole),
                missing: one.missing.map(|why| one_line(&why)),
                found: None,
            };
            if works.insert(exercise.id(), work).is_some() {
                self.problem(path, format!("{} stands in it twice", exercise.id()));
            }
        }
        self.students.push(Student {
            name: one_line(&submission.name),
            from: path.to_owned(),
            made: Some(one_line(&submission.made)),
            works,
        });
    }

    /// An exercise itself, or a folder of exercises, of submissions, or of students' folders.
    fn folder(&mut self, path: &Path) {
        let before = (self.students.len(), self.problems.len());
        let mut inside = match fs::read_dir(path) {
            Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
            Err(error) => return self.problem(path, error),
        };
        if package::exercise_of(path).is_some() {
            inside = vec![path.to_owned()];
        }
        inside.sort();
        self.exercises_of(path, &inside);
        for path in inside {
            if path.extension().is_some_and(|end| end == "json") {
                self.file(&path);
            } else if package::exercise_of(&path).is_none() {
                let entries = fs::read_dir(&path).into_iter().flatten().flatten();
                let inside: Vec<_> = entries.map(|entry| entry.path()).collect();
                self.exercises_of(&path, &inside);
            }
        }
        if before == (self.students.len(), self.problems.len()) {
            self.problem(path, "there are neither submissions nor exercises in it");
        }
    }

    /// A student whose folder it is, if exercises are among `inside`.
    fn exercises_of(&mut self, path: &Path, inside: &[PathBuf]) {
        let mut works = BTreeMap::new();
        inside
            .iter()
            .for_each(|folder| self.exercise(folder, &mut works));
        if !works.is_empty() {
            self.students.push(Student {
                name: named_by(path),
                from: path.to_owned(),
                made: None,
                works,
            });
        }
    }

    /// A student's own folder of an exercise: an answer, of which nobody claims anything.
    fn exercise(&mut self, path: &Path, works: &mut BTreeMap<String, Work>) {
        let Some(id) = package::exercise_of(path) else {
            return;
        };
        let Some(exercise) = find(&id) else {
            return self.problem(path, format!("there is no exercise {id:?} here"));
        };
        match text_of(&package::answer(exercise, path)) {
            Ok(answer) => {
                let work = Work {
                    answer: Some(answer),
                    ..Work::default()
                };
                works.insert(exercise.id(), work);
            }
            Err(why) => self.problem(path, why),
        }
    }
}

/// A folder of exercises is called so by `era`; the one around it is the student's.
fn named_by(path: &Path) -> String {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut names = path.iter().rev().map(|name| name.to_string_lossy());
    let name = names
        .find(|name| name != "era-exercises")
        .unwrap_or_default();
    one_line(&name)
}

/// The text of an ordinary file that is not too long. A link could lead to a file that the
/// instructor may read and the student may not.
fn text_of(path: &Path) -> Result<String, String> {
    let meta = fs::symlink_metadata(path).map_err(|error| error.to_string())?;
    if !meta.is_file() {
        return Err("it is no ordinary file".to_owned());
    }
    let mut text = Vec::new();
    let open = fs::File::open(path).map_err(|error| error.to_string())?;
    let read = open.take(submission::MOST + 1).read_to_end(&mut text);
    read.map_err(|error| error.to_string())?;
    if text.len() as u64 > submission::MOST {
        return Err(format!("it is longer than {} bytes", submission::MOST));
    }
    String::from_utf8(text).map_err(|_| "it is no text".to_owned())
}

/// What somebody else has written, for a terminal: one line without control characters.
pub fn one_line(text: &str) -> String {
    let is_plain = |c: &char| !c.is_control();
    text.chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(is_plain)
        .take(200)
        .collect::<String>()
        .trim()
        .to_owned()
}
