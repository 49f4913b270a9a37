//! Pages: the markdown that the book shows, the tour plays, and the tests run.
//!
//! The form of a page is in `book/AUTHORING.md`. Here it becomes a list of
//! [`Part`]s in the order in which a learner meets them.

pub mod block;
pub mod compare;
pub mod facts;
mod groups;
mod lookups;
pub mod parse;
pub mod placeholder;
mod powers;
mod world;

pub use block::{Block, Line, Prompt};
pub use facts::Fact;

/// One page.
#[derive(Debug, Clone)]
pub struct Page {
    /// The file's name without its end: `04-chroot`.
    pub stem: String,
    /// What the head comment says.
    pub head: Head,
    /// The first heading.
    pub title: String,
    /// What comes, in order.
    pub parts: Vec<Part>,
}

/// What the comment at the top of a page says about it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// How long it takes.
    pub minutes: Option<u32>,
    /// The year of its era.
    pub year: Option<String>,
    /// The short name in lists: `chroot`.
    pub name: Option<String>,
    /// The line beside it: `another meaning of "/"`.
    pub line: Option<String>,
    /// The programs that it is about: a page answers to these, too.
    pub programs: Vec<String>,
    /// Its shells want a control group of their own.
    pub group: bool,
}

/// A part of a page.
#[derive(Debug, Clone)]
pub enum Part {
    /// A heading: its level (1 to 6) and text.
    Heading(u8, String),
    /// Markdown to read.
    Prose(String),
    /// A question before the next command runs.
    Predict(Predict),
    /// Commands and what they print.
    Block(Block),
    /// Markdown for the instructor alone.
    Notes(String),
}

/// A question that is answered before the command runs.
#[derive(Debug, Clone)]
pub struct Predict {
    /// The question, as markdown.
    pub question: String,
    /// The possible answers, as plain text.
    pub options: Vec<String>,
    /// Which of them is right, counted from 1.
    pub right: usize,
    /// Why, as markdown.
    pub answer: String,
}

impl Page {
    /// The number that the file's name starts with: `04`.
    pub fn number(&self) -> Option<&str> {
        let number = self.stem.split('-').next()?;
        (number.len() == 2 && number.bytes().all(|b| b.is_ascii_digit())).then_some(number)
    }

    /// The short name in lists.
    pub fn name(&self) -> &str {
        self.head.name.as_deref().unwrap_or(&self.title)
    }

    /// Whether a learner who typed `word` means this page: its number (with or
    /// without the leading zero), its folder or file, or one of its programs.
    pub fn answers_to(&self, word: &str) -> bool {
        let word = word.trim_end_matches(".md");
        let number = self.number().unwrap_or_default();
        let name = self
            .stem
            .split_once('-')
            .map_or(self.stem.as_str(), |(_, name)| name);
        let program =
            |program: &String| program == word || program.trim_start_matches("era-") == word;
        word == self.stem
            || word == name
            || word == self.name()
            || (!number.is_empty()
                && (word == number
                    || word == number.trim_start_matches('0')
                    || (number == "00" && word == "0")))
            || self.head.programs.iter().any(program)
    }

    /// Its blocks, in order.
    pub fn blocks(&self) -> impl Iterator<Item = &Block> {
        self.parts.iter().filter_map(|part| match part {
            Part::Block(block) => Some(block),
            _ => None,
        })
    }
}
