//! Rules as a graph of questions.
//!
//! A node is an answer, or a question with a node for yes and one for no. Equal nodes are
//! there once, however many calls lead to them: so the rules of clone(2) on x86-64 and on
//! x32 are the same instructions, and all that is refused ends at one `return`.

use std::collections::HashMap;

use crate::action::Action;
use crate::arch::Arch;
use crate::filter::MAX_INSTRUCTIONS;
use crate::profile::{Compare, Op};

use super::rules::half;

/// A node of a [`Graph`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Node(usize);

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// The end.
    Answer(Action),
    /// One of two ways.
    Ask {
        /// What is asked.
        question: Question,
        /// Where it goes on if so.
        yes: Node,
        /// Where if not.
        no: Node,
    },
}

/// A word of struct seccomp_data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Word {
    /// The number of the call.
    Number,
    /// The architecture.
    Arch,
    /// The lower half of an argument.
    Low(u8),
    /// The upper half of an argument.
    High(u8),
}

impl Word {
    /// Where it is in struct seccomp_data.
    pub(super) fn offset(self) -> u32 {
        match self {
            Word::Number => 0,
            Word::Arch => 4,
            Word::Low(index) => 16 + 8 * u32::from(index),
            Word::High(index) => 20 + 8 * u32::from(index),
        }
    }

    /// A bit of its own.
    fn bit(self) -> u16 {
        1 << (self.offset() / 4)
    }
}

/// What the machine can find out about a word at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Is {
    /// Is it this number?
    Equal(u32),
    /// Is it greater?
    Greater(u32),
    /// Is it greater, or equal?
    AtLeast(u32),
    /// Is it `value`, under `mask`? Takes an instruction more, and spoils the word.
    Masked {
        /// The bits that count.
        mask: u32,
        /// What they are to be.
        value: u32,
    },
}

/// A question that one comparison answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Question {
    /// About what.
    pub word: Word,
    /// What.
    pub is: Is,
}

impl Question {
    pub(super) fn new(word: Word, is: Is) -> Self {
        Question { word, is }
    }

    /// What the answer to this question says about `other`, if it says anything.
    fn tells(self, answer: bool, other: Question) -> Option<bool> {
        if self.word != other.word {
            return None;
        }
        if self == other {
            return Some(answer);
        }
        match (self.is, answer) {
            (Is::Equal(value), true) => other.within(value, value),
            (Is::Greater(bound), true) => other.within(bound.saturating_add(1), u32::MAX),
            (Is::Greater(bound), false) => other.within(0, bound),
            (Is::AtLeast(bound), true) => other.within(bound, u32::MAX),
            (Is::AtLeast(bound), false) => other.within(0, bound.saturating_sub(1)),
            (Is::Masked { mask, value }, true) => match other.is {
                Is::Masked {
                    mask: same,
                    value: wanted,
                } if same == mask => Some(value == wanted),
                _ => None,
            },
            _ => None,
        }
    }

    /// The answer for a word that is known to be from `least` to `most`, if it is the same
    /// for all of them.
    fn within(self, least: u32, most: u32) -> Option<bool> {
        let all = |from: u32, to: u32| match (least, most) {
            (least, most) if from <= least && most <= to => Some(true),
            (least, most) if most < from || to < least => Some(false),
            _ => None,
        };
        match self.is {
            Is::Equal(value) => all(value, value),
            Is::Greater(u32::MAX) => Some(false),
            Is::Greater(bound) => all(bound + 1, u32::MAX),
            Is::AtLeast(bound) => all(bound, u32::MAX),
            Is::Masked { mask, value } => (least == most).then_some(least & mask == value),
        }
    }
}

/// Which answers are remembered on the way to the next question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Memory {
    /// All of them.
    All,
    /// Those about upper halves: what most conditions have in common is that it is zero.
    Upper,
    /// None: each rule asks for itself.
    Nothing,
}

/// Questions and answers.
pub(super) struct Graph {
    kinds: Vec<Kind>,
    /// For each node, the words that are asked about from there on: a bit for each.
    words: Vec<u16>,
    known: HashMap<Kind, Node>,
    /// Which answers are remembered, in what is added next.
    pub memory: Memory,
}

impl Graph {
    /// Nothing yet.
    pub(super) fn new() -> Self {
        Graph {
            kinds: Vec::new(),
            words: Vec::new(),
            known: HashMap::new(),
            memory: Memory::All,
        }
    }

    /// Whether it has grown beyond what can become of a filter.
    pub(super) fn is_too_large(&self) -> bool {
        self.kinds.len() > MAX_INSTRUCTIONS * 8
    }

