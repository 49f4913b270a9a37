//! The ground's own control group: cgroups(7).
//!
//! Limits want a group, and whoever is to set them must be allowed to make groups below
//! it. So the ground has one of its own, which the learner owns and which bears the
//! ground's mark in its name. Its shells are put into it, and it goes when they go.
//!
//! In v2 a group that hands controllers down has no processes itself, so the shells stand
//! in a leaf. Where the group that the tour is in is all that we may write, what runs
//! there has to step aside, too, and comes back at the end.

use std::fs;
use std::io;
use std::os::unix::fs::{chown, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

mod ending;

use ending::{below, pids};
pub use ending::{kill_all, remove, thaw_all};

use groundwork::host::{Facts, Hierarchy, Version};
use groundwork::kernel;
use nix::unistd::{AccessFlags, access};

/// What the name of a ground's group begins with; its nonce follows.
pub const PREFIX: &str = "era-ground-";
/// The leaf for processes that had to step aside.
pub const ASIDE: &str = "era-aside";
/// The leaf of the ground's shells.
const SHELLS: &str = "shells";
/// The controllers without which no page of limits can be played.
const NEEDED: [&str; 3] = ["cpu", "memory", "pids"];
/// Those that are handed down, as far as they are there.
const WANTED: [&str; 5] = ["cpu", "memory", "pids", "cpuset", "io"];
/// How long processes may take to end, and the kernel to let their group go.
const PATIENCE: Duration = Duration::from_secs(5);

/// The group, in each hierarchy that has controllers.
#[derive(Debug, Default)]
pub struct Group {
    folders: Vec<Folder>,
}

/// The group in one hierarchy.
#[derive(Debug)]
struct Folder {
    path: PathBuf,
    controllers: Vec<String>,
    unified: bool,
    /// Controllers that the group above did not hand down before.
    handed_down: Vec<String>,
}

/// Whose the group is to be.
#[derive(Debug, Clone, Copy)]
pub struct Owner {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
}

impl Group {
    /// Makes it: in v1 below our own group; in v2 where we may, see [`place`]. `in_own` says
    /// that our own group was made for us, and that what is around it is somebody else's.
    ///
    /// # Errors
    /// A hierarchy that limits need refuses it, or there is none.
    pub fn make(nonce: &str, owner: Owner, in_own: bool) -> Result<Self, String> {
        let mut group = Self::default();
        let name = format!("{PREFIX}{nonce}");
        for tree in Hierarchy::all(&Facts::here()) {
            let made = match (&tree.own, tree.version) {
                _ if tree.controllers.is_empty() => continue,
                (None, _) => Err("our own group is not to be seen there".to_owned()),
                (Some(own), Version::V1) => make_v1(own, &name, owner),
                (Some(own), Version::V2) if in_own => make_v2(own, own, &name, owner),
                (Some(own), Version::V2) => make_v2(own, &place(own, &tree.mount), &name, owner),
            };
            match made {
                Ok(folder) => group.folders.push(folder.of(&tree)),
                Err(error) if NEEDED.iter().any(|name| tree.has(name)) => {
                    group.remove();
                    return Err(error);
                }
                Err(_) => {}
            }
        }
        let has = |name: &&&str| group.folders.iter().any(|folder| folder.limits(name));
        if let Some(missing) = NEEDED.iter().find(|name| !has(name)) {
            group.remove();
            return Err(format!(
                "no tree of groups gives us the controller {missing}"
            ));
        }
        Ok(group)
    }

    /// Puts a process into it.
    ///
    /// # Errors
    /// The kernel refuses that.
    pub fn join(&self, pid: u32) -> Result<(), String> {
        for folder in &self.folders {
            let leaf = if folder.unified { SHELLS } else { "" };
            write(
                &folder.path.join(leaf).join("cgroup.procs"),
                &pid.to_string(),
            )?;
        }
        Ok(())
    }

    /// Makes `link` lead to it; in v1, where it has a folder for each controller, `link` is
    /// a folder with a link for each.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn link(&self, link: &Path) -> io::Result<()> {
        if let [
            Folder {
                path,
                unified: true,
                ..
            },
        ] = &self.folders[..]
        {
            return symlink(path, link);
        }
        fs::create_dir(link)?;
        for folder in &self.folders {
            for controller in &folder.controllers {
                symlink(&folder.path, link.join(controller))?;
            }
        }
        Ok(())
    }

    /// Ends every process in it.
    pub fn kill(&self) {
        let folders: Vec<_> = self.folders.iter().map(|folder| &*folder.path).collect();
        kill_all(&folders);
    }

    /// Removes it, and what was made below it.
    pub fn remove(&mut self) {
        for folder in self.folders.drain(..) {
            let _ = remove(&folder.path);
            let Some(above) = folder.path.parent() else {
                continue;
            };
            // Refused while another ground still uses them.
            for controller in &folder.handed_down {
                let _ = fs::write(
                    above.join("cgroup.subtree_control"),
                    format!("-{controller}"),
                );
            }
            come_back(above);
        }
    }
}

