//! A page as a list of stops: what a learner meets one after another.

use crate::page::{Block, Line, Page, Part, Predict};

/// A place at which the tour waits for the learner.
#[derive(Debug, Clone)]
pub struct Stop {
    /// The section that it lies in.
    pub section: String,
    /// What there is to read before it, as markdown; empty inside a block.
    pub lead: String,
    /// What the instructor is told.
    pub notes: String,
    /// What happens.
    pub act: Act,
}

/// What happens at a stop.
#[derive(Debug, Clone)]
pub enum Act {
    /// A question, answered by a key.
    Ask(Predict),
    /// Line `line` of the page's block `block`.
    Run {
        /// Which block, counted over the page.
        block: usize,
        /// Which of its lines.
        line: usize,
    },
    /// The end of the page.
    End,
}

/// A page and its stops.
#[derive(Debug)]
pub struct Script {
    /// The page.
    pub page: Page,
    /// Its blocks.
    pub blocks: Vec<Block>,
    /// Its stops; the last is [`Act::End`].
    pub stops: Vec<Stop>,
}

impl Script {
    /// Cuts a page into stops.
    pub fn new(page: Page) -> Self {
        let (mut stops, mut blocks) = (Vec::new(), Vec::new());
        let mut section = page.title.clone();
        let (mut lead, mut notes) = (String::new(), String::new());
        for part in &page.parts {
            match part {
                Part::Heading(level, title) => {
                    if *level > 1 {
                        section.clone_from(title);
                    }
                    lead.push_str(&format!("{} {title}\n\n", "#".repeat(usize::from(*level))));
                }
                Part::Prose(text) => lead.push_str(&format!("{text}\n\n")),
                Part::Notes(text) => notes.push_str(&format!("{text}\n\n")),
                Part::Predict(predict) => {
                    let (lead, notes) = (std::mem::take(&mut lead), std::mem::take(&mut notes));
                    stops.push(Stop {
                        section: section.clone(),
                        lead,
                        notes,
                        act: Act::Ask(predict.clone()),
                    });
                }
                Part::Block(block) => {
                    for line in 0..block.lines.len() {
                        let act = Act::Run {
                            block: blocks.len(),
                            line,
                        };
                        let (lead, notes) = (std::mem::take(&mut lead), std::mem::take(&mut notes));
                        stops.push(Stop {
                            section: section.clone(),
                            lead,
                            notes,
                            act,
                        });
                    }
                    blocks.push(block.clone());
                }
            }
        }
        stops.push(Stop {
            section,
            lead,
            notes,
            act: Act::End,
        });
        Self {
            page,
            blocks,
            stops,
        }
    }

    /// The line of a stop, if a command is run there.
    pub fn line(&self, stop: usize) -> Option<&Line> {
        match self.stops.get(stop)?.act {
            Act::Run { block, line } => self.blocks[block].lines.get(line),
            _ => None,
        }
    }

    /// Whether this stop runs the last line of its block.
    pub fn ends_block(&self, stop: usize) -> bool {
        match self.stops[stop].act {
            Act::Run { block, line } => line + 1 == self.blocks[block].lines.len(),
            _ => false,
        }
    }

    /// The first stop of the scene that `stop` is shown in: what follows without
    /// anything new to read belongs to one scene.
    pub fn scene_start(&self, stop: usize) -> usize {
        let begins = |i: usize| {
            i == 0
                || !self.stops[i].lead.is_empty() && !matches!(self.stops[i - 1].act, Act::Ask(_))
        };
        (0..=stop).rev().find(|i| begins(*i)).unwrap_or(0)
    }

    /// Sections, each with its first stop.
    pub fn sections(&self) -> Vec<(usize, &str)> {
        let mut found: Vec<(usize, &str)> = Vec::new();
        for (i, stop) in self.stops.iter().enumerate() {
            if found
                .last()
                .is_none_or(|(_, section)| *section != stop.section)
            {
                found.push((i, &stop.section));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::parse;

    #[test]
    fn a_page_becomes_stops_in_its_order() {
        let page = parse::page("parts", include_str!("../../testdata/parts.md")).unwrap();
        let script = Script::new(page);
        let acts: Vec<_> = script
            .stops
            .iter()
            .map(|stop| matches!(stop.act, Act::Run { .. }))
            .collect();
        assert_eq!(acts, [false, true, false]);
        assert!(script.stops[0].notes.contains("Ask who"));
        assert_eq!(
            script.scene_start(1),
            0,
            "a question and its command are one scene"
        );
        assert_eq!(script.sections(), [(0, "By hand")]);
    }
}
