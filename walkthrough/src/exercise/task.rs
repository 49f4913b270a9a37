//! What `task.md` and `hints.md` say.
//!
//! ```text
//! # 04.2 Enter, and mean it
//!
//! <!-- exercise
//! minutes: 20
//! needs: subuid
//! -->
//!
//! The text of the task.
//! ```

/// Probes that every check needs: it makes a user, a mount and a PID namespace and traces
/// what runs there.
pub const ALWAYS: &[&str] = &[
    "userns",
    "mountns",
    "pidns",
    "proc-mount",
    "clone3",
    "ptrace",
];

/// A task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// The permanent number: `04.2`.
    pub id: String,
    /// The title.
    pub title: String,
    /// How long it takes.
    pub minutes: u32,
    /// Probes that its check needs beside [`ALWAYS`].
    pub needs: Vec<String>,
    /// What the student reads, without title and head.
    pub text: String,
}

impl Task {
    /// Reads one.
    ///
    /// # Errors
    /// What is missing, in a few words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let title = text.lines().next().and_then(|line| line.strip_prefix("# "));
        let (id, title) = title
            .and_then(|title| title.split_once(' '))
            .ok_or("the first line is `# NUMBER TITLE`")?;
        let (_, rest) = text
            .split_once("<!-- exercise\n")
            .ok_or("no head comment")?;
        let (head, text) = rest.split_once("-->").ok_or("the head has no end")?;
        let field = |name: &str| {
            let mut lines = head.lines();
            lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
        };
        let minutes = field("minutes").and_then(|minutes| minutes.trim().parse().ok());
        let needs = field("needs").unwrap_or_default();
        Ok(Self {
            id: id.to_owned(),
            title: title.to_owned(),
            minutes: minutes.ok_or("no `minutes:` with a number")?,
            needs: needs
                .split(',')
                .map(|probe| probe.trim().to_owned())
                .filter(|probe| !probe.is_empty())
                .collect(),
            text: text.trim().to_owned(),
        })
    }
}

/// The three steps of `hints.md`, divided by a line `---`.
pub fn hints(text: &str) -> Vec<&str> {
    text.split("\n---\n").map(str::trim).collect()
}

#[cfg(test)]
mod tests {
    use super::super::all;
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_task_has_a_number_of_its_chapter_and_no_number_twice() {
        let mut seen = BTreeSet::new();
        for folder in all() {
            let task = folder.task();
            let (chapter, number) = task.id.split_once('.').expect(&task.id);
            assert!(
                folder.chapter.starts_with(&format!("{chapter}-")),
                "{}",
                task.id
            );
            assert!(number.parse::<u32>().is_ok(), "{}", task.id);
            assert!(seen.insert(task.id.clone()), "{} twice", task.id);
        }
    }

    #[test]
    fn every_probe_that_a_task_needs_is_one() {
        let known = |name: &str| {
            groundwork::host::PROBES
                .iter()
                .any(|probe| probe.name == name)
        };
        let tasks = all().into_iter().map(Folder::task).collect::<Vec<_>>();
        let needed = tasks
            .iter()
            .flat_map(|task| task.needs.iter().map(String::as_str));
        for name in needed.chain(ALWAYS.iter().copied()) {
            assert!(known(name), "{name}");
        }
    }

    #[test]
    fn a_task_without_its_head_is_refused() {
        assert_eq!(
            Task::parse("# 04.2 Enter\n\nText."),
            Err("no head comment".to_owned())
        );
    }

    use super::super::Folder;
}
