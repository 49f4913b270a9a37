//! The player: a page on a terminal, stop after stop, command after command.
//!
//! # Layout
//!
//! - [`script`]: a page as a list of stops.
//! - [`text`], [`markdown`]: styled lines, and prose as such.
//! - [`screen`]: the terminal, taken and given back.
//! - [`input`]: the line that the learner types.
//! - [`keyboard`]: bytes as keys.
//! - [`keys`]: what a key does, in each mode.
//! - [`act`]: runs a command live and tells what came of it.
//! - [`replay`]: back, retry and jump: the page again on a fresh ground.
//! - [`look`]: the code that ran, and strace's view of it.
//! - [`passthrough`]: a shell on the ground, on the learner's own terminal.

pub mod act;
pub mod input;
pub mod keyboard;
pub mod keys;
pub mod look;
pub mod markdown;
pub mod passthrough;
pub mod replay;
pub mod screen;
pub mod script;
pub mod text;

use std::time::{Duration, Instant};

use crate::ground::Learner;
use crate::page::Predict;
use crate::present::notes::Speaker;
use crate::progress::Progress;
use crate::stage::Stage;
use crate::state::Surroundings;
use input::Input;
use look::View;
use screen::{Frame, Screen};
use script::{Act, Script};
use text::{Row, Style};

/// What the player waits for.
#[derive(Debug)]
pub enum Mode {
    /// More to read below: the next key scrolls.
    Paging,
    /// A command, typed letter by letter.
    Typing,
    /// The same where the page types nothing: the program inside is about to end.
    Waiting,
    /// A command is there; keys are keys.
    Ready,
    /// A question, answered by a number.
    Asking,
    /// Whether real root may run what comes.
    AskRoot,
    /// A block has ended.
    After,
    /// The page has ended.
    End,
    /// A step to jump to is being typed.
    Jump(String),
    /// Something to look at in between.
    View(View),
}

/// Why the player stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    /// The learner quit.
    Quit,
    /// The page is done, and the learner wants the next.
    Next,
}

/// A page being played.
pub struct Player<'a> {
    script: Script,
    screen: &'a Screen,
    around: &'a Surroundings,
    learner: &'a Learner,
    stage: Stage,
    progress: Progress,
    /// Notes and clock for an instructor; none in a tour.
    speaker: Option<Speaker>,
    at: usize,
    mode: Mode,
    /// The scene: everything shown since there was last something new to read.
    rows: Vec<Row>,
    top: usize,
    input: Input,
    /// The learner types commands, rather than having them filled in.
    types: bool,
    /// A block with a command that was changed: nothing is compared in it.
    changed: Option<usize>,
    /// An answer that waits for the command after it.
    guess: Option<(Predict, usize)>,
    /// The last command that ran.
    last: Option<usize>,
    message: Option<Row>,
    /// A shell is gone or a program was killed: only a fresh ground goes on.
    spoilt: bool,
    /// Whether real root was given, once it was asked for.
    root: Option<bool>,
    started: Instant,
}

impl<'a> Player<'a> {
    /// Prepares a page; `from` is a step counted from 1.
    ///
    /// # Errors
    /// No ground can be made.
    pub fn new(
        script: Script,
        screen: &'a Screen,
        around: &'a Surroundings,
        learner: &'a Learner,
        speaker: Option<Speaker>,
        from: usize,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        let speaker_is_silent = speaker.is_none();
        let mut player = Self {
            stage: Stage::new(&around.state, learner, &script.page.head)?,
            progress: Progress::read(&around.state),
            script,
            screen,
            around,
            learner,
            speaker,
            at: 0,
            mode: Mode::Paging,
            rows: Vec::new(),
            top: 0,
            input: Input::default(),
            types: speaker_is_silent,
            changed: None,
            guess: None,
            last: None,
            message: None,
            spoilt: false,
            root: None,
            started: Instant::now(),
        };
        match from.saturating_sub(1).min(player.script.stops.len() - 1) {
            0 => player.arrive(0),
            step => player.replay(step)?,
        }
        Ok(player)
    }

    /// Plays until the learner leaves.
    ///
    /// # Errors
    /// The terminal is gone, or a fresh ground could not be made.
    pub fn play(mut self) -> Result<(Leave, Vec<String>), Box<dyn std::error::Error>> {
        let leave = loop {
            self.draw()?;
            self.tell_speaker();
            if let Some(key) = self.screen.key(&[], Duration::from_secs(1))? {
                if let Some(leave) = self.key(key)? {
                    break leave;
                }
            }
        };
        // Left in the middle, a page may well have something running: it goes with the ground.
        let left = match leave {
            Leave::Next => self.stage.end(),
            _ => self.stage.leave(),
        };
        Ok((leave, left))
    }

    /// Comes to a stop: shows what there is to read, then waits for its act.
    fn arrive(&mut self, at: usize) {
        let new_scene = self.script.scene_start(at) == at;
        self.at = at;
        self.message = None;
        if new_scene {
            self.rows.clear();
        }
        self.show_lead(at);
        self.input = Input::default();
        self.mode = self.mode_of_act();
        self.top = if new_scene { 0 } else { self.bottom() };
        if new_scene && self.bottom() > 0 {
            self.mode = Mode::Paging;
        }
        self.skip_where_it_cannot_run();
        let end = matches!(self.script.stops[at].act, Act::End);
        // A state folder that cannot be written is no reason not to learn.
        let _ = self.progress.reach(&self.script.page.stem, at + 1, end);
        self.tell_speaker();
    }

