//! The doctor's list, for people: 80 columns, and the same words without colour.

use std::fmt::Write;

use colored::{Color, Colorize};
use groundwork::host::{Finding, PROBES, Sort, State};

use crate::ground::pick::Pick;

const WIDTH: usize = 80;
/// Where the third column begins.
const TEXT: usize = 29;

/// Everything that was found, by sort.
pub fn text(findings: &[Finding], ground: Option<&Pick>, colour: bool) -> String {
    let mut out = String::new();
    for (sort, title) in [
        (Sort::Fact, "This machine"),
        (
            Sort::Kernel,
            "The kernel, tried in a child that is thrown away",
        ),
        (Sort::Tool, "Programs, run once"),
    ] {
        let of_sort = findings.iter().filter(|finding| sort_of(finding) == sort);
        let of_sort: Vec<_> = of_sort.collect();
        if of_sort.is_empty() {
            continue;
        }
        let _ = writeln!(out, "{title}");
        for finding in of_sort {
            one(&mut out, finding, sort, colour);
        }
        out.push('\n');
    }
    if let Some(ground) = ground {
        ending(&mut out, ground);
    } else {
        out.pop();
    }
    out
}

fn sort_of(finding: &Finding) -> Sort {
    let probe = PROBES.iter().find(|probe| probe.name == finding.probe);
    probe.map_or(Sort::Kernel, |probe| probe.sort)
}

/// A line for what works; for what does not, the reason and the remedy below it.
fn one(out: &mut String, finding: &Finding, sort: Sort, colour: bool) {
    let (word, shade) = match (sort, finding.state) {
        (Sort::Fact, State::Works) => ("yes", Color::White),
        (Sort::Fact, State::Absent) => ("no", Color::White),
        (_, State::Works) => ("works", Color::Green),
        (_, State::Refused) => ("refused", Color::Red),
        (_, State::Absent) => ("absent", Color::Yellow),
        (_, State::Unknown) => ("unknown", Color::Yellow),
    };
    // arch, kernel and distribution are always there: what they are is the answer.
    let always = ["arch", "kernel", "distribution"].contains(&finding.probe);
    let word = if always { "" } else { word };
    let padded = format!("{word:<8}");
    let padded = match colour {
        true => padded.color(shade).to_string(),
        false => padded,
    };
    let told = if sort == Sort::Fact {
        &finding.why
    } else {
        finding.means
    };
    let start = format!("  {:<17} {padded} ", finding.probe);
    paragraph(out, &start, TEXT, told);
    if sort != Sort::Fact && finding.state != State::Works {
        paragraph(out, "      why:  ", 12, &finding.why);
        if let Some(fix) = &finding.fix {
            paragraph(out, "      fix:  ", 12, fix);
        }
    }
}

fn ending(out: &mut String, ground: &Pick) {
    paragraph(out, "# commands run ", 15, &ground.to_string());
    let Some(instead) = ground.instead() else {
        return;
    };
    paragraph(out, "      why:  ", 12, &instead.why);
    if !matches!(ground, Pick::Machine { .. }) {
        let machine = "(A small virtual machine would be the safer ground: see machine above.)";
        paragraph(out, "", 0, machine);
    }
}

/// `start` and then `text`, its further lines indented. A word that is longer than a line
/// is not broken.
fn paragraph(out: &mut String, start: &str, indent: usize, text: &str) {
    let mut line = start.to_owned();
    // Colour has no width, and neither words nor names are wider than their columns.
    let mut width = indent;
    let mut empty = true;
    for word in text.split(' ') {
        let length = word.chars().count();
        if !empty && width + 1 + length > WIDTH {
            let _ = writeln!(out, "{}", line.trim_end());
            // A path that does not fit below the others begins further to the left.
            let indent = indent.min(WIDTH.saturating_sub(length));
            line = " ".repeat(indent);
            (width, empty) = (indent, true);
        }
        if !empty {
            line.push(' ');
            width += 1;
        }
        line += word;
        width += length;
        empty = false;
    }
    let _ = writeln!(out, "{}", line.trim_end());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(state: State) -> Vec<Finding> {
        let finding = |probe: &groundwork::host::Probe| Finding {
            probe: probe.name,
            state,
            why: "mount(\"none\", \"/\", NULL, MS_REC|MS_PRIVATE, NULL) gives EPERM: ".repeat(3),
            fix: Some("a remedy of many words which has to go on to another line, too".to_owned()),
            means: probe.means,
        };
        PROBES.iter().map(finding).collect()
    }

    #[test]
    fn no_line_is_wider_than_a_terminal() {
        for state in [State::Works, State::Refused, State::Absent, State::Unknown] {
            let text = text(&found(state), Some(&Pick::UserNamespace), false);
            for line in text.lines() {
                assert!(line.chars().count() <= WIDTH, "{line}");
            }
        }
    }

    #[test]
    fn colour_changes_no_character() {
        colored::control::set_override(true);
        let coloured = text(&found(State::Refused), None, true);
        assert!(coloured.contains('\u{1b}'));
        let mut plain = String::new();
        let mut rest = coloured.as_str();
        while let Some((before, after)) = rest.split_once('\u{1b}') {
            plain += before;
            rest = after.split_once('m').expect("a whole colour sequence").1;
        }
        plain += rest;
        assert_eq!(plain, text(&found(State::Refused), None, false));
    }
}
