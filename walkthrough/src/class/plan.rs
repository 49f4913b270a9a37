//! A class as a file: TOML, written once with everything and then cut down by hand.
//!
//! ```toml
//! title = "Containers, half a day"
//! minutes = 240
//! parts = [
//!   { page = "04-chroot", minutes = 15 },
//!   { exercise = "04.1", minutes = 10 },
//!   { pause = "coffee", minutes = 15 },
//! ]
//! ```

use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use crate::exercise::{self, Folder};
use crate::library::{self, LibraryError};

/// A class.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Its name.
    pub title: String,
    /// How long it may take; nobody looks where it is not said.
    pub minutes: Option<u32>,
    /// In the order of the class.
    pub parts: Vec<Spanned<Part>>,
}

/// A part of a class: one of page, exercise and pause.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    page: Option<String>,
    exercise: Option<String>,
    pause: Option<String>,
    /// How long it takes.
    pub minutes: u32,
}

/// Why a file is no class.
#[derive(Debug, thiserror::Error)]
pub enum NoPlan {
    /// It cannot be read.
    #[error("cannot read {file}: {source}")]
    Read {
        /// Which.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// It is no TOML, or has other fields.
    #[error("{file} is no class: {source}")]
    Form {
        /// Which.
        file: String,
        /// Where, and what is wrong.
        source: Box<toml::de::Error>,
    },
    /// Lines that name what there is not.
    #[error("{}", .0.join("\n"))]
    Unknown(Vec<String>),
    /// A page of ours is damaged.
    #[error(transparent)]
    Library(#[from] LibraryError),
}

impl Plan {
    /// Reads one; all that it names is there.
    ///
    /// # Errors
    /// It cannot be read, is none, or names what there is not: each with its line.
    pub fn read(file: &Path) -> Result<Self, NoPlan> {
        let name = file.display().to_string();
        let text = std::fs::read_to_string(file).map_err(|source| NoPlan::Read {
            file: name.clone(),
            source,
        })?;
        Self::parse(&name, &text)
    }

    /// The same with its text in hand.
    ///
    /// # Errors
    /// As [`Plan::read`].
    pub fn parse(file: &str, text: &str) -> Result<Self, NoPlan> {
        let plan: Plan = toml::from_str(text).map_err(|source| NoPlan::Form {
            file: file.to_owned(),
            source: Box::new(source),
        })?;
        let mut seen: Vec<String> = Vec::new();
        let mut faults = Vec::new();
        for part in &plan.parts {
            let line = text[..part.span().start].matches('\n').count() + 1;
            let part = part.get_ref();
            if let Err(why) = part.is_known() {
                faults.push(format!("{file}, line {line}: {why}"));
            } else if part.pause.is_none() && seen.contains(&part.key()) {
                faults.push(format!("{file}, line {line}: {} twice", part.key()));
            }
            seen.push(part.key());
        }
        match faults.is_empty() {
            true => Ok(plan),
            false => Err(NoPlan::Unknown(faults)),
        }
    }

    /// Its exercises, in its order.
    pub fn exercises(&self) -> Vec<&'static Folder> {
        let ids = self.parts.iter();
        let ids = ids.filter_map(|part| part.get_ref().exercise.as_deref());
        ids.filter_map(exercise::find).collect()
    }

    /// All minutes together.
    pub fn sum(&self) -> u32 {
        self.parts.iter().map(|part| part.get_ref().minutes).sum()
    }

    /// Every part with the time at which it begins, and whether it all fits.
    pub fn with_a_clock(&self) -> String {
        let mut text = format!("{}\n\n", self.title);
        let mut at = 0;
        for part in &self.parts {
            let part = part.get_ref();
            let line = format!("{}  {:>3} min  {}", clock(at), part.minutes, part.name());
            text.push_str(line.trim_end());
            text.push('\n');
            at += part.minutes;
        }
        let fits = match self.minutes {
            Some(most) if at > most => format!(", {} more than there are", at - most),
            Some(most) if at < most => format!(", {} are left", most - at),
            Some(_) => ", all that there are".to_owned(),
            None => String::new(),
        };
        text + &format!("{}  {at} minutes{fits}\n", clock(at))
    }
}

impl Part {
    fn is_known(&self) -> Result<(), String> {
        match (&self.page, &self.exercise, &self.pause) {
            (Some(word), None, None) => page(word)
                .map(drop)
                .ok_or_else(|| format!("no page {word}; there are: {}", pages().join(", "))),
            (None, Some(word), None) => exercise::find(word).map(drop).ok_or_else(|| {
                let known: Vec<_> = exercise::all().iter().map(|one| one.id()).collect();
                format!("no exercise {word}; there are: {}", known.join(", "))
            }),
            (None, None, Some(_)) => Ok(()),
            _ => Err("a part is one of page, exercise and pause".to_owned()),
        }
    }

