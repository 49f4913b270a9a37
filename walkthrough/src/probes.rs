//! `needs=` and `if=` of a block: probes of the machine, each run once.

use std::collections::BTreeMap;
use std::sync::Mutex;

use groundwork::host::{self, Facts, Finding};

use crate::page::{Block, Page, Prompt};

static FOUND: Mutex<BTreeMap<String, Option<Finding>>> = Mutex::new(BTreeMap::new());

/// The probe that every `#` line needs.
pub const GROUND: &str = "userns";

/// What a probe found; none when there is no probe of that name.
pub fn look(name: &str) -> Option<Finding> {
    let mut found = FOUND
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let probe = || host::probe(&Facts::here().with_env(std::env::vars_os()), name);
    found.entry(name.to_owned()).or_insert_with(probe).clone()
}

/// Runs every probe that a page names, now: a probe makes a child, and that is
/// refused to a process that has grown threads.
pub fn look_ahead(page: &Page) {
    look(GROUND);
    for name in page
        .blocks()
        .flat_map(|block| block.needs.iter().chain(&block.only_if))
    {
        look(name);
    }
}

/// Why a block cannot run here; none when it can. `root` says whether real root
/// can be had.
pub fn missing(block: &Block, root: bool) -> Option<String> {
    if block.needs_root() && !root {
        return Some("real root is needed, and nobody gave it".to_owned());
    }
    let on_ground = block.lines.iter().any(|line| line.prompt == Prompt::Ground);
    let ground = on_ground.then(|| GROUND.to_owned());
    let needs = block
        .needs
        .iter()
        .cloned()
        .chain(ground)
        .find_map(|name| absent(&name));
    let twin = || {
        block
            .only_if
            .iter()
            .find_map(|name| absent(name))
            .map(|why| format!("not for this machine: {why}"))
    };
    needs.or_else(twin)
}

fn absent(name: &str) -> Option<String> {
    let Some(finding) = look(name) else {
        return Some(format!("no such probe: {name}"));
    };
    if finding.works() {
        return None;
    }
    let fix = finding.fix.map_or(String::new(), |fix| format!("; {fix}"));
    Some(format!("{name}: {}{fix}", finding.why))
}
