//! Which trees of groups this machine has: cgroups(7), "CGROUPS VERSION 1" and "VERSION 2".

use std::path::{Path, PathBuf};

use groundwork::host::{Facts, Hierarchy, Version};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::files;

/// How the two interfaces are mixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// One tree for everything.
    V2,
    /// A tree for each controller.
    V1,
    /// v1's trees, and v2's beside them, for what is left.
    Hybrid,
}

impl std::fmt::Display for Shape {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.pad(match self {
            Shape::V2 => "v2",
            Shape::V1 => "v1",
            Shape::Hybrid => "hybrid",
        })
    }
}

/// The controllers that we limit or count with, by v2's names. v1 calls `io` blkio, and counts
/// CPU time in `cpuacct` and stops processes in `freezer`, both parts of every v2 group.
pub const CONTROLLERS: [&str; 7] = [
    "cpu", "cpuacct", "memory", "pids", "freezer", "io", "cpuset",
];

/// A controller's name in that version.
pub fn name_in(version: Version, controller: &str) -> &str {
    match (version, controller) {
        (Version::V1, "io") => "blkio",
        (_, name) => name,
    }
}

/// The trees of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// How they are mixed.
    pub shape: Shape,
    /// Those that have a controller of ours; v2's tree also without any.
    pub hierarchies: Vec<Hierarchy>,
}

impl Layout {
    /// What `facts` has in /proc/self/mountinfo and /proc/self/cgroup.
    ///
    /// # Errors
    /// No cgroup file system is mounted.
    pub fn read(facts: &Facts) -> Result<Layout> {
        let all = Hierarchy::all(facts);
        let has = |version| all.iter().any(|one| one.version == version);
        let shape = match (has(Version::V2), has(Version::V1)) {
            (true, true) => Shape::Hybrid,
            (true, false) => Shape::V2,
            (false, true) => Shape::V1,
            (false, false) => return Err(Error::NoHierarchy),
        };
        let is_ours = |one: &Hierarchy| {
            let limits = |name: &&str| one.has(name_in(one.version, name));
            one.version == Version::V2 || CONTROLLERS.iter().any(limits)
        };
        Ok(Layout {
            shape,
            hierarchies: all.into_iter().filter(is_ours).collect(),
        })
    }

    /// The tree that has this controller.
    pub fn of(&self, controller: &str) -> Option<&Hierarchy> {
        let has = |one: &&Hierarchy| one.has(name_in(one.version, controller));
        self.hierarchies.iter().find(has)
    }

    /// The folder that holds the trees and is in none of them, as on every v1 or hybrid
    /// machine: a tmpfs, where a file called `cpu.max` is a plain file and limits nobody.
    pub fn plain_top(&self) -> Option<PathBuf> {
        let tops = self.hierarchies.iter().filter_map(|one| one.mount.parent());
        let is_plain = |top: &&Path| top.ends_with("cgroup") && !files::is_cgroup(top);
        tops.into_iter().find(is_plain).map(Path::to_owned)
    }
}
