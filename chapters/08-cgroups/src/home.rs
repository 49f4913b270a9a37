//! Below which folders our groups lie.
//!
//! All of ours lie in a folder `era`, which is a group itself, so that anybody sees whose they
//! are. It lies at the top of each tree if we may write there, as root may. Else below the
//! group that we are in, if somebody made that ours: a delegated group, cgroups(7).

use std::path::{Path, PathBuf};

use groundwork::host::{self, Facts, Hierarchy, Version};
use groundwork::kernel;
use nix::unistd::{AccessFlags, access};

use crate::error::{Error, Result};
use crate::files;
use crate::layout::{CONTROLLERS, Layout, Shape, name_in};
use crate::limits::Machine;

/// The group that all of ours lie in.
pub const FOLDER: &str = "era";

/// A folder in one of the trees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The tree.
    pub hierarchy: Hierarchy,
    /// Which files it has.
    pub version: Version,
    /// What the tree can limit and count, by v2's names: [`CONTROLLERS`].
    pub controllers: Vec<&'static str>,
    /// Where it is.
    pub folder: PathBuf,
}

impl Place {
    /// A group of that tree. A group of v2 has the controllers that the one above hands on.
    fn of(hierarchy: &Hierarchy, folder: PathBuf) -> Place {
        let handed_on = match hierarchy.version {
            Version::V2 => files::read(&folder, "cgroup.controllers"),
            Version::V1 => None,
        };
        let has = |name: &&str| match &handed_on {
            Some(list) => list.split(' ').any(|word| word == *name),
            None => hierarchy.has(name_in(hierarchy.version, name)),
        };
        Place {
            hierarchy: hierarchy.clone(),
            version: hierarchy.version,
            controllers: CONTROLLERS.into_iter().filter(has).collect(),
            folder,
        }
    }

    /// Whether its tree has this controller. Each group of v2 counts CPU time and can be
    /// stopped.
    pub fn has(&self, controller: &str) -> bool {
        let of_v2 = self.version == Version::V2 && ["cpuacct", "freezer"].contains(&controller);
        of_v2 || self.controllers.contains(&controller)
    }

    /// The same tree, in a folder below.
    pub fn join(&self, name: impl AsRef<Path>) -> Place {
        Place {
            folder: self.folder.join(name),
            ..self.clone()
        }
    }
}

/// Where our groups lie on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// How v1 and v2 are mixed.
    pub shape: Shape,
    /// Our folder, in each tree where we may have one. It need not be there yet.
    pub places: Vec<Place>,
    /// Our own group, in each tree where we may have none.
    pub closed: Vec<Place>,
    /// What the machine has.
    pub machine: Machine,
}

impl Home {
    /// Looks where groups of ours can be.
    ///
    /// # Errors
    /// Nowhere: no tree is mounted, or none is ours.
    pub fn find(facts: &Facts) -> Result<Home> {
        Home::look(&Layout::read(facts)?, facts, false).map_err(|closed| nowhere(facts, closed))
    }

    /// As [`Home::find`], in a scope that systemd has just made for us: our own group is ours,
    /// although a user's systemd looks after those around it.
    ///
    /// # Errors
    /// It is not ours after all.
    pub fn find_in_scope(facts: &Facts) -> Result<Home> {
        Home::look(&Layout::read(facts)?, facts, true).map_err(|closed| nowhere(facts, closed))
    }

    /// As [`Home::find`], for who does not ask why there is none.
    pub fn if_any(facts: &Facts) -> Option<Home> {
        Home::look(&Layout::read(facts).ok()?, facts, false).ok()
    }

    /// Our own groups come back where none can be ours.
    fn look(layout: &Layout, facts: &Facts, in_scope: bool) -> std::result::Result<Home, Home> {
        let mut home = Home {
            shape: layout.shape,
            places: Vec::new(),
            closed: Vec::new(),
            machine: Machine::read(facts),
        };
        for hierarchy in &layout.hierarchies {
            match parent(hierarchy, in_scope) {
                Some(parent) => home.places.push(Place::of(hierarchy, parent).join(FOLDER)),
                None => {
                    let own = hierarchy.own.as_ref().unwrap_or(&hierarchy.mount);
                    home.closed.push(Place::of(hierarchy, own.clone()));
                }
            }
        }
        // In the hybrid layout v2's tree has nothing to limit with.
        home.places.retain(|place| !place.controllers.is_empty());
        match home.places.is_empty() {
            true => Err(home),
            false => Ok(home),
        }
    }

