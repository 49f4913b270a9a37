//! Control groups for an answer: cgroups(7).
//!
//! They lie in the group of the ground, which goes when the ground goes, with all that is in
//! it. On v2 one tree has all controllers; on v1 each has its own. An answer is given a
//! folder of either, as the machine has it, and may write in it.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};

use groundwork::kernel::{self, Pid};

use super::scene::{Place, Scene};
use super::{Checked, Refusal, Witness, word};
use crate::ground::group;

/// Where groups are seen in a cell.
const GROUPS: &str = "/group";
/// Where the processes of a cell are at first, on v2: a group that has groups with limits
/// below it has no processes.
const LEAF: &str = "cell";
/// As many processes a cell may have that has groups: some are not traced, so not counted.
const FENCE: &str = "400";

/// A part of the ground's group, in one tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Branch {
    outside: PathBuf,
    inside: Place,
    v2: bool,
}

/// A control group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Where it is in the cell.
    pub place: Place,
    /// Whether it has the files of v2, else those of v1.
    pub v2: bool,
    outside: PathBuf,
}

impl Branch {
    /// Its folder outside and where it is seen in the cell.
    pub fn mounted(&self) -> (PathBuf, String) {
        (self.outside.clone(), self.inside.0.clone())
    }

    /// Puts the cell's PID 1 into it.
    pub fn join(&self, pid: Pid) -> Checked {
        let leaf = if self.v2 { LEAF } else { "" };
        let file = self.outside.join(leaf).join("cgroup.procs");
        Ok(fs::write(file, pid.to_string())?)
    }

    /// Whoever is frozen in it goes on.
    pub fn thaw(&self) {
        group::thaw_all(&[&self.outside]);
    }

    fn group(&self) -> Group {
        Group {
            place: self.inside.clone(),
            v2: self.v2,
            outside: self.outside.clone(),
        }
    }
}

impl Scene<'_> {
    /// A group with this controller, with nobody in it: the answer may do all with it.
    ///
    /// # Errors
    /// The ground has no group.
    pub fn group(&mut self, controller: &str) -> Checked<Group> {
        let group = self.groups(controller)?.below(&word());
        fs::create_dir(&group.outside)?;
        for entry in fs::read_dir(&group.outside)? {
            self.hand_over(&entry?.path())?;
        }
        self.hand_over(&group.outside)?;
        Ok(group)
    }

    /// A group with this controller, below which the answer may make groups of its own.
    ///
    /// # Errors
    /// The ground has no group.
    pub fn groups(&mut self, controller: &str) -> Checked<Group> {
        self.fence()?;
        Ok(self.tree(controller)?.group())
    }

    /// Processes that nobody counts have an end.
    fn fence(&mut self) -> Checked {
        if self.trees.is_empty() {
            let tree = self.tree("pids")?;
            fs::write(tree.outside.join("pids.max"), FENCE)?;
        }
        Ok(())
    }

    fn tree(&mut self, controller: &str) -> Checked<Branch> {
        let link = self.judge.folder.join("box/group");
        let v2 = link.join("cgroup.procs").exists();
        let above = if v2 { link } else { link.join(controller) };
        let name = self.folder.file_name().unwrap_or_default();
        let above = fs::canonicalize(above)
            .map_err(|error| Refusal::Undone(format!("no group for {controller}: {error}")))?;
        let inside = Place(GROUPS.to_owned());
        let tree = Branch {
            outside: above.join(name),
            inside: if v2 { inside } else { inside.join(controller) },
            v2,
        };
        if !self.trees.contains(&tree) {
            self.plant(&tree)?;
            self.trees.push(tree.clone());
        }
        Ok(tree)
    }

    /// Makes its folder: what a group that is somebody's has, "Delegation" in cgroups(7).
    fn plant(&self, tree: &Branch) -> Checked {
        const DELEGATED: [&str; 5] = [
            "",
            "cgroup.procs",
            "cgroup.threads",
            "cgroup.subtree_control",
            "tasks",
        ];
        fs::create_dir_all(&tree.outside)?;
        let leaf = tree.outside.join(LEAF);
        if tree.v2 {
            let controllers = fs::read_to_string(tree.outside.join("cgroup.controllers"))?;
            let wanted = ["cpu", "memory", "pids"].map(|name| format!("+{name}"));
            let has = |name: &String| controllers.split_whitespace().any(|one| one == &name[1..]);
            let wanted: Vec<String> = wanted.into_iter().filter(has).collect();
            fs::write(
                tree.outside.join("cgroup.subtree_control"),
                wanted.join(" "),
            )?;
            fs::create_dir(&leaf)?;
        }
        for folder in [&tree.outside, &leaf] {
            let files = DELEGATED.map(|file| folder.join(file));
            for file in files.iter().filter(|file| file.exists()) {
                self.hand_over(file)?;
            }
        }
        Ok(())
    }

    fn hand_over(&self, path: &Path) -> Checked {
        let (uid, gid) = self.judge.learner;
        if nix::unistd::geteuid().is_root() {
            chown(path, Some(uid), Some(gid))?;
        }
        Ok(())
    }
}

