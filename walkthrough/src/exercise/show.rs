//! What `era exercise` says, for people and for programs.

use serde_json::{Value, json};

use super::progress::Record;
use super::{Folder, Verdict};

/// A line of the list.
pub fn line(exercise: &Folder, record: &Record) -> String {
    let task = exercise.task();
    let state = match (record.passed, &record.at) {
        (true, _) => "passed".to_owned(),
        (false, None) => String::new(),
        (false, Some(_)) if record.tries == 0 => "started".to_owned(),
        (false, Some(_)) => format!("{} tries", record.tries),
    };
    let kind = if exercise.language() == "sh" {
        "shell"
    } else {
        "Rust"
    };
    let line = format!(
        "{:<6}{:<36}{kind:<7}{:>3} min   {state}",
        task.id, task.title, task.minutes
    );
    line.trim_end().to_owned()
}

/// The same for a program.
pub fn line_json(exercise: &Folder, record: &Record) -> Value {
    let task = exercise.task();
    json!({
        "id": task.id,
        "title": task.title,
        "chapter": exercise.chapter,
        "minutes": task.minutes,
        "passed": record.passed,
        "tries": record.tries,
        "hints": record.hints,
        "folder": record.at,
    })
}

/// The exercises of a page as markdown: what the tour shows at its end. The book has the
/// whole tasks there.
pub fn of_page(stem: &str) -> String {
    let exercises = super::all().into_iter().filter(|one| one.chapter == stem);
    let line = |one: &Folder| {
        let task = one.task();
        format!(
            "- {} {}, {} minutes: `era exercise start {}`\n",
            task.id, task.title, task.minutes, task.id
        )
    };
    exercises.map(line).collect()
}

/// What came of a check, to read.
pub fn verdict(exercise: &Folder, verdict: &Verdict) -> String {
    let task = exercise.task();
    let head = format!("{} {}: {}\n", task.id, task.title, verdict.word());
    let rest = match verdict {
        Verdict::Passed => format!(
            "  another way to do it:  era exercise solution {}\n",
            task.id
        ),
        Verdict::NotStarted => "  nothing is written yet; task.md says what to write\n".to_owned(),
        Verdict::DoesNotBuild { said } => format!("\n{}\n", said.trim_end()),
        Verdict::Wrong(feedback) => format!(
            "  property  {}\n  expected  {}\n  observed  {}\n  look at   {}\n",
            feedback.property, feedback.expected, feedback.observed, feedback.look
        ),
        Verdict::CannotBeChecked { why, fix } => {
            let fix = fix.as_ref().map(|fix| format!("  fix:  {fix}\n"));
            format!("  why:  {why}\n{}", fix.unwrap_or_default())
        }
    };
    head + &rest
}

/// The same for a program.
pub fn verdict_json(exercise: &Folder, verdict: &Verdict) -> Value {
    let mut value = serde_json::to_value(verdict).unwrap_or_default();
    value["id"] = exercise.id().into();
    value["status"] = verdict.status().into();
    value
}

/// The solution and another one, to read.
pub fn solution(exercise: &Folder) -> String {
    let language = exercise.language();
    let part = |name: &str| {
        let rule = "-".repeat(72);
        format!(
            "{rule}\n{name}.{language}\n{rule}\n{}\n",
            exercise.source(name).trim_end()
        )
    };
    format!("{}\n{}", part("solution"), part("another"))
}
