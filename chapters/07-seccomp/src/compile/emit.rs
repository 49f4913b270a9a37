//! The graph laid out as instructions.
//!
//! A jump can only go forward, and at most 255 instructions. So the program is written from
//! its end to its beginning: when a question is written, both places that it can lead to are
//! there already, and their distance is known. Where it is too far, a jump without a
//! condition, or another copy of the answer, is put in between.

use std::collections::HashMap;

use groundwork::kernel::Instruction;

use crate::filter::code;

use super::graph::{Graph, Kind, Node};
use super::question::{Is, Word};

/// The furthest that a conditional jump can go.
const FURTHEST: usize = 255;

/// What the accumulator holds: a word, and the mask that is on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Held {
    word: Word,
    mask: u32,
}

/// A node, as it is entered: what is in the accumulator, if it needs that.
type Place = (Node, Option<Held>);

/// The instructions of the graph from `start` on.
pub(super) fn program(graph: &Graph, start: Node) -> Vec<Instruction> {
    let mut writer = Writer {
        graph,
        backwards: Vec::new(),
        places: HashMap::new(),
    };
    writer.write((start, None));
    writer.backwards.reverse();
    writer.backwards
}

struct Writer<'a> {
    graph: &'a Graph,
    /// The program, its last instruction first.
    backwards: Vec<Instruction>,
    /// Where a place is: in `backwards`, the copy that was written last.
    places: HashMap<Place, usize>,
}

impl Writer<'_> {
    fn push(&mut self, code: u16, k: u32) {
        self.jump(code, k, 0, 0);
    }

    fn jump(&mut self, code: u16, k: u32, jt: usize, jf: usize) {
        let (jt, jf) = (jt as u8, jf as u8);
        self.backwards.push(Instruction { code, jt, jf, k });
    }

    /// How a node is entered with this in the accumulator: only a question about the same
    /// word can use it.
    fn place(&self, node: Node, held: Held) -> Place {
        let useful = match self.graph.kind(node) {
            Kind::Ask { question, .. } => {
                held == wanted(question.word, question.is) || {
                    question.word == held.word && held.mask == u32::MAX
                }
            }
            Kind::Answer(_) => false,
        };
        (node, useful.then_some(held))
    }

    /// Writes a place, after all that it leads to.
    fn write(&mut self, start: Place) {
        let mut waiting = vec![start];
        while let Some(place) = waiting.last().copied() {
            match self.missing(place) {
                Some(first) => waiting.push(first),
                None => {
                    self.instructions(place);
                    waiting.pop();
                }
            }
        }
    }

    /// A place that has to be there before this one can be written.
    fn missing(&self, place: Place) -> Option<Place> {
        let (yes, no) = self.ways(place)?;
        [yes, no]
            .into_iter()
            .find(|way| !self.places.contains_key(way))
    }

    /// Where a question leads to.
    fn ways(&self, place: Place) -> Option<(Place, Place)> {
        let Kind::Ask { question, yes, no } = self.graph.kind(place.0) else {
            return None;
        };
        let after = wanted(question.word, question.is);
        Some((self.place(yes, after), self.place(no, after)))
    }

    fn instructions(&mut self, place: Place) {
        match (self.graph.kind(place.0), self.ways(place)) {
            (Kind::Ask { question, .. }, Some((yes, no))) => {
                self.question(question.is, yes, no);
                self.load(place, wanted(question.word, question.is));
            }
            (Kind::Answer(action), _) => self.push(code::RETURN, action.value()),
            _ => {}
        }
        self.places.insert(place, self.backwards.len() - 1);
    }

    /// The comparison itself, after both places were brought into reach.
    fn question(&mut self, is: Is, yes: Place, no: Place) {
        // Bringing the one nearer may push the other out of reach again.
        while self.bring_near(yes) || self.bring_near(no) {}
        let (code, k) = match is {
            Is::Equal(value) | Is::Masked { value, .. } => (code::IF_EQUAL, value),
            Is::Greater(bound) => (code::IF_GREATER, bound),
            Is::AtLeast(bound) => (code::IF_AT_LEAST, bound),
        };
        self.jump(code, k, self.distance(yes), self.distance(no));
    }

    /// How many instructions lie between the next one to be written and a place.
    fn distance(&self, place: Place) -> usize {
        self.backwards.len() - 1 - self.places[&place]
    }

    /// Makes a stepping stone to a place that is too far. Tells whether one was needed.
    fn bring_near(&mut self, place: Place) -> bool {
        let distance = self.distance(place);
        if distance <= FURTHEST {
            return false;
        }
        match self.graph.kind(place.0) {
            Kind::Answer(action) => self.push(code::RETURN, action.value()),
            Kind::Ask { .. } => self.push(code::JUMP, distance as u32),
        }
        self.places.insert(place, self.backwards.len() - 1);
        true
    }

    /// Gets what a question needs into the accumulator, if it is not there. The whole word
    /// may be, without the mask.
    fn load(&mut self, place: Place, needed: Held) {
        if place.1 == Some(needed) {
            return;
        }
        if needed.mask != u32::MAX {
            self.push(code::AND, needed.mask);
        }
        if place.1.is_none() {
            self.push(code::LOAD, needed.word.offset());
        }
    }
}

/// What has to be in the accumulator for a question, and is there after it.
fn wanted(word: Word, is: Is) -> Held {
    let mask = match is {
        Is::Masked { mask, .. } => mask,
        _ => u32::MAX,
    };
    Held { word, mask }
}
