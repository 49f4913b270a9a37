//! Runs a command live, and tells what came of it.

use std::time::{Duration, Instant};

use super::keyboard::Key;
use super::markdown;
use super::script::Act;
use super::text::{Row, Style, without_tabs};
use super::{Mode, Player};
use crate::page::facts::PATIENCE;
use crate::page::{Block, Line};
use crate::probes;
use crate::stage::perform::{self, FactReport, LineReport};
use crate::stage::{Ended, Ran, Stage};

/// A question that was passed over is answered nevertheless.
pub(super) const SKIPPED: usize = 0;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The command on one line, placeholders filled in as far as they are known.
pub fn one_line(stage: &Stage, line: &Line) -> String {
    let command = line.command.replace("\\\n", "");
    stage.bindings.fill(&command).unwrap_or(command)
}

impl Player<'_> {
    /// Runs what was typed at this stop, or the page's command if nothing was.
    pub(super) fn run_here(&mut self, typed: String) -> Result<()> {
        let Act::Run { block, .. } = self.script.stops[self.at].act else {
            return Ok(());
        };
        let Some(line) = self.script.line(self.at).cloned() else {
            return Ok(());
        };
        let ours = one_line(&self.stage, &line);
        let command = if typed.trim().is_empty() {
            ours.clone()
        } else {
            typed
        };
        if command.trim() != ours.trim() {
            self.changed = Some(block);
        }
        self.rows.push(
            Row::new(Style::Strong, format!("{} ", line.written))
                .with(Style::Plain, command.clone()),
        );
        self.input = Default::default();
        self.top = self.bottom();
        match self.run_live(&line, &command) {
            Ok(ran) => {
                self.last = Some(self.at);
                self.finish(block, &line, command, &ran);
            }
            Err(error) => {
                self.rows.pop();
                self.message = Some(Row::new(Style::Bad, error.to_string()));
                self.mode = Mode::Ready;
                self.top = self.bottom();
            }
        }
        Ok(())
    }

    /// Shows output while it comes. Ctrl-C goes to the command; the second one,
    /// and the limit, end it.
    fn run_live(&mut self, line: &Line, command: &str) -> Result<Ran> {
        let limit = match self.script.stops[self.at].act {
            Act::Run { block, .. } => perform::limit(&self.script.blocks[block]),
            _ => Duration::from_secs(10),
        };
        let to_the_end = perform::waits_for_the_end(line) && command.is_empty();
        let (who, unasked) = self.stage.begin(line.prompt, command)?;
        let (until, before) = (Instant::now() + limit, self.rows.len());
        let mut interrupts = 0;
        let ended = loop {
            if let Some(ended) = self.stage.look(who, to_the_end) {
                break ended;
            }
            if Instant::now() >= until || interrupts > 1 {
                self.stage.interrupt(who);
                break match interrupts {
                    2.. => Ended::Killed,
                    _ => Ended::Hung,
                };
            }
            self.rows.truncate(before);
            let so_far = unasked.clone() + &self.stage.output(who);
            self.rows.extend(output_rows(&so_far));
            self.top = self.bottom();
            self.draw_running()?;
            let key = self
                .screen
                .key(&self.stage.fds(), Duration::from_millis(200))?;
            let byte = match key {
                Some(Key::Ctrl('c')) => b'\x03',
                Some(Key::Ctrl('d')) => b'\x04',
                Some(Key::Ctrl('\\')) => b'\x1c',
                _ => continue,
            };
            interrupts += usize::from(byte == b'\x03');
            self.stage.write(who, &[byte]);
        };
        self.rows.truncate(before);
        let output = unasked + &self.stage.take_output(who);
        self.rows.extend(output_rows(&output));
        Ok(Ran { output, ended })
    }

    fn draw_running(&mut self) -> std::io::Result<()> {
        let mode = std::mem::replace(&mut self.mode, Mode::After);
        let (rows, _) = self.content();
        let title = self.title();
        self.mode = mode;
        let rows = rows.into_iter().skip(self.top).collect();
        let keys = "it runs ...  Ctrl-C stop it".to_owned();
        self.screen.draw(&super::screen::Frame {
            title,
            rows,
            keys,
            cursor: None,
        })
    }

    /// Judges, unless the learner changed the command, and goes on.
    fn finish(&mut self, block: usize, line: &Line, command: String, ran: &Ran) {
        let ours = self.changed != Some(block);
        if ours {
            let report = perform::judge(&mut self.stage, line, command, ran);
            self.rows.extend(difference_rows(&report));
        } else if let Ended::At(mark) = ran.ended {
            if mark.status != 0 {
                self.rows
                    .push(Row::new(Style::Dim, format!("? {}", mark.status)));
            }
        }
        let page_block = self.script.blocks[block].clone();
        if let Some(why) = perform::stopped(ran, perform::limit(&page_block)) {
            self.rows.push(Row::new(Style::Bad, format!("✗ {why}.")));
            self.rows.push(Row::new(
                Style::Plain,
                "  r tries again, n goes on; both on a fresh ground, as the page has it.",
            ));
            self.spoilt = true;
            self.mode = Mode::After;
            self.top = self.bottom();
            return;
        }
        if !self.script.ends_block(self.at) {
            self.reveal();
            self.arrive(self.at + 1);
            return;
        }
        self.mode = Mode::After;
        self.end_block(&page_block, ours);
        self.reveal();
        self.top = self.bottom();
    }

    /// Facts of a block that has ended.
    pub(super) fn end_block(&mut self, block: &Block, ours: bool) {
        if ours {
            let facts = perform::facts(&self.stage, block, PATIENCE);
            self.rows.extend(fact_rows(&facts));
        } else {
            self.rows.push(Row::new(
                Style::Dim,
                "  your own command: nothing was compared in this block",
            ));
        }
    }

    /// What was right, and why, now that it has been seen.
    fn reveal(&mut self) {
        let Some((predict, choice)) = self.guess.take() else {
            return;
        };
        self.rows.push(Row::default());
        self.rows.push(match choice {
            _ if choice == predict.right => {
                Row::new(Style::Good, format!("✓ You said {choice}, and so it is."))
            }
            SKIPPED => Row::new(Style::Plain, format!("The answer is {}.", predict.right)),
            _ => Row::new(
                Style::Warn,
                format!("You said {choice}; it is {}.", predict.right),
            ),
        });
        self.rows
            .extend(markdown::render(&predict.answer, Self::width()));
        self.rows.push(Row::default());
    }

    /// A block that cannot run on this machine is shown with its recorded
    /// output, and says so.
    pub(super) fn skip_where_it_cannot_run(&mut self) {
        let Act::Run { block, line: 0 } = self.script.stops[self.at].act else {
            return;
        };
        if matches!(self.mode, Mode::Paging) {
            return;
        }
        let block = &self.script.blocks[block];
        if let Some(question) = self.question_for_root(block) {
            self.mode = Mode::AskRoot;
            self.rows.extend(question);
            self.top = self.bottom();
            return;
        }
        let Some(why) = self.stage.cannot_run(block) else {
            return;
        };
        let mut rows = warning(&format!("Not run here: {why}"), Self::width());
        rows.push(Row::new(Style::Dim, "What it prints elsewhere:"));
        for line in &block.lines {
            rows.push(Row::new(
                Style::Dim,
                format!("  {} {}", line.written, line.command.replace("\\\n", "")),
            ));
            rows.extend(
                line.expected
                    .iter()
                    .map(|text| Row::new(Style::Dim, format!("  {text}"))),
            );
        }
        self.rows.extend(rows);
        self.at += block.lines.len() - 1;
        self.mode = Mode::After;
        self.top = self.bottom();
    }
}

