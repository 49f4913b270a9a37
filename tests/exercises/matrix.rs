//! Exercise × candidate, without a blank cell.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use walkthrough::exercise::package::is_not_started;

use crate::candidates::{Candidate, era, everything, judge, lanes, state};
use crate::support;

/// What the head of a wrong answer says.
fn head<'a>(text: &'a str, word: &str) -> &'a str {
    let lines = text
        .lines()
        .map(|line| line.trim_start_matches(['/', '!', '#', ' ']));
    let mut found = lines.filter_map(|line| line.strip_prefix(word));
    found.next().unwrap_or_default().trim()
}

/// The cell of a candidate: what came of it, or what should have.
fn cell(candidate: &Candidate, state: &std::path::Path) -> Result<String, String> {
    if candidate.name == "starter" {
        return match is_not_started(candidate.exercise, &candidate.text) {
            true => Ok("not started".to_owned()),
            false => Err("the starter is taken for an answer".to_owned()),
        };
    }
    let (_, said) = judge(state, &candidate.exercise.id(), &candidate.program);
    let field = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
    let verdict = field("verdict");
    if verdict == "cannot-be-checked" {
        return Ok(format!("cannot be checked ({})", field("why")));
    }
    let wanted = if candidate.name.starts_with("wrong/") {
        "wrong"
    } else {
        "passed"
    };
    if verdict != wanted {
        return Err(format!("{wanted} wanted: {said}"));
    }
    let refused = (
        head(&candidate.text, "Refused:"),
        head(&candidate.text, "Observed:"),
    );
    if wanted == "wrong"
        && (field("property") != refused.0 || !field("observed").contains(refused.1))
    {
        return Err(format!("refused by another check than {refused:?}: {said}"));
    }
    Ok(match wanted {
        "wrong" => format!("refused: {}", field("property")),
        _ => verdict,
    })
}

#[test]
fn every_candidate_of_every_exercise_gets_its_verdict() {
    let candidates = everything();
    let state = state();
    let (next, cells) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    std::thread::scope(|scope| {
        for _ in 0..lanes() {
            scope.spawn(|| {
                while let Some((index, one)) = candidates
                    .iter()
                    .enumerate()
                    .nth(next.fetch_add(1, Ordering::Relaxed))
                {
                    cells.lock().unwrap().insert(index, cell(one, state.path()));
                }
            });
        }
    });
    let cells = cells.into_inner().unwrap();
    let mut bad = Vec::new();
    for (index, one) in candidates.iter().enumerate() {
        let line = |text: &str| format!("{:<6}{:<34}{text}", one.exercise.id(), one.name);
        match &cells[&index] {
            Ok(text) => println!("{}", line(text)),
            Err(why) => bad.push(line(why)),
        }
    }
    skips(
        &cells
            .into_values()
            .filter_map(Result::ok)
            .collect::<Vec<_>>(),
    );
    assert!(
        bad.is_empty(),
        "{} wrong cell(s):\n{}",
        bad.len(),
        bad.join("\n")
    );
}

/// What this machine could not check is a skip by the name of the probe.
fn skips(cells: &[String]) {
    let mut told = std::collections::BTreeSet::new();
    for cell in cells {
        let Some(why) = cell.strip_prefix("cannot be checked (") else {
            continue;
        };
        let (probe, why) = why.split_once(": ").expect("a probe, and why");
        if told.insert(probe.to_owned()) {
            support::skip(probe, why);
        }
    }
}

/// For who runs the others elsewhere, without a compiler.
#[test]
fn every_candidate_is_built() {
    for one in everything() {
        assert!(one.program.exists(), "{}", one.program.display());
    }
}

#[test]
fn a_candidate_leaves_no_progress() {
    let state = state();
    let one = everything()
        .iter()
        .find(|one| one.name == "solution")
        .unwrap();
    judge(state.path(), &one.exercise.id(), &one.program);
    let (_, list) = era(state.path(), &["list"]);
    let passed = |one: &Value| one["passed"] == true;
    assert!(!list.as_array().unwrap().iter().any(passed), "{list}");
}
