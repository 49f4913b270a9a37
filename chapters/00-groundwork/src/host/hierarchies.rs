//! Which cgroup hierarchies are mounted, and where this process is in each: cgroups(7).

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Facts;

/// The two interfaces that the kernel has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Version {
    /// One tree for each controller, or for some of them together: Linux 2.6.24.
    V1,
    /// One tree for all: Linux 4.5.
    V2,
}

/// A tree of groups that is mounted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hierarchy {
    /// Which files its groups have.
    pub version: Version,
    /// What it can limit and count: for v2, what its top offers.
    pub controllers: Vec<String>,
    /// Where it is mounted.
    pub mount: PathBuf,
    /// The group that is mounted there; `/` is the top of the tree.
    pub root: PathBuf,
    /// The folder of the group that we are in. None if it lies outside of what is mounted.
    pub own: Option<PathBuf>,
}

impl Hierarchy {
    /// Every one that is mounted: proc_pid_mountinfo(5), and proc_pid_cgroup(5) for our own
    /// group. Of several mounts of one tree, the first.
    pub fn all(facts: &Facts) -> Vec<Hierarchy> {
        let groups = facts.read("/proc/self/cgroup").unwrap_or_default();
        let mounts = facts.read("/proc/self/mountinfo").unwrap_or_default();
        let mut all: Vec<Hierarchy> = Vec::new();
        for line in mounts.lines() {
            let Some(found) = mounted(facts, line, &groups) else {
                continue;
            };
            let again = |one: &Hierarchy| {
                one.version == found.version
                    && one.controllers == found.controllers
                    && !(found.version == Version::V1 && found.controllers.is_empty())
            };
            if !all.iter().any(again) {
                all.push(found);
            }
        }
        all
    }

    /// The folder of the group that /proc/PID/cgroup says a process is in, if what is mounted
    /// holds it.
    pub fn group_in(&self, groups: &str) -> Option<PathBuf> {
        let path = path_in(groups, self.version, &self.controllers)?;
        below(&self.mount, &self.root, &path)
    }

    /// Whether it has this controller.
    pub fn has(&self, controller: &str) -> bool {
        self.controllers.iter().any(|name| name == controller)
    }
}

/// The hierarchy of one line of mountinfo: root and point, then after the dash type and
/// options.
fn mounted(facts: &Facts, line: &str, groups: &str) -> Option<Hierarchy> {
    let (place, kind) = line.split_once(" - ")?;
    let mut place = place.split(' ').skip(3);
    let root = unescaped(place.next()?);
    let mount = unescaped(place.next()?);
    let mut kind = kind.split(' ');
    let (version, controllers) = match kind.next()? {
        "cgroup2" => {
            let top = facts.read(&format!("{}/cgroup.controllers", mount.display()));
            (Version::V2, words(&top.unwrap_or_default(), ' '))
        }
        "cgroup" => {
            let options = words(kind.nth(1)?, ',').into_iter();
            let is_option = |word: &String| {
                ["rw", "ro", "xattr", "noprefix", "clone_children"].contains(&word.as_str())
                    || word.contains('=')
            };
            let controllers = options.filter(|word| !is_option(word)).collect();
            (Version::V1, controllers)
        }
        _ => return None,
    };
    let mut hierarchy = Hierarchy {
        version,
        controllers,
        own: None,
        mount,
        root,
    };
    hierarchy.own = hierarchy.group_in(groups);
    Some(hierarchy)
}

/// The path of a group, as the kernel writes it: `ID:CONTROLLERS:PATH`.
fn path_in(groups: &str, version: Version, controllers: &[String]) -> Option<PathBuf> {
    groups.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        let names = words(fields.next()?, ',');
        let path = fields.next()?;
        let is_it = match version {
            Version::V2 => names.is_empty(),
            Version::V1 => !names.is_empty() && names == controllers,
        };
        is_it.then(|| PathBuf::from(path))
    })
}

/// Where a group's folder is seen, if what is mounted holds it. A container's mount may
/// begin at a group further down.
fn below(mount: &Path, root: &Path, group: &Path) -> Option<PathBuf> {
    let rest = group.strip_prefix(root).ok()?;
    let climbs = rest.components().any(|part| part.as_os_str() == "..");
    match (climbs, rest.as_os_str().is_empty()) {
        (true, _) => None,
        (false, true) => Some(mount.to_owned()),
        (false, false) => Some(mount.join(rest)),
    }
}

pub(super) fn words(text: &str, separator: char) -> Vec<String> {
    let words = text.split(separator).filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

/// A path as mountinfo has it: spaces and the like are written as `\040`, three octal digits.
pub fn unescaped(text: &str) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let octal = tail.get(..3).filter(|_| *first == b'\\');
        let digits = octal.and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[3..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    PathBuf::from(std::ffi::OsString::from_vec(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_sees_its_own_group_where_its_mount_begins() {
        let here = |root: &str, group: &str| {
            let point = Path::new("/sys/fs/cgroup/memory");
            below(point, Path::new(root), Path::new(group))
        };
        let top = PathBuf::from("/sys/fs/cgroup/memory");
        assert_eq!(here("/", "/a/b"), Some(top.join("a/b")));
        assert_eq!(here("/docker/1", "/docker/1"), Some(top.clone()));
        assert_eq!(here("/docker/1", "/docker/1/x"), Some(top.join("x")));
        assert_eq!(here("/docker/1", "/elsewhere"), None);
        assert_eq!(here("/", "/../outside"), None);
    }
}
