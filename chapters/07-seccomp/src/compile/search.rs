//! From a number to what becomes of its call.
//!
//! Most numbers that lie beside each other get the same answer, so not numbers are sought
//! but the borders between ranges: halving the ranges finds one in a few questions, where a
//! list would ask for one number after the other.

use super::graph::{Graph, Node};
use super::question::{Is, Question, Word};

/// Numbers from here to the next range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    /// The first of them.
    pub from: u32,
    /// What becomes of their calls.
    pub node: Node,
}

/// Says what becomes of one number.
pub(super) fn set(ranges: &mut Vec<Range>, number: u32, node: Node) {
    // The range that the number is in. There is one: the first begins with 0.
    let at = ranges.partition_point(|range| range.from <= number) - 1;
    let before = ranges[at].node;
    let ends_here = match ranges.get(at + 1) {
        Some(next) => number.checked_add(1) == Some(next.from),
        None => number == u32::MAX,
    };
    let mut new = Vec::new();
    if ranges[at].from < number {
        new.push(ranges[at]);
    }
    new.push(Range { from: number, node });
    if !ends_here {
        new.push(Range {
            from: number + 1,
            node: before,
        });
    }
    ranges.splice(at..=at, new);
}

// ANCHOR: tree
/// The tree of questions that finds a number's range.
pub(super) fn tree(graph: &mut Graph, ranges: &[Range]) -> Node {
    let mut merged = ranges.to_vec();
    merged.dedup_by_key(|range| range.node);
    halve(graph, &merged)
}

fn halve(graph: &mut Graph, ranges: &[Range]) -> Node {
    if let [only] = ranges {
        return only.node;
    }
    // One number that is an exception among its neighbours: asked for by itself.
    if let [before, one, after] = ranges {
        if before.node == after.node && one.from + 1 == after.from {
            let question = Question::new(Word::Number, Is::Equal(one.from));
            return graph.node(question, one.node, before.node);
        }
    }
    let middle = ranges.len() / 2;
    let question = Question::new(Word::Number, Is::AtLeast(ranges[middle].from));
    let above = halve(graph, &ranges[middle..]);
    let below = halve(graph, &ranges[..middle]);
    graph.node(question, above, below)
}
// ANCHOR_END: tree
