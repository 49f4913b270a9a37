//! Back, retry and jump: the page again, from its start, on a fresh ground.

use super::script::Act;
use super::text::{Row, Style};
use super::{Mode, Player, act};
use crate::ground::Ground;
use crate::page::Block;
use crate::probes;
use crate::stage::perform;
use crate::stage::{Ran, Stage};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

impl Player<'_> {
    /// Makes a fresh ground, runs every command before `target` as the page has
    /// it, and stands at `target`.
    pub(super) fn replay(&mut self, target: usize) -> Result<()> {
        self.stage = Stage::new(&self.around.state, self.learner, &self.script.page.head)?;
        if self.root == Some(true) {
            self.become_root()?;
        }
        self.rows.clear();
        self.spoilt = false;
        (self.changed, self.guess, self.last, self.message) = (None, None, None, None);
        let scene = self.script.scene_start(target);
        for stop in 0..target {
            let shown = stop >= scene;
            if shown {
                self.show_lead(stop);
            }
            if let Act::Run { block, .. } = self.script.stops[stop].act {
                let block = self.script.blocks[block].clone();
                if self.stage.cannot_run(&block).is_none() {
                    self.run_again(stop, &block, shown);
                }
            }
        }
        self.arrive(target);
        Ok(())
    }

    fn run_again(&mut self, stop: usize, block: &Block, shown: bool) {
        let Some(line) = self.script.line(stop).cloned() else {
            return;
        };
        let again = perform::run(&mut self.stage, &line, perform::limit(block));
        let (command, ran) = match again {
            Ok(again) => again,
            Err(error) => {
                self.rows.push(Row::new(Style::Bad, error.to_string()));
                return;
            }
        };
        let report = perform::judge(&mut self.stage, &line, command, &ran);
        self.last = Some(stop);
        if shown {
            let command = act::one_line(&self.stage, &line);
            self.rows.push(
                Row::new(Style::Strong, format!("{} ", line.written)).with(Style::Plain, command),
            );
            self.rows.extend(act::output_rows(&ran.output));
            self.rows.extend(act::difference_rows(&report));
        }
    }

    /// The last command once more, on a ground of its own that has seen what
    /// came before it: `change` says how it is run this time.
    pub(super) fn run_aside(
        &mut self,
        change: impl Fn(&Stage, &str) -> String,
    ) -> Result<Option<(Stage, Ran)>> {
        let Some(last) = self.last else {
            self.message = Some(Row::new(Style::Dim, "Nothing has run yet."));
            return Ok(None);
        };
        let mut stage = Stage::new(&self.around.state, self.learner, &self.script.page.head)?;
        if self.stage.ground().is_played_as_root() {
            stage.ground_mut().play_as_root()?;
        } else if self.root == Some(true) && stage.ground().lacks_group() {
            stage.ground_mut().ask_for_root()?;
        }
        for stop in 0..=last {
            let Act::Run { block, .. } = self.script.stops[stop].act else {
                continue;
            };
            let block = &self.script.blocks[block];
            let Some(line) = self
                .script
                .line(stop)
                .filter(|_| stage.cannot_run(block).is_none())
            else {
                continue;
            };
            let mut line = line.clone();
            if stop == last {
                let command = act::one_line(&stage, &line);
                line.command = change(&stage, &command);
            }
            let (command, ran) = perform::run(&mut stage, &line, perform::limit(block))?;
            if stop == last {
                return Ok(Some((stage, ran)));
            }
            perform::judge(&mut stage, &line, command, &ran);
        }
        Ok(None)
    }

    /// Lets sudo ask on the learner's own terminal, once a ground.
    pub(super) fn become_root(&mut self) -> Result<()> {
        let ground = self.stage.ground_mut();
        let as_ground = probes::ground_here().asks();
        let give = |ground: &mut Ground| match as_ground {
            true => ground.play_as_root(),
            false => ground.ask_for_root(),
        };
        let given = match ground.has_root() {
            true => give(ground),
            false => self.screen.lend(|| give(ground))?,
        };
        if let Err(error) = &given {
            self.message = Some(Row::new(Style::Bad, error.to_string()));
        }
        self.root = Some(given.is_ok());
        Ok(())
    }

    /// A shell of the learner's own on this ground.
    pub(super) fn own_shell(&mut self) -> Result<()> {
        let outside = self
            .script
            .line(self.at)
            .is_some_and(|line| line.prompt == crate::page::Prompt::Learner);
        let who = if outside {
            crate::ground::Who::Learner
        } else {
            crate::ground::Who::Ground
        };
        let stage = &mut self.stage;
        let ended = self
            .screen
            .lend(|| super::passthrough::shell(stage.ground_mut(), who))?;
        if let Err(error) = ended {
            self.message = Some(Row::new(Style::Bad, error.to_string()));
        }
        if matches!(self.mode, Mode::Paging) {
            self.top = self.top.min(self.bottom());
        }
        Ok(())
    }
}
