//! What can be seen of a whole cell from outside.

use std::fs;
use std::path::PathBuf;

use groundwork::kernel::Pid;

use super::Checked;
use super::run::Run;
use super::scene::Place;
use super::witness::{Inode, Mount, Witness};

impl Run {
    /// PID 1 of the cell.
    pub fn init(&self) -> Witness {
        self.init
    }

    /// A process that the answer looks at.
    pub fn target(&self, index: usize) -> Witness {
        self.targets[index]
    }

    /// A path of the cell, seen from outside. No part of it may be a link.
    pub fn path(&self, place: &Place) -> PathBuf {
        self.init.path("root").join(place.0.trim_start_matches('/'))
    }

    /// The inode of something in the cell.
    ///
    /// # Errors
    /// It is not there.
    pub fn inode(&self, place: &Place) -> Checked<Inode> {
        Ok(Inode::of(self.path(place))?)
    }

    /// The process of the command that was started last.
    pub fn answer(&self) -> Option<Pid> {
        self.ends.last().map(|(pid, _)| *pid)
    }

    /// Every process of the cell but PID 1.
    pub fn everybody(&self) -> Vec<Witness> {
        self.family
            .keys()
            .map(|pid| Witness { pid: *pid })
            .collect()
    }

    /// Every process that belongs to a command.
    pub fn everybody_of(&self, command: usize) -> Vec<Witness> {
        let of = self.family.iter().filter(|(_, of)| **of == Some(command));
        of.map(|(pid, _)| Witness { pid: *pid }).collect()
    }

    /// When the answer has last become a program.
    pub fn answer_began(&self) -> Option<std::time::Instant> {
        self.began
    }

    /// Whether a command has ended.
    pub fn has_ended(&self, command: usize) -> bool {
        let end = self.ends.get(command);
        end.is_some_and(|(_, end)| end.is_some())
    }

    /// What a command printed, on stdout and then on stderr.
    pub fn said(&self, command: usize) -> String {
        self.printed(command) + &self.complained(command)
    }

    /// What a command printed on stdout.
    pub fn printed(&self, command: usize) -> String {
        let bytes = fs::read(self.folder.join(format!("out.{command}"))).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// What a command printed on stderr.
    pub fn complained(&self, command: usize) -> String {
        let bytes = fs::read(self.folder.join(format!("err.{command}"))).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The line of stderr that says most, a panic's for one, to be put behind something.
    pub fn last_words(&self, command: usize) -> String {
        last_line(&self.complained(command))
    }

    /// The mounts of the cell that are new or gone since before anything ran.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn changed_mounts(&self) -> Checked<Vec<String>> {
        let now = self.init.mounts()?;
        let new = now.iter().filter(|mount| !self.mounts.contains(mount));
        let gone = self.mounts.iter().filter(|mount| !now.contains(mount));
        Ok(new.chain(gone).map(|mount| mount.point.clone()).collect())
    }

    /// Whether a process sees what was mounted in the cell before anything ran.
    pub fn had(&self, mount: &Mount) -> bool {
        self.mounts
            .iter()
            .any(|before| before.source == mount.source)
    }

    /// Processes that have ended, and that nobody has waited for.
    pub fn zombies(&self) -> Vec<Witness> {
        let all = self.all.iter().map(|pid| Witness { pid: *pid });
        all.filter(|one| {
            one.status("State")
                .is_ok_and(|state| state.starts_with('Z'))
        })
        .collect()
    }

    /// Ids of a process, as they are called in the cell: a line of its `status`.
    ///
    /// # Errors
    /// It is gone.
    pub fn ids(&self, of: Witness, key: &str) -> Checked<Vec<u32>> {
        let map = self
            .init
            .text(if key == "Uid" { "uid_map" } else { "gid_map" })?;
        let numbers: Vec<u32> = map
            .split(' ')
            .filter_map(|word| word.parse().ok())
            .collect();
        let inside = |outside: u32| {
            let mut ranges = numbers.chunks_exact(3);
            ranges.find_map(|range| {
                let at = outside.checked_sub(range[1]).filter(|at| *at < range[2])?;
                Some(range[0] + at)
            })
        };
        let outside = of.status(key)?;
        let outside = outside.split(' ').filter_map(|word| word.parse().ok());
        Ok(outside.map(|id| inside(id).unwrap_or(u32::MAX)).collect())
    }
}

/// The last thing that somebody said, or why it panicked, to be put behind something.
pub(super) fn last_line(said: &str) -> String {
    const MOST: usize = 160;
    let mut lines = said.lines().map(str::trim);
    // A panic's place comes before its words, which may be several lines.
    let line = match lines.find(|line| line.contains("panicked at ")) {
        Some(_) => {
            let words = lines.take_while(|line| !line.is_empty() && !line.starts_with("note: "));
            words.collect::<Vec<_>>().join("; ")
        }
        None => {
            let mut lines = said.lines().rev().map(str::trim);
            let last = lines.find(|line| !line.is_empty() && !line.starts_with("note: "));
            last.unwrap_or_default().to_owned()
        }
    };
    if line.is_empty() {
        return line;
    }
    format!("; it said: {}", line.chars().take(MOST).collect::<String>())
}
