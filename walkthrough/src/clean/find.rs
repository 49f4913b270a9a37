//! What carries our mark and belongs to nobody.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use groundwork::host::Facts;
use groundwork::mountinfo::unescaped;
use nix::unistd::Uid;
use serde::Deserialize;

use super::Left;
use crate::ground::{MARK, group};
use crate::machine::qemu;
use crate::proc;

/// What a network link or a control group of ours begins with.
const PREFIX: &str = "era-";

/// `ground.json`.
#[derive(Debug, Deserialize)]
struct Marker {
    nonce: String,
    /// The tour that made it.
    pid: u32,
    /// When that process started, in ticks since boot: proc_pid_stat(5).
    #[serde(default)]
    started: Option<String>,
}

/// Everything, in the order in which it has to be ended.
pub fn all(state: &Path) -> Vec<Left> {
    let (dead, alive) = grounds(state);
    let mut left = processes(&dead, &alive);
    left.extend(mounts(state, &dead).into_iter().map(Left::Mount));
    left.extend(runs().into_iter().map(Left::Run));
    left.extend(groups(&alive));
    left.extend(links());
    left.extend(dead.into_iter().map(Left::Folder));
    left
}

/// The folders in which grounds lie: as `ground::place` chooses them.
fn bases(state: &Path) -> Vec<PathBuf> {
    let uid = Uid::effective();
    let elsewhere = ["/var/tmp", "/tmp"].map(|folder| PathBuf::from(format!("{folder}/era-{uid}")));
    [vec![state.to_owned()], elsewhere.to_vec()].concat()
}

/// Folders of grounds that nobody needs any more, and the marks of those in use.
fn grounds(state: &Path) -> (Vec<PathBuf>, BTreeSet<String>) {
    let guardians = guardians();
    let (mut dead, mut alive) = (Vec::new(), guardians.clone());
    for base in bases(state).iter().filter(|base| is_ours(base)) {
        let grounds = base.join("grounds");
        let entries = fs::read_dir(&grounds).into_iter().flatten().flatten();
        for folder in entries
            .map(|entry| entry.path())
            .filter(|folder| is_ours(folder))
        {
            let Some(marker) = marker(&folder) else {
                continue;
            };
            if guardians.contains(&marker.nonce) || tour_runs(&marker) {
                alive.insert(marker.nonce);
            } else {
                dead.push(folder);
            }
        }
    }
    (dead, alive)
}

/// A folder, no link to one, that belongs to us: /tmp is everybody's.
fn is_ours(folder: &Path) -> bool {
    let meta = folder.symlink_metadata();
    meta.is_ok_and(|meta| meta.is_dir() && meta.uid() == Uid::effective().as_raw())
}

/// The mark of a ground's folder, if it is one and bears its own name.
fn marker(folder: &Path) -> Option<Marker> {
    let text = fs::read_to_string(folder.join("ground.json")).ok()?;
    let marker: Marker = serde_json::from_str(&text).ok()?;
    (folder.file_name()?.to_str()? == marker.nonce).then_some(marker)
}

fn tour_runs(marker: &Marker) -> bool {
    let pid = marker.pid.to_string();
    let same = marker.started.is_some() && proc::started(&pid) == marker.started;
    same && proc::is_alive(&pid)
}

/// The marks of guardians that run: the last part of the folder that each was started for.
fn guardians() -> BTreeSet<String> {
    let nonce = |pid: u32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
        let at = words.iter().position(|word| *word == b"__guardian")?;
        let folder = std::str::from_utf8(words.get(at + 1)?).ok()?;
        let nonce = Path::new(folder).file_name()?.to_str()?.to_owned();
        proc::is_alive(&pid.to_string()).then_some(nonce)
    };
    proc::all().into_iter().filter_map(nonce).collect()
}

