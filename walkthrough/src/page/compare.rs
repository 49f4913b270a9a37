//! Compares what a command printed with what the page says.
//!
//! Exact, but for four things: placeholders; `[..]`, any text inside a line;
//! a lone `...`, any lines, once; and spaces. A run of two or more spaces, and
//! a run beside a placeholder, stands for any run of spaces or a tab, because
//! columns move with the length of a process id.

use super::placeholder::{Bindings, Piece, Var, pieces};

/// A line of a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// In both.
    Same(String),
    /// The page has it, the command did not print it.
    Missing(String),
    /// The command printed it, the page does not have it.
    Extra(String),
}

/// A lone `...`: any lines.
pub const ANY_LINES: &str = "...";

/// Whether `actual` is what `expected` says. Binds placeholders when it is.
pub fn matches(expected: &[String], actual: &[String], bindings: &mut Bindings) -> bool {
    let mut attempt = bindings.clone();
    let fits = match expected.iter().position(|line| line == ANY_LINES) {
        None => expected.len() == actual.len() && all_match(expected, actual, &mut attempt),
        Some(gap) => {
            let (head, tail) = (&expected[..gap], &expected[gap + 1..]);
            head.len() + tail.len() <= actual.len()
                && all_match(head, &actual[..head.len()], &mut attempt)
                && all_match(tail, &actual[actual.len() - tail.len()..], &mut attempt)
        }
    };
    if fits {
        *bindings = attempt;
    }
    fits
}

fn all_match(expected: &[String], actual: &[String], bindings: &mut Bindings) -> bool {
    expected
        .iter()
        .zip(actual)
        .all(|(expected, actual)| line_matches(expected, actual, bindings))
}

/// Whether one line is what the page says. Binds placeholders when it is.
pub fn line_matches(expected: &str, actual: &str, bindings: &mut Bindings) -> bool {
    let mut attempt = bindings.clone();
    let fits = fit(&atoms(expected), actual, &mut attempt);
    if fits {
        *bindings = attempt;
    }
    fits
}

/// What a line is matched by, piece after piece.
enum Atom {
    Char(char),
    /// Spaces or tabs, at least so many.
    Space(usize),
    Any,
    Var(Var),
}

fn atoms(line: &str) -> Vec<Atom> {
    let pieces = pieces(line);
    let mut atoms = Vec::new();
    for (i, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Any => atoms.push(Atom::Any),
            Piece::Var(var, _) => {
                // Right-aligned columns: a short number has spaces before it.
                if i == 0 {
                    atoms.push(Atom::Space(0));
                }
                atoms.push(Atom::Var(var.clone()));
            }
            Piece::Text(text) => {
                let after_var = i > 0 && matches!(pieces[i - 1], Piece::Var(..));
                let before_var = matches!(pieces.get(i + 1), Some(Piece::Var(..)));
                push_text(&mut atoms, text, after_var, before_var, i == 0);
            }
        }
    }
    atoms
}

fn push_text(atoms: &mut Vec<Atom>, text: &str, after_var: bool, before_var: bool, at_start: bool) {
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let run = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        if run == 0 {
            atoms.push(Atom::Char(c));
            rest = &rest[c.len_utf8()..];
            continue;
        }
        let (first, last) = (rest.len() == text.len(), run == rest.len());
        let elastic = run > 1 || c == '\t' || (first && after_var) || (last && before_var);
        let indent_of_a_number = first && last && at_start && before_var;
        atoms.push(match (elastic, indent_of_a_number) {
            (_, true) => Atom::Space(0),
            (true, _) => Atom::Space(1),
            (false, _) => Atom::Char(' '),
        });
        rest = &rest[run..];
    }
}

fn fit(atoms: &[Atom], text: &str, bindings: &mut Bindings) -> bool {
    let Some((atom, rest)) = atoms.split_first() else {
        return text.is_empty();
    };
    match atom {
        Atom::Char(' ') if text.starts_with('\t') => fit(rest, &text[1..], bindings),
        Atom::Char(c) => text
            .strip_prefix(*c)
            .is_some_and(|text| fit(rest, text, bindings)),
        Atom::Space(least) => {
            let trimmed = text.trim_start_matches([' ', '\t']);
            text.len() - trimmed.len() >= *least && fit(rest, trimmed, bindings)
        }
        Atom::Any => ends(text).any(|end| fit(rest, &text[end..], bindings)),
        Atom::Var(var) => ends(text).rev().any(|end| {
            let mut attempt = bindings.clone();
            let fits = attempt.accept(var, &text[..end]) && fit(rest, &text[end..], &mut attempt);
            if fits {
                *bindings = attempt;
            }
            fits
        }),
    }
}

