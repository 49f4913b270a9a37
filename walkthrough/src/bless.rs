//! `era book bless`: writes what was printed into a page, as a difference to
//! review. Facts are never rewritten: they say what must be true.

use std::collections::BTreeMap;
use std::path::Path;

use similar::TextDiff;

use crate::ground::Learner;
use crate::page::compare::{self, Change};
use crate::page::{Line, Prompt, parse};
use crate::stage::{Ended, Stage, perform};
use crate::state::Surroundings;

/// What bless made of a page.
#[derive(Debug)]
pub struct Blessed {
    /// The page as it should be.
    pub text: String,
    /// The difference, in unified form.
    pub diff: String,
    /// Facts that do not hold, and commands that did not end.
    pub problems: Vec<String>,
}

/// Runs the page at `path` and rewrites the texts that differ.
///
/// # Errors
/// The page cannot be read, or there is no ground.
pub fn bless(
    path: &Path,
    around: &Surroundings,
    learner: &Learner,
) -> Result<Blessed, Box<dyn std::error::Error>> {
    let old = std::fs::read_to_string(path)?;
    let page = parse::page(
        &path.file_stem().unwrap_or_default().to_string_lossy(),
        &old,
    )?;
    let mut stage = Stage::new(&around.state, learner, &page.head)?;
    let (mut new_outputs, mut problems) = (BTreeMap::new(), Vec::new());
    for block in page.blocks() {
        if stage.cannot_run(block).is_some() {
            continue;
        }
        for line in &block.lines {
            let (command, ran) = perform::run(&mut stage, line, perform::limit(block))?;
            let report = perform::judge(&mut stage, line, command, &ran);
            problems.extend(
                perform::stopped(&ran, perform::limit(block))
                    .map(|why| format!("line {}: {why}", line.at)),
            );
            if let (false, Ended::At(mark)) = (report.matched, ran.ended) {
                new_outputs.insert(
                    line.at,
                    (rewritten(line, &report.output, &mut stage), mark.status),
                );
            }
        }
        let facts = perform::facts(&stage, block, crate::page::facts::PATIENCE);
        let wrong = facts
            .into_iter()
            .filter_map(|fact| Some(format!("fact {}: {}", fact.fact, fact.instead?)));
        problems.extend(wrong);
    }
    problems.extend(stage.end());
    let text = replace(&old, &new_outputs);
    let name = path.display().to_string();
    let diff = TextDiff::from_lines(&old, &text)
        .unified_diff()
        .header(&name, &name)
        .to_string();
    Ok(Blessed {
        text,
        diff,
        problems,
    })
}

/// Lines that the page had right stay as they are, with their placeholders;
/// others get placeholders for values that are known.
fn rewritten(line: &Line, output: &[String], stage: &mut Stage) -> Vec<String> {
    let changes = compare::difference(&line.expected, output, &stage.bindings);
    let kept = changes.into_iter().filter_map(|change| match change {
        Change::Same(text) => Some(text),
        Change::Extra(text) => Some(escaped(&stage.bindings.hide(&text))),
        Change::Missing(_) => None,
    });
    kept.collect()
}

fn escaped(text: &str) -> String {
    let looks_like_ours = Prompt::cut(text).is_some() || text.starts_with("? ");
    if looks_like_ours {
        format!("\\{text}")
    } else {
        text.to_owned()
    }
}

/// Puts new outputs below the commands that stand on these lines.
fn replace(old: &str, outputs: &BTreeMap<usize, (Vec<String>, i32)>) -> String {
    let (mut new, mut lines) = (
        String::new(),
        old.split_inclusive('\n').enumerate().peekable(),
    );
    while let Some((i, line)) = lines.next() {
        new.push_str(line);
        let Some((output, status)) = outputs.get(&(i + 1)) else {
            continue;
        };
        while let Some((_, more)) = lines.next_if(|(_, line)| line.starts_with("> ")) {
            new.push_str(more);
        }
        while lines
            .next_if(|(_, line)| Prompt::cut(line.trim_end()).is_none() && !line.starts_with("```"))
            .is_some()
        {}
        for line in output {
            new.push_str(line);
            new.push('\n');
        }
        if *status != 0 {
            new.push_str(&format!("? {status}\n"));
        }
    }
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_outputs_that_differ_are_replaced() {
        let old = "```console\n$ a\nold\n? 1\n$ b\nkept\n```\n<!-- fact: exists x -->\n";
        let outputs = BTreeMap::from([(2, (vec!["new".to_owned(), "more".to_owned()], 0))]);
        assert_eq!(
            replace(old, &outputs),
            "```console\n$ a\nnew\nmore\n$ b\nkept\n```\n<!-- fact: exists x -->\n"
        );
    }
}
