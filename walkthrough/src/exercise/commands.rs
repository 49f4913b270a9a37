//! `era exercise`.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use super::progress::Progress;
use super::submit::Submit;
use super::{Folder, Verdict, all, elsewhere, find, package, show, submission, task, trial, watch};
use crate::ground::Learner;
use crate::state::Surroundings;

/// Do the exercises, and have the answers checked
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  era exercise                  the exercises, and what is passed
  era exercise start 04.2       a folder with the task and a beginning
  era exercise check 04.2       build it, run it, look at what it did
  era exercise submit           one file to hand in

Statuses of check: 0 passed, 1 wrong, 3 not started, 4 does not build, 5 cannot
be checked on this machine.

Book: preface.md")]
pub struct Exercise {
    #[command(subcommand)]
    what: Option<What>,
    /// For a program to read
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The exercises, and what is passed
    List,
    /// Make a folder with the task and a beginning
    Start {
        /// Its number, or its name
        exercise: String,
        /// Where; otherwise ~/era-exercises/NUMBER-NAME
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
    /// Start the next one that is not passed
    Next,
    /// Build the answer and check it
    Check {
        /// Its number or name; otherwise that of this folder
        exercise: Option<String>,
        /// In a small virtual machine: for a host that refuses what the check needs
        #[arg(long)]
        machine: bool,
    },
    /// Check at each save, until it is passed
    Watch {
        /// Its number or name; otherwise that of this folder
        exercise: Option<String>,
    },
    /// One step more of help each time
    Hint {
        /// Its number or name; otherwise that of this folder
        exercise: Option<String>,
    },
    /// A solution and another one, once it is passed
    Solution {
        /// Its number or name; otherwise that of this folder
        exercise: Option<String>,
    },
    /// Begin anew; what was written is kept beside it
    Reset {
        /// Its number or name; otherwise that of this folder
        exercise: Option<String>,
    },
    /// Write one file to hand in: answers, verdicts, tries, hints, dates
    #[command(after_help = "\
Examples:
  era exercise submit --name 'Alice Moreau'
  era exercise submit --out /net/hand-in/alice.json ~/moved/04.2-enter

An answer that has changed since it was checked is checked first. The status is
1 if something that was started could not be found.")]
    Submit(Submit),
    /// For the tests: judge a program that is built already
    #[command(hide = true)]
    Candidate { exercise: String, program: PathBuf },
}

pub(super) type Outcome<T = u8> = Result<T, Box<dyn std::error::Error>>;

/// `era exercise`
///
/// # Errors
/// No such exercise or folder, or the machine refuses to read or write.
pub fn main(asked: &Exercise, around: &Surroundings, learner: &Learner) -> Outcome {
    let desk = Desk {
        around,
        learner,
        progress: Progress::of(&around.state),
        json: asked.json,
    };
    match &asked.what {
        None | Some(What::List) => desk.list(),
        Some(What::Start { exercise, dir }) => desk.start(named(exercise)?, dir.as_deref()),
        Some(What::Next) => desk.next(),
        Some(What::Check { exercise, machine }) => {
            desk.check_and_tell(desk.meant(exercise.as_deref())?, *machine)
        }
        Some(What::Submit(asked)) => desk.submit(asked),
        Some(What::Watch { exercise }) => desk.watch(desk.meant(exercise.as_deref())?),
        Some(What::Hint { exercise }) => desk.hint(desk.meant(exercise.as_deref())?),
        Some(What::Solution { exercise }) => desk.solution(desk.meant(exercise.as_deref())?),
        Some(What::Reset { exercise }) => desk.reset(desk.meant(exercise.as_deref())?),
        Some(What::Candidate { exercise, program }) => desk.candidate(named(exercise)?, program),
    }
}

fn named(word: &str) -> Outcome<&'static Folder> {
    find(word).ok_or_else(|| format!("no exercise {word}; there are: {}", numbers()).into())
}

fn numbers() -> String {
    all()
        .iter()
        .map(|folder| folder.id())
        .collect::<Vec<_>>()
        .join(", ")
}

/// What every command needs.
pub(super) struct Desk<'a> {
    pub(super) around: &'a Surroundings,
    pub(super) learner: &'a Learner,
    pub(super) progress: Progress,
    pub(super) json: bool,
}

