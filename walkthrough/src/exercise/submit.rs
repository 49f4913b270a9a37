//! `era exercise submit`: one file of all that was started, wherever it lies.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::commands::{Desk, Outcome, say};
use super::submission::{self, Handed, Submission};
use super::{Folder, Verdict, all, package};

/// What is handed in, and as whose.
#[derive(Debug, Args)]
pub struct Submit {
    /// The student; otherwise the user's name
    #[arg(long)]
    name: Option<String>,
    /// Where to; otherwise eras-NAME.json in this folder
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Folders that were moved: of exercises, or with such folders in them
    folders: Vec<PathBuf>,
}

impl Desk<'_> {
    /// Writes the file. Answers that have changed since they were checked are checked now.
    pub(super) fn submit(&self, asked: &Submit) -> Outcome {
        let name = asked.name.clone().unwrap_or_else(|| self.user());
        if name.trim().is_empty() || name.chars().any(char::is_control) {
            return Err("a student's name is a line of text; fix: --name NAME".into());
        }
        let out = asked.out.clone().unwrap_or_else(|| file_of(&name));
        may_be_written(&out)?;
        let moved = exercise_folders(&asked.folders)?;
        let mut handed = Vec::new();
        for exercise in all() {
            handed.extend(self.handed(exercise, &moved)?);
        }
        if handed.is_empty() {
            return Err("nothing is started yet; fix: era exercise start NUMBER".into());
        }
        let submission = Submission::new(name, handed);
        let told = |error: std::io::Error| format!("cannot write {}: {error}", out.display());
        write(&out, &submission.text()).map_err(told)?;
        let out = std::path::absolute(&out)?;
        self.tell_of(&submission, &out)?;
        let missing = |one: &Handed| one.missing.is_some();
        Ok(u8::from(submission.exercises.iter().any(missing)))
    }

    /// The name of whoever sits here, also behind sudo.
    fn user(&self) -> String {
        let me = nix::unistd::User::from_uid(nix::unistd::getuid());
        let mine = me.ok().flatten().map(|user| user.name);
        match self.around.sudo_uid.is_some() {
            true => self.learner.name.clone(),
            false => mine.unwrap_or_else(|| self.learner.name.clone()),
        }
    }

    /// What is handed in of one exercise; nothing if it was never begun.
    fn handed(&self, exercise: &Folder, moved: &[PathBuf]) -> Outcome<Option<Handed>> {
        let id = exercise.id();
        let known = self.progress.get(&id);
        let is_its = |folder: &&PathBuf| package::exercise_of(folder).as_deref() == Some(&*id);
        let found = moved.iter().find(is_its).cloned();
        let found = found.or_else(|| self.folder(exercise).ok());
        let mut handed = Handed {
            title: exercise.task().title,
            tries: known.tries,
            hints: known.hints,
            started: known.started.clone(),
            since: known.since.clone(),
            ..Handed::default()
        };
        match found {
            Some(folder) => self.fill(exercise, &folder, &mut handed)?,
            None => match known.at {
                Some(at) => handed.missing = Some(format!("its folder {} is gone", at.display())),
                None => return Ok(None),
            },
        }
        handed.id = id;
        Ok(Some(handed))
    }

    /// The answer, and the verdict on this very answer.
    fn fill(&self, exercise: &Folder, folder: &Path, handed: &mut Handed) -> Outcome<()> {
        let file = package::answer(exercise, folder);
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) => {
                handed.missing = Some(format!("cannot read {}: {error}", file.display()));
                return Ok(());
            }
        };
        let known = self.progress.get(&exercise.id());
        let is_checked = known.answer == Some(submission::fingerprint(&text));
        let unsure = Verdict::lacking("").tag();
        if !is_checked || known.verdict.as_deref().is_none_or(|tag| tag == unsure) {
            if !package::is_not_started(exercise, &text) {
                eprintln!("checking {}, which has changed", exercise.id());
            }
            self.check_text(exercise, folder, &text, false)?;
        }
        let known = self.progress.get(&exercise.id());
        handed.verdict = known.verdict;
        handed.checked = known.checked;
        handed.since = known.since;
        handed.tries = known.tries;
        handed.answer = Some(submission::lines(&text));
        Ok(())
    }

    fn tell_of(&self, submission: &Submission, out: &Path) -> Outcome {
        let state = |one: &Handed| match (&one.missing, &one.verdict) {
            (Some(why), _) => format!("missing: {why}"),
            (None, Some(tag)) => tag.replace('-', " "),
            (None, None) => "not checked".to_owned(),
        };
        if self.json {
            let list = submission.exercises.iter();
            let list: Vec<_> = list
                .map(|one| json!({"id": one.id, "verdict": one.verdict, "missing": one.missing}))
                .collect();
            let whole = json!({"file": out, "name": submission.name, "exercises": list});
            return say(&format!("{whole}\n"));
        }
        let mut text = String::new();
        for one in &submission.exercises {
            text.push_str(&format!("{:<6}{:<36}{}\n", one.id, one.title, state(one)));
        }
        if submission.exercises.iter().any(|one| one.missing.is_some()) {
            text.push_str("\nName where a folder is now:  era exercise submit FOLDER…\n");
        }
        let name = &submission.name;
        say(&format!("{text}\n{name} hands in  {}\n", out.display()))
    }
}

/// A name that any file system takes.
fn file_of(name: &str) -> PathBuf {
    let keep = |c: char| if c.is_alphanumeric() { c } else { '-' };
    PathBuf::from(format!(
        "eras-{}.json",
        name.chars().map(keep).collect::<String>()
    ))
}

/// What is there and is no submission stays.
fn may_be_written(out: &Path) -> Result<(), String> {
    let is_ours = || fs::read_to_string(out).is_ok_and(|text| Submission::parse(&text).is_ok());
    match fs::symlink_metadata(out) {
        Ok(_) if !is_ours() => Err(format!(
            "{} is there and is no submission; fix: --out FILE",
            out.display()
        )),
        _ => Ok(()),
    }
}

/// Whole or not at all.
fn write(out: &Path, text: &str) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let folder = out.parent().filter(|folder| *folder != Path::new(""));
    let mut new = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    new.write_all(text.as_bytes())?;
    // It is there to be handed on.
    let readable = fs::Permissions::from_mode(0o644);
    new.as_file().set_permissions(readable)?;
    new.persist(out)?;
    Ok(())
}

/// The exercises' folders among these, and directly in them.
fn exercise_folders(given: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let mut found = Vec::new();
    for folder in given {
        let told = |error: std::io::Error| format!("{}: {error}", folder.display());
        let before = found.len();
        if package::exercise_of(folder).is_some() {
            found.push(std::path::absolute(folder).map_err(told)?);
            continue;
        }
        for entry in fs::read_dir(folder).map_err(told)? {
            let inside = entry.map_err(told)?.path();
            if package::exercise_of(&inside).is_some() {
                found.push(std::path::absolute(inside).map_err(told)?);
            }
        }
        if found.len() == before {
            return Err(format!("there is no exercise in {}", folder.display()));
        }
    }
    Ok(found)
}