impl Player<'_> {
    /// What to ask before a block, if it takes real root: its `#!` lines do, and where the
    /// kernel refuses user namespaces, its `#` lines, or a control group its shells. It is
    /// asked once.
    fn question_for_root(&self, block: &Block) -> Option<Vec<Row>> {
        let ground = self.stage.ground();
        if self.root.is_some() || probes::is_for_another_machine(block) {
            return None;
        }
        let text = if block.on_ground && probes::ground_here().asks() {
            let why = probes::look(probes::GROUND).map_or(String::new(), |finding| finding.why);
            format!(
                "The `#` commands of this page want a user namespace, and there is none here: \
                 {why}. Real root can run them instead, in the same folder, with mounts of its \
                 own. What they print may differ then, and a mistake hits this machine."
            )
        } else if block.needs_root() && !ground.has_root() {
            "The next commands are for real root.".to_owned()
        } else if probes::wants_group_by_root(block, ground) {
            "The next commands want a control group that you may write, and you have none. \
             Real root can make one and give it to you; the commands stay yours, and the group \
             goes with the page."
                .to_owned()
        } else {
            return None;
        };
        let sudo = if ground.has_root() {
            ""
        } else {
            " sudo will ask you for what it wants."
        };
        let text = format!("{text}{sudo} Shall they run?");
        let mut rows = warning(&text, Self::width());
        rows.push(Row::default());
        Some(rows)
    }
}

/// Text in lines, as a warning.
fn warning(text: &str, width: usize) -> Vec<Row> {
    let mut rows = markdown::render(text, width);
    let pieces = rows.iter_mut().flat_map(|row| &mut row.0);
    for (style, _) in pieces.filter(|(style, _)| *style == Style::Plain) {
        *style = Style::Warn;
    }
    rows
}

/// Output as lines.
pub(super) fn output_rows(output: &str) -> Vec<Row> {
    output
        .lines()
        .map(|line| Row::new(Style::Plain, without_tabs(line)))
        .collect()
}

/// A text that differs from the page's, as its difference.
pub(super) fn difference_rows(report: &LineReport) -> Vec<Row> {
    if report.matched {
        let status = report.status.filter(|status| *status != 0);
        return status
            .map(|status| Row::new(Style::Dim, format!("? {status}")))
            .into_iter()
            .collect();
    }
    let mut rows = vec![Row::new(
        Style::Warn,
        "  the page has it otherwise (- page, + here):",
    )];
    rows.extend(
        report
            .diff
            .iter()
            .map(|line| Row::new(Style::Warn, format!("  {}", without_tabs(line)))),
    );
    rows
}

/// Facts: how many hold, and each that does not.
pub(super) fn fact_rows(facts: &[FactReport]) -> Vec<Row> {
    let mut rows = Vec::new();
    let held = facts.iter().filter(|fact| fact.instead.is_none()).count();
    match held {
        0 => {}
        1 => rows.push(Row::new(
            Style::Good,
            "✓ checked in the kernel, from outside: 1 fact holds",
        )),
        _ => rows.push(Row::new(
            Style::Good,
            format!("✓ checked in the kernel, from outside: {held} facts hold"),
        )),
    }
    for fact in facts {
        if let Some(instead) = &fact.instead {
            rows.push(Row::new(
                Style::Bad,
                format!("✗ {} does not hold: {instead}", fact.fact),
            ));
        }
    }
    rows
}
