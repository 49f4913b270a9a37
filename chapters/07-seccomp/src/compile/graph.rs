//! Rules as a graph of questions.
//!
//! A node is an answer, or a question with a node for yes and one for no. Equal nodes are
//! there once, however many calls lead to them: so the rules of clone(2) on x86-64 and on
//! x32 are the same instructions, and all that is refused ends at one `return`.

use std::collections::HashMap;

use crate::action::Action;
use crate::filter::MAX_INSTRUCTIONS;

use super::question::{Question, Word};

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
    pub(super) fn ask(&mut self, question: Question, yes: Node, no: Node) -> Node {
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
}