impl Folder {
    /// With the controllers of its tree; v2 says itself which came down to it.
    fn of(mut self, tree: &Hierarchy) -> Self {
        if !self.unified {
            self.controllers.clone_from(&tree.controllers);
        }
        self
    }

    fn limits(&self, controller: &str) -> bool {
        self.controllers.iter().any(|one| one == controller)
    }
}

/// v1: a folder like any other. A cpuset is empty at first and takes nobody in.
fn make_v1(own: &Path, name: &str, owner: Owner) -> Result<Folder, String> {
    let path = own.join(name);
    fs::create_dir(&path).map_err(|error| cannot("make", &path, &error))?;
    let fill = |file: &str| -> Result<(), String> {
        let empty = fs::read_to_string(path.join(file)).is_ok_and(|text| text.trim().is_empty());
        let above = fs::read_to_string(own.join(file)).unwrap_or_default();
        if empty {
            write(&path.join(file), above.trim())
        } else {
            Ok(())
        }
    };
    let filled = ["cpuset.cpus", "cpuset.mems"]
        .into_iter()
        .try_for_each(fill);
    let owned = filled.and_then(|()| give(&path, &["", "cgroup.procs", "tasks"], owner));
    owned.inspect_err(|_| drop(remove(&path)))?;
    Ok(Folder {
        path,
        controllers: Vec::new(),
        unified: false,
        handed_down: Vec::new(),
    })
}

/// v2: below a group that hands controllers down.
fn make_v2(own: &Path, above: &Path, name: &str, owner: Owner) -> Result<Folder, String> {
    let handed_down = hand_down(above).or_else(|error| {
        if above != own {
            return Err(error);
        }
        step_aside(above).inspect_err(|_| come_back(above))?;
        hand_down(above).inspect_err(|_| come_back(above))
    })?;
    let path = above.join(name);
    let mut folder = Folder {
        controllers: Vec::new(),
        unified: true,
        handed_down,
        path,
    };
    if let Err(error) = furnish(&mut folder, owner) {
        Group {
            folders: vec![folder],
        }
        .remove();
        return Err(error);
    }
    Ok(folder)
}

/// The folder, its leaf, its owner.
fn furnish(folder: &mut Folder, owner: Owner) -> Result<(), String> {
    const DELEGATED: [&str; 4] = [
        "",
        "cgroup.procs",
        "cgroup.threads",
        "cgroup.subtree_control",
    ];
    let path = &folder.path;
    let shells = path.join(SHELLS);
    fs::create_dir(path).map_err(|error| cannot("make", path, &error))?;
    hand_down(path)?;
    fs::create_dir(&shells).map_err(|error| cannot("make", &shells, &error))?;
    give(path, &DELEGATED, owner)?;
    give(&shells, &DELEGATED, owner)?;
    folder.controllers = words(&path.join("cgroup.subtree_control"));
    Ok(())
}

