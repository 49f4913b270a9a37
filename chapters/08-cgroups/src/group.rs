//! A group: making it, finding it, filling it, removing it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use groundwork::kernel;
use groundwork::step;
use nix::errno::Errno;

use crate::error::{Error, Result};
use crate::files;
use crate::home::{Home, Place};
use crate::name::Name;
use crate::{add, enable};

/// What every group of ours counts with, whatever it limits.
pub const COUNTING: [&str; 5] = ["cpu", "cpuacct", "memory", "pids", "freezer"];

/// A group of ours: one folder on v2, on v1 one in each tree that it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its folders.
    pub places: Vec<Place>,
}

impl Group {
    /// Makes a group that can be limited by these controllers, and counts.
    ///
    /// # Errors
    /// There is one of this name, or the kernel refuses; then nothing of it stays.
    pub fn create(home: &Home, name: &Name, controllers: &[&'static str]) -> Result<Group> {
        let mut group = Group {
            name: name.to_string(),
            places: Vec::new(),
        };
        if home.has(name) {
            return Err(Error::Exists { name: group.name });
        }
        group.extend(home, controllers).inspect_err(|_| {
            let _ = group.remove_folders();
            home.leave();
        })?;
        Ok(group)
    }

    /// Finds a group.
    ///
    /// # Errors
    /// There is none of this name.
    pub fn open(home: &Home, name: &Name) -> Result<Group> {
        let places = home.places.iter().map(|place| place.join(name.as_str()));
        let places: Vec<_> = places.filter(|place| place.folder.is_dir()).collect();
        if places.is_empty() {
            return Err(Error::Missing {
                name: name.to_string(),
                groups: home.names(),
            });
        }
        Ok(Group {
            name: name.to_string(),
            places,
        })
    }

    /// Its folder in the tree that has this controller.
    pub fn place(&self, controller: &str) -> Option<&Place> {
        self.places.iter().find(|place| place.has(controller))
    }

    /// The processes in it, those of the groups below it included.
    pub fn processes(&self) -> Vec<i32> {
        let all = self.places.iter().flat_map(|place| below(&place.folder));
        let lists = all.filter_map(|folder| files::read(&folder, "cgroup.procs"));
        let pids = lists.flat_map(|list| {
            let pids: Vec<i32> = list.lines().filter_map(|pid| pid.parse().ok()).collect();
            pids
        });
        pids.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Removes it. Nobody who is in it is lost: a group with processes stays. `nested` removes
    /// the groups below it, too, if those are empty.
    ///
    /// # Errors
    /// Somebody is in it, groups are below it, or the kernel refuses.
    pub fn remove(&self, home: &Home, nested: bool) -> Result<()> {
        let processes = self.processes();
        if !processes.is_empty() {
            let named = |pid: i32| (pid, command(pid));
            return Err(Error::Busy {
                name: self.name.clone(),
                processes: processes.into_iter().map(named).collect(),
            });
        }
        let groups = self.nested();
        if !groups.is_empty() && !nested {
            let name = self.name.clone();
            return Err(Error::Nested { name, groups });
        }
        step("Remove the group: its folder, nobody is in it");
        self.remove_folders()?;
        home.leave();
        Ok(())
    }

    /// The groups below it, by their paths from here.
    pub fn nested(&self) -> Vec<String> {
        let all = self.places.iter().flat_map(|place| {
            let below = below(&place.folder).into_iter().skip(1);
            below.filter_map(|folder| Some(folder.strip_prefix(&place.folder).ok()?.to_owned()))
        });
        let names: BTreeSet<String> = all.map(|path| path.display().to_string()).collect();
        names.into_iter().collect()
    }

    fn remove_folders(&self) -> Result<()> {
        for place in self.places.iter().rev() {
            for folder in below(&place.folder).iter().rev() {
                remove(folder)?;
            }
        }
        Ok(())
    }

    /// Gives it a folder in each tree that has one of these controllers, and what counts.
    /// Whoever is in it is in the new folder, too.
    pub(crate) fn extend(&mut self, home: &Home, controllers: &[&'static str]) -> Result<()> {
        let wanted: Vec<_> = COUNTING.iter().chain(controllers).copied().collect();
        let needed = |place: &&Place| wanted.iter().any(|name| place.controllers.contains(name));
        let places: Vec<_> = home.places.iter().filter(needed).collect();
        if places.iter().any(|place| !place.folder.exists()) {
            step("Our groups lie in a group of their own");
        }
        for place in &places {
            enable::settle(place, &wanted)?;
        }
        let processes = self.processes();
        let is_new = |place: &&&Place| !self.places.contains(&place.join(&self.name));
        let new: Vec<_> = places.iter().filter(is_new).collect();
        if !new.is_empty() {
            step(&format!("Make the group {}: a folder", self.name));
        }
        for place in new {
            let place = make_in(place, &self.name, &wanted)?;
            self.places.push(place.clone());
            enable::fill_cpuset(&place)?;
            for pid in &processes {
                add::write_pid(&place.folder, *pid)?;
            }
        }
        Ok(())
    }
}

/// Makes the folder of a group in our own. That is taken away when the last group goes, which
/// may be at this very moment: then it is made again.
pub(crate) fn make_in(home: &Place, name: &str, wanted: &[&'static str]) -> Result<Place> {
    const ROUNDS: usize = 20;
    let place = home.join(name);
    for _ in 1..ROUNDS {
        enable::settle(home, wanted)?;
        match make(&place.folder) {
            Err(Error::Make { call, .. }) if call.errno() == Errno::ENOENT => {}
            made => {
                made?;
                // Our own may be a new one by now.
                return enable::settle(home, wanted).map(|()| place);
            }
        }
    }
    make(&place.folder).map(|()| place)
}

/// Makes the folder of a group.
pub(crate) fn make(folder: &Path) -> Result<()> {
    kernel::mkdir(folder, 0o755).map_err(|call| Error::Make {
        folder: folder.to_owned(),
        call,
    })
}

/// Removes the folder of a group. One that is gone is as good.
pub(crate) fn remove(folder: &Path) -> Result<()> {
    match kernel::rmdir(folder) {
        Err(call) if call.errno() != Errno::ENOENT => Err(Error::Remove {
            folder: folder.to_owned(),
            call,
        }),
        _ => Ok(()),
    }
}

/// A folder and all groups below it, each before those below it.
pub(crate) fn below(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    if folder.is_dir() {
        all.push(folder.to_owned());
    }
    for group in children(folder) {
        all.extend(below(&group));
    }
    all
}

/// The groups right below a folder: files are the kernel's.
pub(crate) fn children(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let mut paths: Vec<_> = folders.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

/// The name of a process's program: /proc/PID/comm.
pub(crate) fn command(pid: i32) -> String {
    let text = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    text.trim_end().to_owned()
}
