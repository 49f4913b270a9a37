//! Exercises: tasks, the student's own package, and checks that look at the kernel.
//!
//! An exercise is a folder `chapters/NN-…/exercises/NAME/`; build.rs embeds every one of
//! them and compiles its `check.rs` into [`folders`]. Its number in `task.md` is permanent.
//!
//! # Layout
//!
//! - [`task`]: what `task.md` and `hints.md` say.
//! - [`package`]: the student's folder, and building the answer in it.
//! - [`progress`]: what was passed, in a text file.
//! - [`trial`]: an answer is put on a ground and judged there.
//! - [`judge`]: the process that does it, and its verdict.
//! - [`check`]: what a check is written with: scenes, the witness, properties.
//! - [`elsewhere`]: the same in the small virtual machine.
//! - [`submission`]: the file that a student hands in; [`submit`]: how it is made.
//! - [`commands`]: `era exercise`; [`show`]: its words; [`watch`]: a check at each save.
//! - [`folders`]: the exercises that there are.

use std::path::Path;

use serde::{Deserialize, Serialize};

pub mod check;
pub mod commands;
pub mod elsewhere;
pub mod folders;
pub mod judge;
pub mod package;
pub mod progress;
pub mod show;
pub mod submission;
pub mod submit;
pub mod task;
pub mod trial;
pub mod watch;

use check::{Checked, Judge};

/// A folder of an exercise, embedded.
pub struct Folder {
    /// The chapter's folder: `04-chroot`.
    pub chapter: &'static str,
    /// Its own name: `enter`.
    pub name: &'static str,
    /// Its check.
    pub check: fn(&mut Judge) -> Checked,
    /// Its files: path inside, text.
    pub files: &'static [(&'static str, &'static str)],
}

impl Folder {
    /// The text of one of its files.
    pub fn file(&self, name: &str) -> Option<&'static str> {
        let found = self.files.iter().find(|(path, _)| *path == name);
        found.map(|(_, text)| *text)
    }

    /// What its `task.md` says.
    ///
    /// # Panics
    /// It is not as an exercise's task has to be: a test reads all of them.
    pub fn task(&self) -> task::Task {
        let text = self.file("task.md").unwrap_or_default();
        task::Task::parse(text).unwrap_or_else(|why| panic!("{}/task.md: {why}", self.name))
    }

    /// The permanent number: `04.2`.
    pub fn id(&self) -> String {
        self.task().id
    }

    /// The end of its sources' names: `rs`, or `sh` for an exercise in shell.
    pub fn language(&self) -> &'static str {
        if self.file("starter.sh").is_some() {
            "sh"
        } else {
            "rs"
        }
    }

    /// Its starter, solution or other file with a language's end.
    pub fn source(&self, stem: &str) -> &'static str {
        let name = format!("{stem}.{}", self.language());
        self.file(&name).unwrap_or_default()
    }
}

/// All exercises by number.
pub fn all() -> Vec<&'static Folder> {
    let mut all: Vec<_> = folders::FOLDERS.iter().collect();
    all.sort_by_key(|folder| folder.id());
    all
}

/// The exercise that a word means: its number, or its name.
pub fn find(word: &str) -> Option<&'static Folder> {
    let word = word.trim_start_matches('0');
    let is = |folder: &&&Folder| folder.id().trim_start_matches('0') == word || folder.name == word;
    all().iter().find(is).copied()
}

/// What a wrong answer is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feedback {
    /// What should hold, as a sentence.
    pub property: String,
    /// What was expected here.
    pub expected: String,
    /// What was seen.
    pub observed: String,
    /// Where to look.
    pub look: String,
}

/// What came of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    /// It is right.
    Passed,
    /// It runs and is not right.
    Wrong(Feedback),
    /// Nothing was written yet.
    NotStarted,
    /// The compiler refuses it.
    DoesNotBuild {
        /// What it says.
        said: String,
    },
    /// This machine does not allow what the check needs.
    CannotBeChecked {
        /// What is missing.
        why: String,
        /// A remedy.
        fix: Option<String>,
    },
}

impl Verdict {
    /// The exit status. 2 is clap's, for a command line that is none.
    pub fn status(&self) -> u8 {
        match self {
            Verdict::Passed => 0,
            Verdict::Wrong(_) => 1,
            Verdict::NotStarted => 3,
            Verdict::DoesNotBuild { .. } => 4,
            Verdict::CannotBeChecked { .. } => 5,
        }
    }

    /// A word or two.
    pub fn word(&self) -> &'static str {
        match self {
            Verdict::Passed => "passed",
            Verdict::Wrong(_) => "wrong",
            Verdict::NotStarted => "not started",
            Verdict::DoesNotBuild { .. } => "does not build",
            Verdict::CannotBeChecked { .. } => "cannot be checked here",
        }
    }

    /// A word for programs and files, as it is in JSON.
    pub fn tag(&self) -> &'static str {
        match self {
            Verdict::Passed => "passed",
            Verdict::Wrong(_) => "wrong",
            Verdict::NotStarted => "not-started",
            Verdict::DoesNotBuild { .. } => "does-not-build",
            Verdict::CannotBeChecked { .. } => "cannot-be-checked",
        }
    }

    /// This machine lacks something.
    pub fn lacking(why: impl Into<String>) -> Self {
        Verdict::CannotBeChecked {
            why: why.into(),
            fix: None,
        }
    }
}

/// Where a chapter's exercises stand in the book.
pub fn page_of(folder: &Folder) -> String {
    Path::new(folder.chapter)
        .with_extension("md")
        .display()
        .to_string()
}
