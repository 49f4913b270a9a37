//! `era-lsns A B`: which of the eight views two processes share.

use namespaces::compare::{Verdict, View};
use serde::Serialize;

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Shared => "shared",
        Verdict::Different => "different",
        Verdict::Unknown => "unknown",
        Verdict::Absent => "not here",
    }
}

/// For people: a line a view, 80 columns.
pub(super) fn table(who: [&str; 2], views: &[View]) -> String {
    let [one, other] = who;
    let mut text = format!("{:<7}{one:<12}{other:<12}{:<11}WHAT\n", "TYPE", "VIEW");
    for View { kind, ids, verdict } in views {
        let id = |id: Option<u64>| id.map_or_else(|| "?".to_owned(), |id| id.to_string());
        let [one, other] = ids.map(id);
        let (kind, what) = (kind.name(), kind.isolates());
        let verdict = word(*verdict);
        text += &format!("{kind:<7}{one:<12}{other:<12}{verdict:<11}{what}\n");
    }
    if views.iter().any(|view| view.verdict == Verdict::Unknown) {
        text += "?  only who might trace a process may see its namespaces\n";
    }
    text
}

/// For programs.
pub(super) fn json(who: [&str; 2], views: &[View]) -> String {
    #[derive(Serialize)]
    struct Comparison<'a> {
        processes: [&'a str; 2],
        views: &'a [View],
    }
    let comparison = Comparison {
        processes: who,
        views,
    };
    serde_json::to_string_pretty(&comparison).expect("plain data") + "\n"
}
