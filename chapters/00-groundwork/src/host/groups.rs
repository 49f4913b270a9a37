//! Control groups: which layout is mounted, and whether a group of our own can be had:
//! cgroups(7).

use std::fs;
use std::path::{Path, PathBuf};

use super::child::{self, Stopped};
use super::{Facts, Seen, State, tools};

/// Controllers that the pages limit with.
const WANTED: [&str; 3] = ["cpu", "memory", "pids"];

/// What is mounted.
#[derive(Debug, Default)]
struct Layout {
    /// Mount points of v1 hierarchies, with their controllers.
    v1: Vec<(String, Vec<String>)>,
    /// Mount point of the v2 hierarchy, with the controllers at its top.
    v2: Option<(String, Vec<String>)>,
}

impl Layout {
    /// From mountinfo, proc_pid_mountinfo(5): point, then after the dash type and options.
    fn read(facts: &Facts) -> Self {
        let mut layout = Layout::default();
        for line in facts
            .read("/proc/self/mountinfo")
            .unwrap_or_default()
            .lines()
        {
            let Some((place, kind)) = line.split_once(" - ") else {
                continue;
            };
            let point = place.split(' ').nth(4).unwrap_or_default().to_owned();
            let mut kind = kind.split(' ');
            match kind.next() {
                Some("cgroup2") => {
                    let top = facts.read(&format!("{point}/cgroup.controllers"));
                    layout.v2 = Some((point, words(&top.unwrap_or_default(), ' ')));
                }
                Some("cgroup") => {
                    let options = words(kind.nth(1).unwrap_or_default(), ',');
                    let controllers = options
                        .into_iter()
                        .filter(|word| !["rw", "ro", "xattr"].contains(&word.as_str()))
                        .filter(|word| !word.contains('='))
                        .collect();
                    layout.v1.push((point, controllers));
                }
                _ => {}
            }
        }
        layout
    }

    fn v1_controllers(&self) -> Vec<String> {
        self.v1
            .iter()
            .flat_map(|(_, names)| names.clone())
            .collect()
    }
}

fn words(text: &str, separator: char) -> Vec<String> {
    let words = text.split(separator).filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
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
        Some((_, controllers)) if limits(&controllers) => {
            Seen::works(format!("controllers {}", controllers.join(" ")))
        }
        Some((point, _)) => Seen::absent(format!(
            "v2 at {point} has no cpu, memory or pids: they are in v1"
        )),
        None => Seen::absent("no v2 hierarchy is mounted"),
    }
}

/// Both at once.
pub(super) fn hybrid(facts: &Facts) -> Seen {
    let layout = Layout::read(facts);
    match (&layout.v2, layout.v1.is_empty()) {
        (Some((point, _)), false) => Seen::works(format!(
            "{} v1 hierarchies, and v2 at {point}",
            layout.v1.len()
        )),
        (Some(_), true) => Seen::absent("v2 alone"),
        (None, false) => Seen::absent("v1 alone"),
        (None, true) => Seen::absent("no cgroup file system is mounted"),
    }
}

/// The folders of the groups that we are in, of those hierarchies that pages limit with:
/// proc_pid_cgroup(5).
fn own_groups(facts: &Facts, layout: &Layout) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for line in facts.read("/proc/self/cgroup").unwrap_or_default().lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let names = words(fields.next().unwrap_or_default(), ',');
        let path = fields.next().unwrap_or_default().trim_start_matches('/');
        if names.is_empty() {
            let v2 = layout.v2.iter().filter(|(_, top)| limits(top));
            folders.extend(v2.map(|(point, _)| group(point, path)));
        } else if limits(&names) {
            let v1 = layout.v1.iter().filter(|(_, mounted)| *mounted == names);
            folders.extend(v1.map(|(point, _)| group(point, path)));
        }
    }
    folders
}

fn group(point: &str, path: &str) -> PathBuf {
    if path.is_empty() {
        PathBuf::from(point)
    } else {
        Path::new(point).join(path)
    }
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
    let own = own_groups(facts, &layout);
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

/// A scope with a group that systemd leaves to us: systemd.resource-control(5), Delegate=.
fn ask_systemd(facts: &Facts) -> Result<String, Stopped> {
    const ARGS: [&str; 8] = [
        "--user",
        "--scope",
        "--quiet",
        "--collect",
        "-p",
        "Delegate=yes",
        "--",
        "true",
    ];
    let patience = std::time::Duration::from_millis(800);
    let path = tools::find(facts, "systemd-run")
        .ok_or_else(|| Stopped::Untried("there is no systemd to ask".to_owned()))?;
    if facts.variable("XDG_RUNTIME_DIR").is_none() {
        return Err(Stopped::Untried(
            "this login has no user manager to ask".to_owned(),
        ));
    }
    let ran = child::output(patience, &path, &ARGS, facts.environment())?;
    match ran.status {
        0 => Ok("systemd gives one: systemd-run --user --scope -p Delegate=yes".to_owned()),
        status => Err(Stopped::Failed(format!(
            "systemd-run --user --scope ends with status {status}"
        ))),
    }
}