    /// What it is, however it was called.
    fn key(&self) -> String {
        let exercise = || Some(exercise::find(self.exercise.as_deref()?)?.id());
        let page = || page(self.page.as_deref()?);
        exercise().or_else(page).unwrap_or_default()
    }

    fn name(&self) -> String {
        if let Some(exercise) = self.exercise.as_deref().and_then(exercise::find) {
            let task = exercise.task();
            return format!("exercise  {} {}", task.id, task.title);
        }
        match (&self.page, &self.pause) {
            (Some(page), _) => format!("page      {}", self::page(page).unwrap_or_default()),
            (_, Some(pause)) => format!("pause     {pause}"),
            _ => String::new(),
        }
    }
}

fn clock(minutes: u32) -> String {
    format!("{:>2}:{:02}", minutes / 60, minutes % 60)
}

/// The pages that can be taught, by the stems of their files.
fn pages() -> Vec<&'static str> {
    let stems = library::PAGES.iter().map(|(stem, _)| *stem);
    stems
        .filter(|stem| stem.starts_with(|c: char| c.is_ascii_digit()))
        .collect()
}

/// The stem of the page that a word means: its own, its number or its name.
fn page(word: &str) -> Option<String> {
    let is = |stem: &&str| {
        let (number, name) = stem.split_once('-').unwrap_or((stem, ""));
        *stem == word || number == word || name == word
    };
    pages().into_iter().find(is).map(str::to_owned)
}

const HEAD: &str = "\
# A class: what is taught, in this order, and how long each part takes.
#
# Take out lines, move them, change their minutes. A part is one of
#   { page = \"04-chroot\", minutes = 15 }      shown with  era present 04-chroot
#   { exercise = \"04.1\", minutes = 10 }       done with   era exercise start 04.1
#   { pause = \"coffee\", minutes = 15 }
#
#   era class plan FILE               this, with a clock
#   era class report --class FILE …   who has passed what of it

";

/// A class of all that there is, with the minutes that pages and tasks say themselves.
///
/// # Errors
/// A page of ours is damaged.
pub fn everything() -> Result<String, LibraryError> {
    let mut parts = String::new();
    let mut sum = 0;
    for page in library::pages()? {
        let minutes = page.head.minutes.unwrap_or_default();
        let stem = &page.stem;
        parts.push_str(&format!(
            "\n  {{ page = {stem:?}, minutes = {minutes} }},\n"
        ));
        sum += minutes;
        for one in exercise::all().iter().filter(|one| one.chapter == *stem) {
            let task = one.task();
            let part = format!(
                "{{ exercise = {:?}, minutes = {} }},",
                task.id, task.minutes
            );
            parts.push_str(&format!("  {part:<42}# {}\n", task.title));
            sum += task.minutes;
        }
    }
    Ok(format!(
        "{HEAD}title = \"The history of Linux containers\"\n\n\
         # How much time there is. All of this takes {sum}.\nminutes = {sum}\n\nparts = [{parts}]\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_of_everything_is_one_and_adds_up() {
        let text = everything().unwrap();
        let plan = Plan::parse("class.toml", &text).unwrap();
        assert_eq!(plan.exercises().len(), exercise::all().len());
        assert_eq!(plan.minutes, Some(plan.sum()));
        assert!(plan.with_a_clock().ends_with(" all that there are\n"));
    }

    #[test]
    fn what_there_is_not_is_refused_by_its_line() {
        let text = "title = \"x\"\nparts = [\n  { exercise = \"04.1\", minutes = 1 },\n\
            { exercise = \"99.9\", minutes = 1 },\n{ page = \"chroot\", minutes = 1 },\n\
            { page = \"98-none\", minutes = 1 }, { page = \"04\", minutes = 2 },\n\
            { minutes = 1 },\n]\n";
        let said = Plan::parse("c", text).unwrap_err().to_string();
        let lines: Vec<_> = said.lines().collect();
        assert!(lines[0].starts_with("c, line 4: no exercise 99.9; there are: 04.1, "));
        assert!(lines[1].starts_with("c, line 6: no page 98-none; there are: 00-one-minute, "));
        assert_eq!(lines[2], "c, line 6: 04-chroot twice");
        assert_eq!(
            lines[3],
            "c, line 7: a part is one of page, exercise and pause"
        );
        assert_eq!(lines.len(), 4, "{said}");
    }

    #[test]
    fn a_word_that_is_none_is_refused_by_its_line() {
        let text = "title = \"x\"\nparts = [\n  { exercise = \"04.1\", minute = 1 },\n]\n";
        let said = Plan::parse("c", text).unwrap_err().to_string();
        assert!(said.contains("line 3") && said.contains("minute"), "{said}");
    }
}