/// Processes that carry the mark of a ground that is not in use, or that stand, run or
/// have their root in the folder of one: an environment can be emptied. And emulators whose
/// machine belongs to nobody any more.
fn processes(dead: &[PathBuf], alive: &BTreeSet<String>) -> Vec<Left> {
    let me = std::process::id();
    let others = proc::all().into_iter().filter(|pid| *pid != me);
    let left = others.filter(|pid| {
        if let Some(owner) = carried_by(*pid, qemu::MARK) {
            return proc::parent(&pid.to_string()).is_none_or(|parent| parent != owner);
        }
        let carried = carried_by(*pid, MARK);
        match &carried {
            Some(nonce) if alive.contains(nonce) => false,
            Some(_) => proc::is_alive(&pid.to_string()),
            None => dead.iter().any(|folder| lives_in(*pid, folder)),
        }
    });
    left.filter_map(process).collect()
}

fn process(pid: u32) -> Option<Left> {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    Some(Left::Process {
        pid,
        name: name.trim_end().to_owned(),
        started: proc::started(&pid.to_string())?,
    })
}

/// A mark in a process's environment. None for those that we may not read: they are not
/// ours.
fn carried_by(pid: u32, mark: &str) -> Option<String> {
    let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
    let start = format!("{mark}=");
    let mut variables = environment.split(|byte| *byte == 0);
    let value = variables.find_map(|variable| variable.strip_prefix(start.as_bytes()))?;
    let value = std::str::from_utf8(value).ok()?;
    (!value.is_empty()).then(|| value.to_owned())
}

fn lives_in(pid: u32, folder: &Path) -> bool {
    ["exe", "cwd", "root"].iter().any(|link| {
        let target = fs::read_link(format!("/proc/{pid}/{link}"));
        target.is_ok_and(|target| target.starts_with(folder))
    })
}

/// Mounts that we see below the folders, the last first; and kept namespaces (nsfs) that
/// lie in the state folder itself.
pub(super) fn mounts(state: &Path, dead: &[PathBuf]) -> Vec<PathBuf> {
    let table = proc::mounts("self").unwrap_or_default();
    let grounds = state.join("grounds");
    let point_of = |line: &String| {
        let point = unescaped(line.split(' ').nth(1)?);
        let kind = line.split_once(" - ")?.1.split(' ').next()?;
        let kept = kind == "nsfs" && point.starts_with(state) && !point.starts_with(&grounds);
        let below = dead.iter().any(|folder| point.starts_with(folder));
        (kept || below).then_some(point)
    };
    table.iter().rev().filter_map(point_of).collect()
}

/// Groups of ours that nobody needs any more: of a ground, or of a probe of the doctor's
/// that could not remove it (`era-doctor-PID`).
fn groups(alive: &BTreeSet<String>) -> Vec<Left> {
    let table = proc::mounts("self").unwrap_or_default();
    let hierarchy = |line: &String| {
        let kind = line.split_once(" - ")?.1;
        kind.starts_with("cgroup")
            .then(|| line.split(' ').nth(1).map(PathBuf::from))?
    };
    let mut found = Vec::new();
    for top in table.iter().filter_map(hierarchy) {
        below(&top, 8, alive, &mut found);
    }
    found.into_iter().map(Left::Group).collect()
}

/// Groups of runs that were killed.
fn runs() -> Vec<cgroups::left::Left> {
    let home = cgroups::Home::if_any(&Facts::here());
    home.map_or_else(Vec::new, |home| cgroups::left::all(&home))
}

fn below(folder: &Path, depth: u32, alive: &BTreeSet<String>, found: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let of_probe = name.strip_prefix("era-doctor-");
        let is_needed = match (of_probe, name.strip_prefix(group::PREFIX)) {
            (Some(pid), _) => proc::is_alive(pid),
            (None, Some(nonce)) => alive.contains(nonce),
            (None, None) if depth > 0 => {
                below(&entry.path(), depth - 1, alive, found);
                continue;
            }
            (None, None) => continue,
        };
        // A ground's group is the learner's, whoever made it.
        if !is_needed && (is_ours(&entry.path()) || Uid::effective().is_root()) {
            found.push(entry.path());
        }
    }
}

/// Network links by name, where we may delete them.
fn links() -> Vec<Left> {
    if !Uid::effective().is_root() {
        return Vec::new();
    }
    let entries = fs::read_dir("/sys/class/net")
        .into_iter()
        .flatten()
        .flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names
        .filter(|name| name.starts_with(PREFIX))
        .map(Left::Link)
        .collect()
}