/// Below which group: for root the top, where no service of systemd's is in the way; else
/// the one above ours, if it is ours to write and so handed down to us, or our own.
fn place(own: &Path, top: &Path) -> PathBuf {
    if kernel::Uid::effective().is_root() {
        return top.to_owned();
    }
    let above = own.parent().filter(|above| above.starts_with(top));
    let ours = |above: &&Path| {
        let files = ["", "cgroup.procs", "cgroup.subtree_control"];
        let writable = |file: &&str| access(&above.join(file), AccessFlags::W_OK).is_ok();
        files.iter().all(writable)
    };
    above.filter(ours).unwrap_or(own).to_owned()
}

/// Lets the groups below have those controllers that the group itself has; says which they
/// had not.
fn hand_down(group: &Path) -> Result<Vec<String>, String> {
    let control = group.join("cgroup.subtree_control");
    let (have, down) = (words(&group.join("cgroup.controllers")), words(&control));
    let new = WANTED.iter().filter(|name| {
        let is_in = |list: &[String]| list.iter().any(|one| one == *name);
        is_in(&have) && !is_in(&down)
    });
    let new: Vec<String> = new.map(|name| (*name).to_owned()).collect();
    // In one write: one by one, those that work on threads would be taken although somebody is
    // in the group, which then takes no group of processes any more: cgroups(7), threaded.
    let words: Vec<String> = new.iter().map(|name| format!("+{name}")).collect();
    if !words.is_empty() {
        write(&control, &words.join(" "))?;
    }
    Ok(new)
}

/// Puts everybody in a group into a leaf below it: cgroups(7), no internal processes.
fn step_aside(group: &Path) -> Result<(), String> {
    let leaf = group.join(ASIDE);
    match fs::create_dir(&leaf) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(cannot("make", &leaf, &error));
        }
        _ => {}
    }
    move_all(group, &leaf)
}

/// Lets those who stepped aside come back, once no ground needs it any more.
pub fn come_back(group: &Path) {
    let leaf = group.join(ASIDE);
    let grounds = below(group).iter().any(|folder| {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(PREFIX)
    });
    if grounds || !leaf.is_dir() {
        return;
    }
    for controller in words(&group.join("cgroup.subtree_control")) {
        let _ = fs::write(
            group.join("cgroup.subtree_control"),
            format!("-{controller}"),
        );
    }
    if move_all(&leaf, group).is_ok() {
        let _ = remove(&leaf);
    }
}

fn move_all(from: &Path, to: &Path) -> Result<(), String> {
    let until = Instant::now() + PATIENCE;
    loop {
        let there = pids(from);
        if there.is_empty() {
            return Ok(());
        }
        for pid in there {
            match write(&to.join("cgroup.procs"), &pid.to_string()) {
                Err(why) if crate::proc::is_alive(&pid.to_string()) => return Err(why),
                _ => {}
            }
        }
        if Instant::now() > until {
            return Err(format!("{} does not become empty", from.display()));
        }
    }
}

fn words(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap_or_default();
    text.split_whitespace().map(str::to_owned).collect()
}

fn give(group: &Path, files: &[&str], owner: Owner) -> Result<(), String> {
    if !kernel::Uid::effective().is_root() {
        return Ok(());
    }
    for path in files.iter().map(|file| group.join(file)) {
        if path.exists() {
            let given = chown(&path, Some(owner.uid), Some(owner.gid));
            given.map_err(|error| cannot("give away", &path, &error))?;
        }
    }
    Ok(())
}

fn write(file: &Path, text: &str) -> Result<(), String> {
    fs::write(file, text).map_err(|error| cannot(&format!("write {text:?} to"), file, &error))
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> String {
    format!("cannot {what} {}: {error}", path.display())
}
