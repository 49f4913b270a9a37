//! A condition on an argument of 64 bits, as questions about its two halves.
//!
//! ```text
//!   equal:    high == H ? ── yes ── low == L ? ── yes ── holds
//!                 └─ no ──────────────── └─ no ── fails
//!
//!   greater:  high > H ? ── no ── high == H ? ── yes ── low > L ? ── yes ── holds
//!                 └─ yes ── holds     └─ no ──────────────── └─ no ── fails
//! ```
//!
//! The others are these with the ends exchanged: what is not equal fails to be equal, what is
//! less fails to be greater or equal. To compare the lower half alone would let everything
//! through that differs in the upper half. Where arguments have 32 bits, the lower half is all
//! that is asked about.

use crate::arch::Arch;
use crate::profile::{Compare, Op};

use super::graph::{Graph, Node};
use super::question::{Is, Question, Word};

impl Graph {
    /// The questions of a condition, and where it goes on if it holds, and if it fails.
    pub(super) fn condition(
        &mut self,
        condition: &Compare,
        arch: Arch,
        holds: Node,
        fails: Node,
    ) -> Node {
        match condition.op {
            Op::Equal | Op::MaskedEqual => self.equal(condition, arch, holds, fails),
            Op::NotEqual => self.equal(condition, arch, fails, holds),
            Op::Greater => self.above(condition, arch, Is::Greater, holds, fails),
            Op::LessOrEqual => self.above(condition, arch, Is::Greater, fails, holds),
            Op::GreaterOrEqual => self.above(condition, arch, Is::AtLeast, holds, fails),
            Op::Less => self.above(condition, arch, Is::AtLeast, fails, holds),
        }
    }

    /// Are both halves equal?
    fn equal(&mut self, condition: &Compare, arch: Arch, holds: Node, fails: Node) -> Node {
        let mut node = holds;
        for word in words(condition.index, arch) {
            node = self.same(word, half(condition, word), node, fails);
        }
        node
    }

    /// Is a half equal to `value`, under `mask`? Where the mask is empty, it is.
    fn same(&mut self, word: Word, half: Half, holds: Node, fails: Node) -> Node {
        let is = match half {
            Half { mask: 0, .. } => return holds,
            Half {
                mask: u32::MAX,
                value,
            } => Is::Equal(value),
            Half { mask, value } => Is::Masked { mask, value },
        };
        self.ask(Question::new(word, is), holds, fails)
    }

    /// Is the argument greater than the value, or at least as great, as `last` says?
    fn above(
        &mut self,
        condition: &Compare,
        arch: Arch,
        last: fn(u32) -> Is,
        holds: Node,
        fails: Node,
    ) -> Node {
        let mut node = fails;
        for word in words(condition.index, arch) {
            let Half { value, .. } = half(condition, word);
            node = match word {
                Word::High(_) => {
                    let equal = self.ask(Question::new(word, Is::Equal(value)), node, fails);
                    self.ask(Question::new(word, Is::Greater(value)), holds, equal)
                }
                _ => self.ask(Question::new(word, last(value)), holds, fails),
            };
        }
        node
    }
}

/// The words of an argument that count, from the last to be asked about to the first.
pub(super) fn words(index: u8, arch: Arch) -> Vec<Word> {
    match arch.word_bits() {
        64 => vec![Word::Low(index), Word::High(index)],
        _ => vec![Word::Low(index)],
    }
}

/// One half of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Half {
    /// The bits that count.
    pub mask: u32,
    /// What they are compared with.
    pub value: u32,
}

/// The half of a condition that is about this word.
pub(super) fn half(condition: &Compare, word: Word) -> Half {
    let (mask, value) = match condition.op {
        Op::MaskedEqual => (condition.value, condition.value_two),
        _ => (u64::MAX, condition.value),
    };
    let cut = |whole: u64| match word {
        Word::High(_) => (whole >> 32) as u32,
        _ => whole as u32,
    };
    Half {
        mask: cut(mask),
        value: cut(value & mask),
    }
}