impl Group {
    /// One in it.
    pub fn below(&self, name: &str) -> Group {
        Group {
            place: self.place.join(name),
            v2: self.v2,
            outside: self.outside.join(name),
        }
    }

    /// Those that it is in, up to the ground's own.
    pub fn all_above(&self) -> Vec<Group> {
        let above = self.outside.ancestors().skip(1).map(|folder| Group {
            outside: folder.to_owned(),
            ..self.clone()
        });
        let is_ground = |group: &Group| {
            let name = group.outside.file_name().unwrap_or_default();
            name.to_string_lossy().starts_with(group::PREFIX)
        };
        let mut all: Vec<Group> = Vec::new();
        for one in above {
            let last = is_ground(&one);
            all.push(one);
            if last {
                return all;
            }
        }
        Vec::new()
    }

    /// Whether it is there.
    pub fn exists(&self) -> bool {
        self.outside.join("cgroup.procs").exists()
    }

    /// Who is in it.
    pub fn processes(&self) -> Vec<Pid> {
        let list = self.text("cgroup.procs").unwrap_or_default();
        let numbers = list.split('\n').filter_map(|line| line.parse().ok());
        numbers.map(Pid::from_raw).collect()
    }

    /// Who is in it, or in one below.
    pub fn everybody_below(&self) -> Vec<Pid> {
        let entries = fs::read_dir(&self.outside).into_iter().flatten().flatten();
        let folders = entries.filter(|entry| entry.path().is_dir());
        let names = folders.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let below = names.flat_map(|name| self.below(&name).everybody_below());
        self.processes().into_iter().chain(below).collect()
    }

    /// Whether this one is in it.
    pub fn has(&self, one: Witness) -> bool {
        self.processes().contains(&one.pid)
    }

    /// One of its files; none if it has no such file.
    pub fn text(&self, file: &str) -> Option<String> {
        let text = fs::read_to_string(self.outside.join(file)).ok()?;
        Some(text.trim_end().to_owned())
    }

    /// A number in one of its files: of the line `key NUMBER`, or of the file that is a
    /// number.
    pub fn number(&self, file: &str, key: &str) -> Option<u64> {
        let text = self.text(file)?;
        let mut lines = text.lines();
        let of_key = |line: &str| -> Option<u64> {
            let rest = line.strip_prefix(key)?;
            rest.trim_start_matches(' ').parse().ok()
        };
        lines.find_map(of_key)
    }

    /// Writes one of its files.
    ///
    /// # Errors
    /// The kernel refuses it.
    pub fn write(&self, file: &str, text: &str) -> Checked {
        kernel::write_file(self.outside.join(file), text, "cgroups(7)")?;
        Ok(())
    }

    /// Whether nobody in it can run.
    pub fn is_frozen(&self) -> bool {
        let is = |file: &str, word: &str| self.text(file).is_some_and(|text| text == word);
        is("cgroup.freeze", "1") || (!self.v2 && !is("freezer.state", "THAWED"))
    }
}