impl Desk<'_> {
    fn list(&self) -> Outcome {
        let records = all()
            .into_iter()
            .map(|one| (one, self.progress.get(&one.id())));
        if self.json {
            let list: Vec<_> = records
                .map(|(one, record)| show::line_json(one, &record))
                .collect();
            return say(&format!("{}\n", serde_json::to_string_pretty(&list)?));
        }
        let mut text = String::new();
        for (one, record) in records {
            text.push_str(&show::line(one, &record));
            text.push('\n');
        }
        say(&format!(
            "{text}\nBegin one with  era exercise start NUMBER\n"
        ))
    }

    /// The exercise by number or name, or that of the folder in which we stand.
    fn meant(&self, word: Option<&str>) -> Outcome<&'static Folder> {
        let here = std::env::current_dir().ok();
        let of_folder = || here.as_deref().and_then(package::exercise_of);
        match word.map(str::to_owned).or_else(of_folder) {
            Some(word) => named(&word),
            None => Err(format!("this is no exercise's folder; name one of {}", numbers()).into()),
        }
    }

    /// The student's folder.
    pub(super) fn folder(&self, exercise: &Folder) -> Outcome<PathBuf> {
        Ok(self.place(exercise)?.ok_or_else(|| no_folder(exercise))?)
    }

    /// The same, if there is one.
    fn place(&self, exercise: &Folder) -> Outcome<Option<PathBuf>> {
        let id = exercise.id();
        let here = std::env::current_dir()?;
        let known = self.progress.get(&id).at;
        let known = known.unwrap_or_else(|| usual_place(exercise));
        let mut places = [here, known].into_iter();
        Ok(places.find(|place| package::exercise_of(place).as_deref() == Some(&*id)))
    }

    fn start(&self, exercise: &Folder, dir: Option<&Path>) -> Outcome {
        let id = exercise.id();
        let folder = dir.map_or_else(|| usual_place(exercise), Path::to_owned);
        let folder = std::path::absolute(folder)?;
        if package::exercise_of(&folder).is_some_and(|other| other != id) {
            return Err(format!("{} is another exercise's folder", folder.display()).into());
        }
        let told = |error: std::io::Error| format!("cannot make {}: {error}", folder.display());
        package::start(exercise, &folder).map_err(told)?;
        self.remember(&id, |record| {
            record.at = Some(folder.clone());
            record.started.get_or_insert_with(submission::now);
        });
        let answer = package::answer(exercise, &folder);
        if self.json {
            return say(&format!(
                "{}\n",
                json!({"id": id, "folder": folder, "answer": answer})
            ));
        }
        say(&format!(
            "{}\n  the task  {}\n  write in  {}\n  then      era exercise check {id}\n",
            exercise.task().title,
            folder.join("task.md").display(),
            answer.display(),
        ))
    }

    fn next(&self) -> Outcome {
        match all()
            .into_iter()
            .find(|one| !self.progress.get(&one.id()).passed)
        {
            Some(one) => self.start(one, self.progress.get(&one.id()).at.as_deref()),
            None => say("All exercises are passed.\n"),
        }
    }

    /// Reads, builds and judges the answer, and remembers what came of it.
    fn check(&self, exercise: &Folder, machine: bool) -> Outcome<Verdict> {
        let folder = self.folder(exercise)?;
        let answer = package::answer(exercise, &folder);
        let told = |error: std::io::Error| format!("cannot read {}: {error}", answer.display());
        let text = std::fs::read_to_string(&answer).map_err(told)?;
        self.check_text(exercise, &folder, &text, machine)
    }

    /// The same with the answer's text in hand. A folder that was moved is known from now on.
    pub(super) fn check_text(
        &self,
        exercise: &Folder,
        folder: &Path,
        text: &str,
        machine: bool,
    ) -> Outcome<Verdict> {
        let verdict = self.verdict(exercise, text, machine)?;
        self.remember(&exercise.id(), |record| {
            let now = submission::now();
            record.at = Some(folder.to_owned());
            record.verdict = Some(verdict.tag().to_owned());
            record.answer = Some(submission::fingerprint(text));
            match verdict {
                Verdict::Passed => {
                    record.passed = true;
                    record.since.get_or_insert(now.clone());
                }
                Verdict::Wrong(_) => record.tries += 1,
                _ => {}
            }
            record.checked = Some(now);
        });
        Ok(verdict)
    }

    fn verdict(&self, exercise: &Folder, text: &str, machine: bool) -> Outcome<Verdict> {
        if package::is_not_started(exercise, text) {
            return Ok(Verdict::NotStarted);
        }
        if package::is_first_build(exercise, &self.around.state) {
            eprintln!("building nix and libc, once");
        }
        let program = match package::build(exercise, text, &self.around.state, &package::cargo)? {
            Ok(program) => program,
            Err(verdict) => return Ok(verdict),
        };
        if machine {
            let answers = [(exercise, program.to_path_buf())];
            return Ok(elsewhere::judge(&answers, self.around).remove(0));
        }
        let verdict = trial::judge(exercise, &program, &self.around.state, self.learner)?;
        Ok(match verdict {
            Verdict::CannotBeChecked { why, fix } if !elsewhere::is_here() => {
                let machine = format!("era exercise check {} --machine", exercise.id());
                let fix = fix.map_or(machine.clone(), |fix| format!("{fix}; or else: {machine}"));
                let fix = Some(fix);
                Verdict::CannotBeChecked { why, fix }
            }
            verdict => verdict,
        })
    }

    fn tell(&self, exercise: &Folder, verdict: &Verdict) -> Outcome {
        if self.json {
            say(&format!("{}\n", show::verdict_json(exercise, verdict)))?;
        } else {
            say(&show::verdict(exercise, verdict))?;
        }
        Ok(verdict.status())
    }

    fn check_and_tell(&self, exercise: &Folder, machine: bool) -> Outcome {
        let verdict = if self.place(exercise)?.is_some() {
            self.check(exercise, machine)?
        } else {
            eprintln!("{}", no_folder(exercise));
            Verdict::NotStarted
        };
        self.tell(exercise, &verdict)
    }

    fn watch(&self, exercise: &Folder) -> Outcome {
        let answer = package::answer(exercise, &self.folder(exercise)?);
        let mut outcome = Ok(0);
        watch::saves(&answer, || {
            eprintln!("checking {}", answer.display());
            let passed = self.check(exercise, false).and_then(|verdict| {
                self.tell(exercise, &verdict)?;
                Ok(verdict == Verdict::Passed)
            });
            match passed {
                Ok(false) => {
                    eprintln!("waiting for {} to be saved (Ctrl-C ends)", answer.display());
                    false
                }
                Ok(true) => true,
                Err(error) => {
                    outcome = Err(error);
                    true
                }
            }
        });
        outcome
    }

    fn hint(&self, exercise: &Folder) -> Outcome {
        let id = exercise.id();
        let steps = task::hints(exercise.file("hints.md").unwrap_or_default());
        let shown = (self.progress.get(&id).hints + 1).min(steps.len());
        self.remember(&id, |record| record.hints = record.hints.max(shown));
        let hint = steps.get(shown - 1).copied().unwrap_or_default();
        if self.json {
            return say(&format!(
                "{}\n",
                json!({"id": id, "step": shown, "of": steps.len(), "hint": hint})
            ));
        }
        say(&format!("Hint {shown} of {}\n\n{hint}\n", steps.len()))
    }

    fn solution(&self, exercise: &Folder) -> Outcome {
        let id = exercise.id();
        if !self.progress.get(&id).passed {
            return Err(format!("{id} is not passed yet; fix: era exercise hint {id}").into());
        }
        say(&show::solution(exercise))
    }

    fn reset(&self, exercise: &Folder) -> Outcome {
        let backup = package::reset(exercise, &self.folder(exercise)?)?;
        say(&format!(
            "The starter is back; what you wrote is in\n  {}\n",
            backup.display()
        ))
    }

    fn candidate(&self, exercise: &Folder, program: &Path) -> Outcome {
        let verdict = trial::judge(exercise, program, &self.around.state, self.learner)?;
        self.tell(exercise, &verdict)
    }

    /// A place that cannot be written changes no verdict; it is told.
    fn remember(&self, id: &str, change: impl FnOnce(&mut super::progress::Record)) {
        if let Err(error) = self.progress.change(id, change) {
            eprintln!("warning: progress is not remembered: {error}");
        }
    }
}

fn no_folder(exercise: &Folder) -> String {
    let id = exercise.id();
    format!("{id} has no folder yet; fix: era exercise start {id}")
}

/// Where a student's folder is if nobody says it.
fn usual_place(exercise: &Folder) -> PathBuf {
    let home = std::env::var_os("HOME").map_or_else(|| PathBuf::from("."), PathBuf::from);
    home.join("era-exercises")
        .join(format!("{}-{}", exercise.id(), exercise.name))
}

/// A result that cannot be written is a failure; a reader that went away is none.
pub(crate) fn say(text: &str) -> Outcome {
    let mut out = std::io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(0),
        Err(error) => Err(format!("cannot write the result: {error}").into()),
        Ok(()) => Ok(0),
    }
}
