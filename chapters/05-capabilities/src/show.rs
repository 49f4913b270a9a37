//! What a process holds, as /proc says it: proc_pid_status(5).

use std::path::Path;

use groundwork::kernel::{self, Securebits};

use crate::error::{Error, Result};
use crate::set::{Cap, CapSet};
use crate::sets::Sets;

/// A process and its five sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its number here.
    pub pid: i32,
    /// Its parent's.
    pub parent: i32,
    /// The name of its program.
    pub name: String,
    /// Its effective uid.
    pub uid: u32,
    /// Its five sets.
    pub sets: Sets,
    /// Whether execve(2) may add nothing.
    pub no_new_privs: bool,
    /// The kernel tells these of the calling process alone.
    pub securebits: Option<Securebits>,
    /// Threads of the kernel have no memory of their own, nor has who has ended.
    has_memory: bool,
}

impl Process {
    /// This process: what a program has that is started here.
    pub fn this() -> Result<Self> {
        let mut process = Self::by_folder(Path::new("/proc/self"))?;
        process.securebits = Some(kernel::securebits());
        Ok(process)
    }

    /// The one with this number.
    pub fn of(pid: i32) -> Result<Self> {
        let mut process = Self::by_folder(&Path::new("/proc").join(pid.to_string()))?;
        if pid == std::process::id() as i32 {
            process.securebits = Some(kernel::securebits());
        }
        Ok(process)
    }

    /// Every process that is permitted or hands on at least one. Threads of the kernel hold
    /// all, and run no program: they are left out, as in pscap(8).
    pub fn all() -> Result<Vec<Self>> {
        let proc = Path::new("/proc");
        let entries = std::fs::read_dir(proc);
        let entries = entries.map_err(|error| Error::look(proc, "open(2)", "open", &error))?;
        let numbers = entries.flatten().filter_map(|entry| {
            let name = entry.file_name();
            name.to_str()?.parse::<i32>().ok()
        });
        // Some end while we look.
        let found = numbers.filter_map(|pid| Process::of(pid).ok());
        let found = found.filter(|process| process.has_memory && process.holds_any());
        let mut holders: Vec<_> = found.collect();
        holders.sort_by_key(|process| process.pid);
        Ok(holders)
    }

    fn holds_any(&self) -> bool {
        let sets = &self.sets;
        let held = [
            sets.permitted,
            sets.effective,
            sets.inheritable,
            sets.ambient,
        ];
        held.iter().any(|set| !set.is_empty())
    }

    fn by_folder(folder: &Path) -> Result<Self> {
        let file = folder.join("status");
        let status = std::fs::read_to_string(&file);
        let status = status.map_err(|error| Error::look(&file, "open(2)", "open", &error))?;
        Ok(Process::parse(&status))
    }

    /// A line that is missing is one that this kernel does not have yet.
    fn parse(status: &str) -> Self {
        let line = |key: &str| {
            let found = status
                .lines()
                .find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
            found.unwrap_or_default().trim()
        };
        let number = |key: &str| line(key).parse().unwrap_or_default();
        let set = |key: &str| {
            let bits = u64::from_str_radix(line(key), 16);
            CapSet::from_bits(bits.unwrap_or_default())
        };
        let uids = line("Uid");
        let effective = uids.split_whitespace().nth(1);
        Process {
            pid: number("Pid"),
            parent: number("PPid"),
            name: line("Name").to_owned(),
            uid: effective
                .and_then(|uid| uid.parse().ok())
                .unwrap_or_default(),
            sets: Sets {
                permitted: set("CapPrm"),
                effective: set("CapEff"),
                inheritable: set("CapInh"),
                bounding: set("CapBnd"),
                ambient: set("CapAmb"),
            },
            no_new_privs: line("NoNewPrivs") == "1",
            securebits: None,
            has_memory: !line("VmSize").is_empty(),
        }
    }
}

/// In which of the five sets a capability is: permitted, effective, inheritable, bounding,
/// ambient.
pub type Pattern = [bool; 5];

impl Sets {
    /// Where this one is.
    pub fn pattern(&self, cap: Cap) -> Pattern {
        let sets = [
            self.permitted,
            self.effective,
            self.inheritable,
            self.bounding,
            self.ambient,
        ];
        sets.map(|set| set.contains(cap))
    }

    /// Every capability of this kernel, those together that are in the same sets; what is in
    /// the most sets first.
    pub fn by_pattern(&self) -> Vec<(Pattern, CapSet)> {
        let mut rows: Vec<(Pattern, CapSet)> = Vec::new();
        let held = self.bounding.union(self.permitted).union(self.inheritable);
        for cap in CapSet::all().union(held).iter() {
            let pattern = self.pattern(cap);
            match rows.iter_mut().find(|(of_row, _)| *of_row == pattern) {
                Some((_, caps)) => *caps = caps.with(cap),
                None => rows.push((pattern, cap.into())),
            }
        }
        rows.sort_by_key(|(pattern, _)| std::cmp::Reverse(*pattern));
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "Name:\tan odd name\nUmask:\t0022\nPid:\t4711\nPPid:\t1\n\
        Uid:\t1000\t1001\t1000\t1000\nNoNewPrivs:\t1\nCapInh:\t0000000000000001\n\
        CapPrm:\t0000000000000400\nCapEff:\t0000000000000000\n\
        CapBnd:\t000001ffffffffff\nCapAmb:\t0000000000000000\n";

    #[test]
    fn a_status_is_read() {
        let process = Process::parse(STATUS);
        assert_eq!((process.pid, process.parent, process.uid), (4711, 1, 1001));
        assert_eq!(process.name, "an odd name");
        assert_eq!(process.sets.permitted.names(), "cap_net_bind_service");
        assert_eq!(process.sets.inheritable.names(), "cap_chown");
        assert!(process.no_new_privs && process.sets.effective.is_empty());
    }

    #[test]
    fn every_capability_is_in_one_row() {
        let rows = Process::parse(STATUS).sets.by_pattern();
        let names: Vec<_> = rows.iter().map(|(_, caps)| caps.to_string()).collect();
        assert_eq!(names[..2], ["cap_net_bind_service", "cap_chown"]);
        let all = rows.iter().fold(CapSet::EMPTY, |all, (_, caps)| {
            assert!(all.intersection(*caps).is_empty());
            all.union(*caps)
        });
        assert_eq!(all, CapSet::all());
    }
}