    /// Adds what there is to read and, at a question, the question.
    fn show_lead(&mut self, at: usize) {
        let stop = &self.script.stops[at];
        let width = Self::width();
        let lead = markdown::render(&stop.lead, width);
        if !lead.is_empty() {
            self.rows.extend(lead);
            self.rows.push(Row::default());
        }
        if let Act::Ask(predict) = &stop.act {
            self.rows.extend(markdown::render(&predict.question, width));
            self.rows.push(Row::default());
            for (i, option) in predict.options.iter().enumerate() {
                let rows = markdown::render(option, width - 4);
                for (j, row) in rows.into_iter().enumerate() {
                    let marker = if j == 0 {
                        format!("  {} ", i + 1)
                    } else {
                        "    ".to_owned()
                    };
                    self.rows
                        .push(Row([vec![(Style::Strong, marker)], row.0].concat()));
                }
            }
            self.rows.push(Row::default());
        }
    }

    fn mode_of_act(&self) -> Mode {
        match &self.script.stops[self.at].act {
            Act::Ask(_) => Mode::Asking,
            Act::Run { .. } if !self.types => Mode::Ready,
            Act::Run { .. } if self.waits_here() => Mode::Waiting,
            Act::Run { .. } => Mode::Typing,
            Act::End => Mode::End,
        }
    }

    /// Columns for prose: readable also on a wide terminal.
    fn width() -> usize {
        Screen::size().0.min(80) - 2
    }

    /// Everything between the bars, the line being typed included.
    fn content(&self) -> (Vec<Row>, Option<(usize, usize)>) {
        let columns = Screen::size().0;
        let mut rows: Vec<Row> = self
            .rows
            .iter()
            .flat_map(|row| row.folded(columns))
            .collect();
        let mut cursor = None;
        if matches!(
            self.mode,
            Mode::Typing | Mode::Waiting | Mode::Ready | Mode::Paging
        ) {
            if let Some(line) = self.script.line(self.at) {
                let command = act::one_line(&self.stage, line);
                let (row, column) = self.input.row(line.written, &command, !self.types);
                cursor = matches!(self.mode, Mode::Typing | Mode::Waiting)
                    .then_some((rows.len() + column / columns, column % columns));
                rows.extend(row.folded(columns));
            }
        }
        if let Mode::Jump(typed) = &self.mode {
            rows.push(Row::default());
            rows.push(Row::new(Style::Strong, format!("jump to step: {typed}")));
        }
        if let Some(message) = &self.message {
            rows.push(Row::default());
            rows.extend(message.folded(columns));
        }
        (rows, cursor)
    }

    /// The scroll position at which the end can be seen.
    fn bottom(&self) -> usize {
        self.content().0.len().saturating_sub(Screen::room())
    }

    fn draw(&mut self) -> std::io::Result<()> {
        if let Mode::View(view) = &self.mode {
            return self.screen.draw(&view.frame());
        }
        let (rows, cursor) = self.content();
        let room = Screen::room();
        let top = self.top.min(rows.len().saturating_sub(1));
        let more = rows.len() > top + room && !matches!(self.mode, Mode::Paging);
        let keys = keys::bar_that_fits(&self.mode, more, Screen::size().0);
        let cursor = cursor
            .and_then(|(row, column)| Some((row.checked_sub(top)?, column)))
            .filter(|(row, _)| *row < room);
        let rows = rows.into_iter().skip(top).take(room).collect();
        self.screen.draw(&Frame {
            title: self.title(),
            rows,
            keys,
            cursor,
        })
    }

    fn title(&self) -> (String, String) {
        let page = &self.script.page;
        let section = &self.script.stops[self.at].section;
        let name = format!("{} {}", page.number().unwrap_or_default(), page.name());
        let left = if *section == page.title {
            name
        } else {
            format!("{name} · {section}")
        };
        let who = match self.stage.ground().is_played_as_root() {
            true => "REAL ROOT  ",
            false => "",
        };
        let step = format!("{who}step {} of {}", self.at + 1, self.script.stops.len());
        let right = match &self.speaker {
            Some(_) => {
                let spent = self.started.elapsed().as_secs();
                let minutes = page
                    .head
                    .minutes
                    .map_or(String::new(), |minutes| format!(" of {minutes} min"));
                format!("{step}  {:02}:{:02}{minutes}", spent / 60, spent % 60)
            }
            None => step,
        };
        (left.trim().to_owned(), right)
    }

    fn tell_speaker(&self) {
        if let Some(speaker) = &self.speaker {
            let next = self
                .script
                .line(self.at)
                .map(|line| act::one_line(&self.stage, line));
            speaker.say(
                &self.title(),
                &self.script.stops[self.at].notes,
                next.as_deref(),
            );
        }
    }

    /// To the stop after this one.
    ///
    /// # Errors
    /// A fresh ground was needed, and could not be made.
    fn go_on(&mut self) -> Result<Option<Leave>, Box<dyn std::error::Error>> {
        if self.at + 1 >= self.script.stops.len() {
            return Ok(Some(Leave::Next));
        }
        match self.spoilt {
            true => self.replay(self.at + 1)?,
            false => self.arrive(self.at + 1),
        }
        Ok(None)
    }
}
