//! What the machine can ask: about one 32-bit word at a time.

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
    pub(super) fn bit(self) -> u16 {
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
    /// About a word.
    pub(super) fn new(word: Word, is: Is) -> Self {
        Question { word, is }
    }

    /// What the answer to this question says about `other`, if it says anything.
    pub(super) fn tells(self, answer: bool, other: Question) -> Option<bool> {
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
