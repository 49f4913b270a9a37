//! Control groups: which layout is mounted, and whether a group of our own can be had:
//! cgroups(7).

use std::fs;
use std::path::PathBuf;

use super::child::{self, Stopped};
use super::{Facts, Hierarchy, Seen, State, Version, tools};

/// Controllers that the pages limit with.
const WANTED: [&str; 3] = ["cpu", "memory", "pids"];

/// What is mounted.
struct Layout {
    v1: Vec<Hierarchy>,
    v2: Option<Hierarchy>,
}

impl Layout {
    fn read(facts: &Facts) -> Self {
        let all = Hierarchy::all(facts);
        let (v2, v1) = all.into_iter().partition(|one| one.version == Version::V2);
        let v2: Vec<_> = v2;
        Layout {
            v1,
            v2: v2.into_iter().next(),
        }
    }

    fn v1_controllers(&self) -> Vec<String> {
        self.v1
            .iter()
            .flat_map(|one| one.controllers.clone())
            .collect()
    }
}

/// Whether one of them is a controller that pages limit with.
fn limits(names: &[String]) -> bool {
    names.iter().any(|name| WANTED.contains(&name.as_str()))
}

/// Controllers in hierarchies of their own.
pub(super) fn v1(facts: &Facts) -> Seen {
    let layout = Layout::read(facts);
    let controllers = layout.v1_controllers();
    match (limits(&controllers), layout.v2.is_some()) {
        (true, _) => Seen::works(format!("controllers {}", controllers.join(" "))),
        (false, true) => Seen::absent("no controller is in a v1 hierarchy: they are in v2"),
        (false, false) => Seen::absent("no cgroup file system is mounted"),
    }
}

/// Controllers in the one hierarchy.
pub(super) fn v2(facts: &Facts) -> Seen {
    match Layout::read(facts).v2 {
        Some(v2) if limits(&v2.controllers) => {
            Seen::works(format!("controllers {}", v2.controllers.join(" ")))
        }
        Some(v2) => Seen::absent(format!(
            "v2 at {} has no cpu, memory or pids: they are in v1",
            v2.mount.display()
        )),
        None => Seen::absent("no v2 hierarchy is mounted"),
    }
}

/// Both at once.
pub(super) fn hybrid(facts: &Facts) -> Seen {
    let layout = Layout::read(facts);
    match (&layout.v2, layout.v1.is_empty()) {
        (Some(v2), false) => Seen::works(format!(
            "{} v1 hierarchies, and v2 at {}",
            layout.v1.len(),
            v2.mount.display()
        )),
        (Some(_), true) => Seen::absent("v2 alone"),
        (None, false) => Seen::absent("v1 alone"),
        (None, true) => Seen::absent("no cgroup file system is mounted"),
    }
}

/// The folders of the groups that we are in, of those hierarchies that pages limit with.
fn own_groups(layout: &Layout) -> Vec<PathBuf> {
    let all = layout.v1.iter().chain(&layout.v2);
    let limiting = all.filter(|one| limits(&one.controllers));
    limiting.filter_map(|one| one.own.clone()).collect()
}

/// Makes a group in each folder and takes it away again.
fn make_groups(folders: &[PathBuf]) -> Result<String, Stopped> {
    if folders.is_empty() {
        return Err(Stopped::Untried(
            "no hierarchy with a controller".to_owned(),
        ));
    }
    for folder in folders {
        let group = folder.join(format!("era-doctor-{}", std::process::id()));
        let made = fs::create_dir(&group);
        let _ = fs::remove_dir(&group);
        made.map_err(|error| {
            let number = error.raw_os_error().unwrap_or(0);
            let errno = nix::errno::Errno::from_raw(number);
            Stopped::Failed(format!("mkdir in {} gives {errno:?}", folder.display()))
        })?;
    }
    let names: Vec<_> = folders
        .iter()
        .map(|folder| folder.display().to_string())
        .collect();
    Ok(format!("a group can be made in {}", names.join(", ")))
}

/// A group of our own: by making one, else from systemd.
pub(super) fn delegated(facts: &Facts) -> Seen {
    let layout = Layout::read(facts);
    let own = own_groups(&layout);
    let stopped = match facts.look("cgroup-delegated", || make_groups(&own)) {
        Ok(what) => return Seen::works(what),
        Err(stopped) => stopped,
    };
    match facts.look("cgroup-systemd", || ask_systemd(facts)) {
        Ok(what) => Seen::works(what),
        Err(refusal) => {
            let why = format!("{stopped}, and {refusal}");
            let state = match stopped {
                Stopped::Untried(_) => State::Absent,
                _ => State::Refused,
            };
            Seen::new(state, why)
                .fix("log in at a console or by ssh, where systemd gives each user a manager; or sudo era")
        }
    }
}

/// The words that make systemd's user manager start a command in a group that it leaves to
/// us: systemd.resource-control(5), Delegate=.
pub const DELEGATED_SCOPE: [&str; 8] = [
    "systemd-run",
    "--user",
    "--scope",
    "--quiet",
    "--collect",
    "-p",
    "Delegate=yes",
    "--",
];

/// Whether systemd's user manager is there, and gives us a group.
pub fn systemd_gives_a_group(facts: &Facts) -> bool {
    facts.look("cgroup-systemd", || ask_systemd(facts)).is_ok()
}

/// Asks for a group, with a command that does nothing.
fn ask_systemd(facts: &Facts) -> Result<String, Stopped> {
    let patience = std::time::Duration::from_millis(800);
    let path = tools::find(facts, DELEGATED_SCOPE[0])
        .ok_or_else(|| Stopped::Untried("there is no systemd to ask".to_owned()))?;
    if facts.variable("XDG_RUNTIME_DIR").is_none() {
        return Err(Stopped::Untried(
            "this login has no user manager to ask".to_owned(),
        ));
    }
    let args = [&DELEGATED_SCOPE[1..], &["true"]].concat();
    let ran = child::output(patience, &path, &args, facts.environment())?;
    match ran.status {
        0 => Ok("systemd gives one: systemd-run --user --scope -p Delegate=yes".to_owned()),
        status => Err(Stopped::Failed(format!(
            "systemd-run --user --scope ends with status {status}"
        ))),
    }
}
