//! `needs=` and `if=` of a block: probes of the machine, each run once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use groundwork::host::{self, Facts, Finding};

use crate::ground::Ground;
use crate::ground::pick::{self, Pick};
use crate::page::{Block, Page};

static FOUND: Mutex<BTreeMap<String, Option<Finding>>> = Mutex::new(BTreeMap::new());

/// Where things are kept: a kernel for the machine may lie there.
static STATE: OnceLock<PathBuf> = OnceLock::new();

/// Says once where things are kept.
pub fn keep_in(state: &Path) {
    let _ = STATE.set(state.to_owned());
}

/// The probe that every `#` line needs.
pub const GROUND: &str = "userns";

/// The probe of a block that is played in the ground's own control group.
pub const GROUP: &str = "cgroup-delegated";

/// What a probe found; none when there is no probe of that name.
pub fn look(name: &str) -> Option<Finding> {
    let mut found = FOUND
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let state = STATE.get().cloned().unwrap_or_default();
    let facts = || Facts::here().with_env(std::env::vars_os()).with_work(state);
    let probe = || host::probe(&facts(), name);
    found.entry(name.to_owned()).or_insert_with(probe).clone()
}

/// Runs every probe that a page names, now: a probe makes a child, and that is
/// refused to a process that has grown threads.
pub fn look_ahead(page: &Page) {
    ground();
    for name in page
        .blocks()
        .flat_map(|block| block.needs.iter().chain(&block.only_if))
    {
        look(name);
    }
}

/// Runs every probe that the first screen tells of, for the same reason.
pub fn look_at_machine() {
    ground();
    for name in [
        "cgroup-v2",
        "cgroup-v1",
        "cgroup-hybrid",
        GROUP,
        "root",
        "sudo",
    ] {
        look(name);
    }
}

/// On which ground `#` lines can run here.
pub fn ground() -> Pick {
    pick_by(|name| look(name).is_some_and(|finding| finding.works()))
}

/// As [`ground`], for what is played on this machine and no other.
pub fn ground_here() -> Pick {
    pick_by(|name| name != "machine" && look(name).is_some_and(|finding| finding.works()))
}

fn pick_by(works: impl Fn(&str) -> bool) -> Pick {
    let userns = look(GROUND).expect("there is a probe of user namespaces");
    pick::from(userns, works)
}

/// Why a block cannot run on this ground; none when it can.
pub fn missing(block: &Block, ground: &Ground) -> Option<String> {
    if let Some(why) = block.only_if.iter().find_map(|name| absent(name)) {
        return Some(format!("not for this machine: {why}"));
    }
    if block.needs_root() && !ground.has_root() {
        return Some("real root is needed, and nobody gave it".to_owned());
    }
    let in_namespace = block.on_ground && !ground.is_played_as_root();
    let needs = block.needs.iter().map(String::as_str);
    let mut needs = needs.chain(in_namespace.then_some(GROUND));
    // Whether there is a group, a ground that has asked for one knows best.
    let asked = ground.group().is_some();
    needs
        .find_map(|name| (name != GROUP || !asked).then(|| absent(name))?)
        .or_else(|| ungrouped(block, ground))
}

/// Whether it is one of two twins, and the other one is for this machine.
pub fn is_for_another_machine(block: &Block) -> bool {
    block.only_if.iter().any(|name| absent(name).is_some())
}

/// Why the ground has no group, if the block needs one and its page has asked for it.
fn ungrouped(block: &Block, ground: &Ground) -> Option<String> {
    let why = ground.group()?.err()?;
    let needed = block.needs.iter().any(|name| name == GROUP);
    needed.then(|| absent(GROUP).unwrap_or_else(|| format!("{GROUP}: {why}")))
}

/// Whether real root, to be asked for, could give a block the group that it needs.
pub fn wants_group_by_root(block: &Block, ground: &Ground) -> bool {
    let needed = block.needs.iter().any(|name| name == GROUP) && ground.lacks_group();
    needed && !ground.has_root() && look("sudo").is_some_and(|finding| finding.works())
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
