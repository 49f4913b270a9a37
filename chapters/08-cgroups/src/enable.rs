//! What must be true of the groups above before a group can be limited.
//!
//! v2: a group hands its controllers on by name, in `cgroup.subtree_control`, and one that
//! does holds no processes itself: "No internal processes" in cgroups(7). v1: a group of the
//! cpuset tree has no CPUs and no memory at first, and nobody can be in it: cpuset(7).

use std::path::Path;

use groundwork::host::Version;
use groundwork::kernel::Errno;
use groundwork::step;

use crate::add;
use crate::error::{Error, Result};
use crate::files;
use crate::group::make;
use crate::home::Place;

/// Where processes go that are in the way of handing controllers on.
const LEAF: &str = "era-leaf";

/// Makes our own folder, if it is not there, and has the wanted controllers handed on to
/// the groups in it. Who removes the last group takes the folder along, which may be at this
/// very moment: then it is made again.
pub(crate) fn settle(place: &Place, wanted: &[&'static str]) -> Result<()> {
    const ROUNDS: usize = 20;
    for _ in 1..ROUNDS {
        match settle_once(place, wanted) {
            // ENODEV: it went while its file was open.
            Err(Error::Write { call, .. })
                if [Errno::ENOENT, Errno::ENODEV].contains(&call.errno()) => {}
            settled => return settled,
        }
    }
    settle_once(place, wanted)
}

fn settle_once(place: &Place, wanted: &[&'static str]) -> Result<()> {
    let above = place.folder.parent().unwrap_or(Path::new("/"));
    if place.version == Version::V2 {
        hand_on(above, place, wanted)?;
    }
    if !place.folder.exists() {
        make_unless_there(&place.folder)?;
    }
    // Also where somebody else has made it, and has not come so far yet.
    fill_cpuset(place)?;
    match place.version {
        Version::V2 => hand_on(&place.folder, place, wanted),
        Version::V1 => Ok(()),
    }
}

/// Somebody else may be as fast.
fn make_unless_there(folder: &Path) -> Result<()> {
    match make(folder) {
        Err(Error::Make { call, .. }) if call.errno() == Errno::EEXIST => Ok(()),
        made => made,
    }
}

/// Has `group` hand on those of the wanted controllers that it has and does not hand on yet.
fn hand_on(group: &Path, place: &Place, wanted: &[&'static str]) -> Result<()> {
    let enabled = files::read(group, "cgroup.subtree_control").unwrap_or_default();
    let is_new = |name: &&&str| {
        place.controllers.contains(*name) && !enabled.split(' ').any(|word| word == **name)
    };
    let mut names: Vec<_> = wanted
        .iter()
        .filter(is_new)
        .map(|name| format!("+{name}"))
        .collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        return Ok(());
    }
    step("Hand these controllers on to the groups below");
    let write = || {
        let what = format!(
            "hand {} on to the groups in {}",
            names.join(" "),
            group.display()
        );
        files::write(&what, group, "cgroup.subtree_control", &names.join(" "))
    };
    match write() {
        Err(Error::Write { call, .. }) if call.errno() == Errno::EBUSY => {
            make_room(group)?;
            write()
        }
        written => written,
    }
}

/// Moves the processes of a group into a leaf of it.
fn make_room(group: &Path) -> Result<()> {
    /// Whoever forks meanwhile is found in the next round.
    const ROUNDS: usize = 20;
    step("A group that hands on holds no processes: move them into a leaf of it");
    let leaf = group.join(LEAF);
    make_unless_there(&leaf)?;
    for _ in 0..ROUNDS {
        let list = files::read(group, "cgroup.procs").unwrap_or_default();
        let pids: Vec<i32> = list.lines().filter_map(|pid| pid.parse().ok()).collect();
        if pids.is_empty() {
            break;
        }
        for pid in pids {
            match add::write_pid(&leaf, pid) {
                // It has ended.
                Err(Error::Write { call, .. }) if call.errno() == Errno::ESRCH => {}
                moved => moved?,
            }
        }
    }
    Ok(())
}

/// v1: a new group of the cpuset tree gets what the one above has.
pub(crate) fn fill_cpuset(place: &Place) -> Result<()> {
    if place.version == Version::V2 || !place.controllers.contains(&"cpuset") {
        return Ok(());
    }
    let above = place.folder.parent().unwrap_or(Path::new("/"));
    for file in ["cpuset.cpus", "cpuset.mems"] {
        let what = format!("give the group what {} has", above.display());
        let has = files::read(above, file).unwrap_or_default();
        if files::read(&place.folder, file).is_some_and(|list| list.is_empty()) {
            step("v1: a new group has no CPUs and no memory nodes, and nobody could be in it");
            files::write(&what, &place.folder, file, &has)?;
        }
    }
    Ok(())
}