    /// Our folder in the tree that has this controller.
    ///
    /// # Errors
    /// This machine has no such tree, or it is not ours.
    pub fn of(&self, controller: &str) -> Result<&Place> {
        let has = |place: &&Place| place.has(controller);
        let closed = || self.closed.iter().find(has);
        self.places.iter().find(has).ok_or_else(|| {
            let why = match closed() {
                Some(place) => format!("{} is not ours to write in", place.folder.display()),
                None => "no tree that is mounted has this controller".to_owned(),
            };
            Error::Unsupported {
                what: controller.to_owned(),
                why,
            }
        })
    }
}

/// Why there is no place: for v2 by the doctor's probe, which asks systemd, too. On v1 systemd
/// leaves no controller to an ordinary user, so there is nobody to ask but root.
fn nowhere(facts: &Facts, home: Home) -> Error {
    const ASK_SYSTEMD: &str = "systemd-run --user --scope -p Delegate=yes bash, and again in there";
    const ASK_ROOT: &str = "as root, in each tree: mkdir a group, chown it and its cgroup.procs\n        \
         to you, and write your shell's number into that file";
    let folders: Vec<_> = home.closed.into_iter().map(|place| place.folder).collect();
    let (why, fix) = if home.shape == Shape::V2 {
        let found = host::probe(facts, "cgroup-delegated").expect("the table has it");
        match found.works() {
            true => (
                "systemd looks after the group that we are in, and gives another to who asks"
                    .into(),
                Some(ASK_SYSTEMD.to_owned()),
            ),
            false => (found.why, found.fix),
        }
    } else {
        let first = folders.first().cloned().unwrap_or_default();
        let why = format!("{} and the like are not ours to write in", first.display());
        (why, Some(ASK_ROOT.to_owned()))
    };
    Error::NoHome {
        shape: home.shape,
        folders,
        why,
        fix,
    }
}

/// In which group ours may lie in this tree, if in any.
fn parent(hierarchy: &Hierarchy, in_scope: bool) -> Option<PathBuf> {
    if is_writable(&hierarchy.mount) {
        return Some(hierarchy.mount.clone());
    }
    let own = hierarchy.own.as_deref()?;
    let mut above = own.ancestors().take_while(|at| *at != hierarchy.mount);
    match hierarchy.version {
        Version::V1 => is_writable(own).then(|| own.to_owned()),
        Version::V2 if in_scope => is_delegated(own).then(|| own.to_owned()),
        Version::V2 if is_managed(own) => None,
        // A group that hands on controllers holds no processes: the nearest that may.
        Version::V2 => above
            .by_ref()
            .take_while(|at| is_delegated(at))
            .find(|at| files::read(at, "cgroup.procs").is_some_and(|list| list.is_empty()))
            .or_else(|| is_delegated(own).then_some(own))
            .map(Path::to_owned),
    }
}

fn is_writable(path: &Path) -> bool {
    access(path, AccessFlags::W_OK).is_ok()
}

/// Whether processes may be moved here, and controllers handed on: "Delegation" in
/// cgroups(7).
fn is_delegated(group: &Path) -> bool {
    let files = ["cgroup.procs", "cgroup.subtree_control"];
    is_writable(group) && files.iter().all(|file| is_writable(&group.join(file)))
}

/// Whether a user's systemd looks after this group and has not left it to others: its folders
/// belong to the user, too. systemd marks those that it leaves, with all that is below; its
/// own, user@UID.service, is left to it in the same way by the system's.
fn is_managed(group: &Path) -> bool {
    let is_manager = |group: &&Path| {
        let name = group.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with("user@") && name.ends_with(".service"))
    };
    let below_manager = group.ancestors().any(|group| is_manager(&group));
    let mut below = group.ancestors().take_while(|group| !is_manager(group));
    below_manager && !below.any(|group| kernel::has_attribute(group, c"user.delegate"))
}
