//! From a profile to a program for the kernel's filter machine.
//!
//! The machine can do little: load one 32-bit word of struct seccomp_data, ask whether it is
//! equal to or greater than a number, go on at one of two places further down, and return. So
//! everything here is about questions:
//!
//! 1. [`rules`]: what the profile says about each call of each architecture, in the order in
//!    which its rules win.
//! 2. [`question`]: what can be asked. [`halves`]: an argument has 64 bits, a question has 32:
//!    each condition becomes one to three questions about the two halves.
//! 3. [`graph`]: all questions, and where each answer leads. What was asked already is not
//!    asked again, and what is equal is there once.
//! 4. [`search`]: from the number to the rules of its call: a search tree over ranges of
//!    numbers that get the same answer.
//! 5. [`emit`]: the graph laid out as instructions, no jump further than a jump can be.
//!
//! The program asks for the architecture before all else, then halves the numbers:
//!
//! ```text
//!          arch == x86_64 ? ──── no ──── arch == x86 ? ── no ── kill
//!                │ yes                        │ yes
//!        nr >= the middle ?               its own tree
//!           ╱         ╲
//!    nr >= … ?       nr >= … ?
//!     ╱    ╲          ╱    ╲
//!  allow  errno    allow  clone: high == 0 ?, low & mask == 0 ?
//! ```
//!
//! x32 has the architecture of x86_64, so it is told by bit 30 of the number: in the tree,
//! all numbers from 0x40000000 are calls of x32, or foreign where x32 is not wanted.

mod emit;
mod graph;
mod halves;
mod question;
mod rules;
mod search;

use crate::arch::{Arch, X32_BIT};
use crate::error::{Error, Result};
use crate::filter::Filter;
use crate::profile::Profile;

use graph::{Graph, Memory, Node};
use question::{Is, Question, Word};
use rules::Ruled;
use search::Range;

/// More rules for one call than this are not asked for with all answers in mind: to compare
/// each with each takes its time.
const FEW: usize = 64;

/// The filter that does what a profile says.
pub fn compile(profile: &Profile) -> Result<Filter> {
    if profile.archs.is_empty() {
        return Err(Error::NoArch);
    }
    // What is remembered makes the way to a verdict shorter, and may make the program longer,
    // since the way on depends on it. Where it becomes too long, each rule asks for itself.
    match Compiler::new(profile, true).program() {
        Ok(filter) => Ok(filter),
        Err(_) => Compiler::new(profile, false).program(),
    }
}

struct Compiler<'a> {
    profile: &'a Profile,
    graph: Graph,
    remembers: bool,
}

impl<'a> Compiler<'a> {
    fn new(profile: &'a Profile, remembers: bool) -> Self {
        Compiler {
            profile,
            graph: Graph::new(),
            remembers,
        }
    }

    fn program(mut self) -> Result<Filter> {
        let start = self.architectures()?;
        let program = emit::program(&self.graph, start);
        Filter::new(program)
    }

    // ANCHOR: architectures
    /// Which architecture? One question after the other, the native one first.
    fn architectures(&mut self) -> Result<Node> {
        let mut start = self.graph.answer(self.profile.foreign);
        let mut tokens: Vec<u32> = Vec::new();
        for arch in &self.profile.archs {
            if !tokens.contains(&arch.token()) {
                tokens.push(arch.token());
            }
        }
        tokens.sort_by_key(|token| *token != Arch::native().token());
        for token in tokens.into_iter().rev() {
            let calls = self.calls(token)?;
            let question = Question::new(Word::Arch, Is::Equal(token));
            start = self.graph.node(question, calls, start);
        }
        Ok(start)
    }
    // ANCHOR_END: architectures

    /// Which call? The numbers of one architecture, x32's with those of x86-64.
    fn calls(&mut self, token: u32) -> Result<Node> {
        let profile = self.profile;
        let archs: Vec<Arch> = (profile.archs.iter().copied())
            .filter(|arch| arch.token() == token)
            .collect();
        let other = self.graph.answer(profile.default);
        let mut ranges = vec![Range {
            from: 0,
            node: other,
        }];
        if token == Arch::X86_64.token() {
            self.foreign_numbers(&archs, &mut ranges);
        }
        for arch in archs {
            for (number, call) in rules::of(profile, arch)? {
                let node = self.call(&call, arch)?;
                search::set(&mut ranges, number, node);
            }
        }
        Ok(search::tree(&mut self.graph, &ranges))
    }

    /// The numbers that belong to the one of x86-64 and x32 that is not wanted. A tracer may
    /// set the number to -1 to have a call skipped: that one is nobody's, see seccomp(2).
    fn foreign_numbers(&mut self, archs: &[Arch], ranges: &mut Vec<Range>) {
        let foreign = self.graph.answer(self.profile.foreign);
        let other = ranges[0].node;
        let at = |from, node| Range { from, node };
        if !archs.contains(&Arch::X32) {
            *ranges = vec![at(0, other), at(X32_BIT, foreign), at(u32::MAX, other)];
        } else if !archs.contains(&Arch::X86_64) {
            *ranges = vec![at(0, foreign), at(X32_BIT, other)];
        }
    }

    /// What becomes of one call. From the last rule to the first: where a rule does not hold,
    /// the rules after it are asked.
    fn call(&mut self, rules: &[Ruled], arch: Arch) -> Result<Node> {
        self.graph.memory = match (self.remembers, rules.len()) {
            (false, _) => Memory::Nothing,
            (true, ..=FEW) => Memory::All,
            (true, _) => Memory::Upper,
        };
        let mut node = self.graph.answer(self.profile.default);
        for rule in rules.iter().rev() {
            let mut holds = self.graph.answer(rule.action);
            for condition in rule.conditions.iter().rev() {
                holds = self.graph.condition(condition, arch, holds, node);
            }
            node = holds;
            if self.graph.is_too_large() {
                let call = rule.call.clone();
                return Err(Error::TooManyQuestions { call });
            }
        }
        Ok(node)
    }
}