/// Every place at which a prefix of `text` may end.
fn ends(text: &str) -> impl DoubleEndedIterator<Item = usize> + '_ {
    text.char_indices().map(|(i, _)| i).chain([text.len()])
}

/// The difference, line by line: the longest common subsequence under
/// [`line_matches`].
pub fn difference(expected: &[String], actual: &[String], bindings: &Bindings) -> Vec<Change> {
    let same = |e: &String, a: &String| e == ANY_LINES || line_matches(e, a, &mut bindings.clone());
    let (rows, columns) = (expected.len(), actual.len());
    let mut longest = vec![vec![0_usize; columns + 1]; rows + 1];
    for i in (0..rows).rev() {
        for j in (0..columns).rev() {
            longest[i][j] = if same(&expected[i], &actual[j]) {
                longest[i + 1][j + 1] + 1
            } else {
                longest[i + 1][j].max(longest[i][j + 1])
            };
        }
    }
    let (mut i, mut j, mut changes) = (0, 0, Vec::new());
    while i < rows || j < columns {
        if i < rows && j < columns && same(&expected[i], &actual[j]) {
            changes.push(Change::Same(expected[i].clone()));
            (i, j) = (i + 1, j + 1);
        } else if j == columns || (i < rows && longest[i + 1][j] >= longest[i][j + 1]) {
            changes.push(Change::Missing(expected[i].clone()));
            i += 1;
        } else {
            changes.push(Change::Extra(actual[j].clone()));
            j += 1;
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    fn same(expected: &str, actual: &str) -> bool {
        matches(&lines(expected), &lines(actual), &mut Bindings::default())
    }

    #[test]
    fn one_flipped_character_is_a_difference() {
        assert!(same("bin  lib", "bin  lib"));
        assert!(!same("bin  lib", "bin  lob"));
    }

    #[test]
    fn a_name_is_one_value_on_the_whole_page() {
        let mut bindings = Bindings::default();
        assert!(matches(&lines("[PID:a]"), &lines("4711"), &mut bindings));
        assert!(matches(
            &lines("NSpid:  [PID:a]  1"),
            &lines("NSpid:\t4711\t1"),
            &mut bindings
        ));
        assert!(!matches(
            &lines("NSpid:  [PID:a]  1"),
            &lines("NSpid:\t4712\t1"),
            &mut bindings
        ));
        assert_eq!(bindings.fill("kill [PID:a]").as_deref(), Ok("kill 4711"));
    }

    #[test]
    fn two_names_are_two_processes() {
        assert!(same("[PID:a] [PID:b]", "10 11"));
        assert!(!same("[PID:a] [PID:b]", "10 10"));
    }

    #[test]
    fn a_failed_match_binds_nothing() {
        let mut bindings = Bindings::default();
        assert!(!matches(
            &lines("[PID:a]\nyes"),
            &lines("10\nno"),
            &mut bindings
        ));
        assert_eq!(bindings.get("PID:a"), None);
    }

    #[test]
    fn a_measured_number_lies_in_its_range() {
        assert!(same("[CPU 0.47..0.53] of a core", "0.5 of a core"));
        assert!(!same("[CPU 0.47..0.53] of a core", "0.9 of a core"));
    }

    #[test]
    fn columns_move_with_the_numbers_but_words_do_not_run_together() {
        assert!(same("[PID:a] bash", "   4711 bash"));
        assert!(same("  [PID:a] bash", "4711 bash"));
        assert!(same("PID   COMMAND", "PID COMMAND"));
        assert!(!same("PID   COMMAND", "PIDCOMMAND"));
        assert!(!same("a b", "a  b"));
    }

    #[test]
    fn three_dots_are_any_lines_once() {
        assert!(same("a\n...\nz", "a\nb\nc\nz"));
        assert!(same("a\n...\nz", "a\nz"));
        assert!(!same("a\n...\nz", "a\nb"));
    }

    #[test]
    fn a_difference_shows_what_is_missing_and_what_came_instead() {
        let found = difference(&lines("a\nb\nc"), &lines("a\nx\nc"), &Bindings::default());
        let same = |s: &str| Change::Same(s.into());
        assert_eq!(
            found,
            [
                same("a"),
                Change::Missing("b".into()),
                Change::Extra("x".into()),
                same("c")
            ]
        );
    }
}
