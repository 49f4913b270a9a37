//! What is told of an answer: in words, or in JSON.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use capabilities::CapSet;
use capabilities::need::{Ended, Outcome, Refusal, Setting, Verdict, Without};
use serde_json::{Value, json};

use crate::caps::wrap::wrap;

/// How many lines of what a failing program said are shown.
const LINES: usize = 10;
/// And of one that fails without a single capability.
const LAST: usize = 2;
/// How many read-only places are named; JSON has all.
const PLACES: usize = 4;

/// For people.
pub(super) fn text(verdict: &Verdict, setting: &Setting) -> String {
    let mut text = String::new();
    match verdict {
        Verdict::Needs(needs, without) => {
            let _ = writeln!(text, "needs  {needs}");
            without.iter().for_each(|one| text += &left_out(one));
        }
        Verdict::FailsWithAll(outcome, refused) => {
            text += "cannot be judged: it fails with every capability that it was given\n";
            let _ = writeln!(text, "  {}{}", ended(outcome), seen(refused.as_ref()));
            text += &said(outcome);
        }
        Verdict::Random(caps, outcome) => {
            text += "cannot be judged: with the same capabilities it failed once, and once not\n";
            let _ = writeln!(text, "  with {caps}, once more: {}", ended(outcome));
            text += &said(outcome);
        }
    }
    text.push('\n');
    for note in notes(setting) {
        let _ = writeln!(text, "{note}");
    }
    text
}

fn left_out(one: &Without) -> String {
    let name = one.cap.name();
    let seen = seen(one.refused.as_ref());
    let mut text = format!("  without {name}: {}{seen}\n", ended(&one.outcome));
    for line in one.outcome.last_lines(LAST) {
        let _ = writeln!(text, "    {line}");
    }
    if one.instead.is_empty() {
        let _ = writeln!(text, "  instead of {name}: nothing");
    } else {
        let sets = one
            .instead
            .iter()
            .map(|set| set.names().replace(',', " and "));
        let sets: Vec<_> = sets.collect();
        let _ = writeln!(text, "  instead of {name}: {}", sets.join(", or "));
    }
    text
}

/// The call that was refused, if one was seen.
fn seen(refused: Option<&Refusal>) -> String {
    refused.map(|call| format!("; {call}")).unwrap_or_default()
}

fn ended(outcome: &Outcome) -> String {
    match outcome.ended {
        Ended::Exit(exit) => exit.to_string(),
        Ended::Late => "still ran at its time limit, and was ended".to_owned(),
        Ended::NotStarted(errno) => format!("could not be started, {errno:?}"),
    }
}

fn said(outcome: &Outcome) -> String {
    let lines: Vec<_> = outcome.said.lines().collect();
    let last = &lines[lines.len().saturating_sub(LINES)..];
    last.iter().map(|line| format!("  | {line}\n")).collect()
}

/// What one has to know in order to believe it.
fn notes(setting: &Setting) -> Vec<String> {
    let Setting { runs, uid, .. } = setting;
    let took = setting.took.as_secs_f64();
    let mut notes = vec![format!(
        "It ran {runs} times as uid {uid}, {took:.1} s in all."
    )];
    if *uid == 0 {
        notes.push("What belongs to uid 0 it may use without any; --user judges another.".into());
    }
    if let Some(outside) = setting.outside {
        notes.push(format!(
            "Its uid 0 is uid {outside} outside, with powers over a user namespace only: what \
             only root of the machine may do fails with all of them."
        ));
    }
    match setting.sandbox {
        None => notes.push("It ran in place: what it changed is changed.".into()),
        Some(sandbox) => {
            notes.push(format!(
                "Each run had a layer above all files, thrown away after it; processes, mounts, \
                 IPC, host name and /dev of its own; and {}.",
                match sandbox.own_network {
                    true => "a network of its own, with nothing but lo",
                    false => "the network of this machine",
                }
            ));
            notes.push(format!(
                "Services of this machine do not answer there by their sockets. Read-only: {}.",
                places(setting)
            ));
        }
    }
    if !setting.withheld.is_empty() {
        notes.push(format!(
            "Never given, since no sandbox holds what they can do (--allow gives them): {}.",
            setting.withheld.names().replace(',', ", ")
        ));
    }
    notes.iter().map(|note| wrap("", note.split(' '))).collect()
}

fn places(setting: &Setting) -> String {
    let kernel = ["/proc/sys", "/sys"].map(Path::new).into_iter();
    let all = kernel.chain(setting.read_only.iter().map(PathBuf::as_path));
    let all: Vec<_> = all.map(|path| path.display().to_string()).collect();
    let (named, more) = all.split_at(all.len().min(PLACES));
    match more.len() {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// For programs.
pub(super) fn json(verdict: &Verdict, setting: &Setting) -> String {
    let mut all = match verdict {
        Verdict::Needs(needs, without) => json!({
            "verdict": "needs",
            "needs": names(*needs),
            "without": without.iter().map(one).collect::<Vec<_>>(),
        }),
        Verdict::FailsWithAll(outcome, refused) => json!({
            "verdict": "fails with all", "outcome": of_run(outcome),
            "refused": refused.as_ref().map(of_call),
        }),
        Verdict::Random(caps, outcome) => json!({
            "verdict": "random", "with": names(*caps), "outcome": of_run(outcome),
        }),
    };
    all["runs"] = setting.runs.into();
    all["seconds"] = setting.took.as_secs_f64().into();
    all["uid"] = setting.uid.into();
    all["uid_outside"] = setting.outside.into();
    all["given"] = names(setting.given);
    all["withheld"] = names(setting.withheld);
    all["sandbox"] = setting.sandbox.map_or(Value::Null, |sandbox| {
        json!({
            "own_network": sandbox.own_network,
            "user_namespace": sandbox.in_user_namespace,
            "read_only": setting.read_only,
        })
    });
    all.to_string()
}

fn one(one: &Without) -> Value {
    json!({
        "capability": one.cap.name(),
        "outcome": of_run(&one.outcome),
        "refused": one.refused.as_ref().map(of_call),
        "instead": one.instead.iter().map(|set| names(*set)).collect::<Vec<_>>(),
    })
}

fn of_run(outcome: &Outcome) -> Value {
    json!({
        "ended": ended(outcome),
        "status": match outcome.ended {
            Ended::Exit(exit) => Some(exit.status()),
            Ended::Late | Ended::NotStarted(_) => None,
        },
        "last_line": outcome.last_lines(1).first(),
        "said": outcome.said,
    })
}

fn of_call(refused: &Refusal) -> Value {
    json!({ "call": refused.call, "errno": format!("{:?}", refused.errno) })
}

fn names(caps: CapSet) -> Value {
    caps.iter().map(|cap| cap.name()).collect()
}