    /// What a node is.
    pub(super) fn kind(&self, node: Node) -> Kind {
        self.kinds[node.0]
    }

    /// The end: this becomes of the call.
    pub(super) fn answer(&mut self, action: Action) -> Node {
        self.once(Kind::Answer(action))
    }

    /// A question, exactly so.
    pub(super) fn node(&mut self, question: Question, yes: Node, no: Node) -> Node {
        if yes == no {
            return yes;
        }
        self.once(Kind::Ask { question, yes, no })
    }

    fn once(&mut self, kind: Kind) -> Node {
        if let Some(node) = self.known.get(&kind) {
            return *node;
        }
        let node = Node(self.kinds.len());
        self.words.push(match kind {
            Kind::Answer(_) => 0,
            Kind::Ask { question, yes, no } => {
                question.word.bit() | self.words[yes.0] | self.words[no.0]
            }
        });
        self.kinds.push(kind);
        self.known.insert(kind, node);
        node
    }

    /// A question, after which neither way asks again what its answer has told.
    fn ask(&mut self, question: Question, yes: Node, no: Node) -> Node {
        let remembered = match self.memory {
            Memory::All => true,
            Memory::Upper => matches!(question.word, Word::High(_)),
            Memory::Nothing => false,
        };
        if !remembered {
            return self.node(question, yes, no);
        }
        let yes = self.knowing(question, true, yes, &mut HashMap::new());
        let no = self.knowing(question, false, no, &mut HashMap::new());
        self.node(question, yes, no)
    }

    /// What is left of a node for somebody who knows the answer to a question.
    fn knowing(
        &mut self,
        question: Question,
        answer: bool,
        node: Node,
        done: &mut HashMap<Node, Node>,
    ) -> Node {
        let Kind::Ask {
            question: other,
            yes,
            no,
        } = self.kind(node)
        else {
            return node;
        };
        if self.words[node.0] & question.word.bit() == 0 {
            return node;
        }
        if let Some(left) = done.get(&node) {
            return *left;
        }
        let left = match question.tells(answer, other) {
            Some(true) => self.knowing(question, answer, yes, done),
            Some(false) => self.knowing(question, answer, no, done),
            None => {
                let yes = self.knowing(question, answer, yes, done);
                let no = self.knowing(question, answer, no, done);
                self.node(other, yes, no)
            }
        };
        done.insert(node, left);
        left
    }

    /// A condition on an argument, as questions about its two halves:
    ///
    /// ```text
    ///   equal:    high == H ? ─ yes ─ low == L ? ─ yes ─ holds
    ///
    ///   greater:  high > H ? ─ no ─ high == H ? ─ yes ─ low > L ? ─ yes ─ holds
    ///                └─ yes ─ holds
    /// ```
    ///
    /// and the opposites with the ends exchanged: less is not greater or equal.
    pub(super) fn compare(
        &mut self,
        condition: &Compare,
        arch: Arch,
        holds: Node,
        fails: Node,
    ) -> Node {
        let wide = arch.word_bits() == 64;
        let (low, high) = (Word::Low(condition.index), Word::High(condition.index));
        let ((mask_low, value_low), (mask_high, value_high)) =
            (half(condition, 0), half(condition, 32));
        let (end, last) = match condition.op {
            Op::Equal | Op::MaskedEqual | Op::NotEqual => {
                let (holds, fails) = match condition.op {
                    Op::NotEqual => (fails, holds),
                    _ => (holds, fails),
                };
                let node = self.equal(low, mask_low, value_low, holds, fails);
                return match wide {
                    true => self.equal(high, mask_high, value_high, node, fails),
                    false => node,
                };
            }
            Op::Greater => ((holds, fails), Is::Greater(value_low)),
            Op::GreaterOrEqual => ((holds, fails), Is::AtLeast(value_low)),
            Op::LessOrEqual => ((fails, holds), Is::Greater(value_low)),
            Op::Less => ((fails, holds), Is::AtLeast(value_low)),
        };
        let (above, below) = end;
        let node = self.ask(Question::new(low, last), above, below);
        if !wide {
            return node;
        }
        let node = self.ask(Question::new(high, Is::Equal(value_high)), node, below);
        self.ask(Question::new(high, Is::Greater(value_high)), above, node)
    }

    /// Is a half equal to `value`, under `mask`? Where the mask is empty, it is.
    fn equal(&mut self, word: Word, mask: u32, value: u32, holds: Node, fails: Node) -> Node {
        if mask == 0 {
            return holds;
        }
        let is = match mask {
            u32::MAX => Is::Equal(value),
            mask => Is::Masked { mask, value },
        };
        self.ask(Question::new(word, is), holds, fails)
    }
}
