//! What a group has used, and what it may: the same words for v1 and v2.
//!
//! A number is None where this kernel does not tell it, or the group has no folder in the tree
//! that would.

use groundwork::host::Version;
use serde::Serialize;

use crate::files;
use crate::group::Group;
use crate::home::{Home, Place};
use crate::layout::Shape;
use crate::limits::{Cpu, CpuSet, Io, Limit, Pids};

mod v1;
mod v2;

/// A group at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stat {
    /// Its name.
    pub name: String,
    /// How v1 and v2 are mixed on this machine.
    pub layout: Shape,
    /// Its folders.
    pub folders: Vec<String>,
    /// Who is in it, the groups below included.
    pub processes: Vec<i32>,
    /// Whether it is stopped. None where nothing can stop it.
    pub frozen: Option<bool>,
    /// CPU time.
    pub cpu: CpuStat,
    /// Memory.
    pub memory: MemoryStat,
    /// Processes and threads.
    pub pids: PidsStat,
    /// Devices.
    pub io: IoStat,
    /// Which CPUs it may use. None if all of its parent's.
    pub cpuset: Option<String>,
    /// How long its processes waited. Only v2 tells.
    pub pressure: Pressure,
}

/// CPU time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct CpuStat {
    /// Used so far, in microseconds.
    pub used_usec: Option<u64>,
    /// Of it, in programs.
    pub user_usec: Option<u64>,
    /// Of it, in the kernel.
    pub system_usec: Option<u64>,
    /// What it may use.
    pub limit: Option<Cpu>,
    /// Periods in which it wanted to run.
    pub periods: Option<u64>,
    /// Of these, those in which it had to wait for the next one.
    pub throttled: Option<u64>,
    /// How long it waited in all, in microseconds. With several CPUs at once it can be more
    /// than the time that passed.
    pub throttled_usec: Option<u64>,
}

/// Memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct MemoryStat {
    /// Bytes in use, files that are cached for it included.
    pub used: Option<u64>,
    /// The most that was in use.
    pub peak: Option<u64>,
    /// What it may use.
    pub limit: Option<Limit>,
    /// Bytes in swap.
    pub swap_used: Option<u64>,
    /// What it may have in swap, beside the memory.
    pub swap_limit: Option<Limit>,
    /// How often it ran into its limit.
    pub limit_hits: Option<u64>,
    /// How many of its processes the kernel's out-of-memory killer has ended.
    pub oom_kills: Option<u64>,
}

/// Processes and threads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct PidsStat {
    /// How many there are.
    pub used: Option<u64>,
    /// How many there may be.
    pub limit: Option<Pids>,
    /// How often one more was refused.
    pub refused: Option<u64>,
}

/// Devices.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct IoStat {
    /// Bytes read, of all devices.
    pub read: Option<u64>,
    /// Bytes written.
    pub written: Option<u64>,
    /// What it may.
    pub limits: Vec<Io>,
}

/// Per cent of the last ten seconds in which somebody in the group waited: "PSI" in the
/// kernel's documentation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Pressure {
    /// For a CPU.
    pub cpu: Option<f64>,
    /// For memory.
    pub memory: Option<f64>,
    /// For a device.
    pub io: Option<f64>,
}

impl Group {
    /// Reads all of it.
    pub fn stat(&self, home: &Home) -> Stat {
        let folders = self.places.iter();
        let folders = folders.map(|place| place.folder.display().to_string());
        let cpuset = self.place("cpuset");
        let cpuset = cpuset.and_then(|place| files::read(&place.folder, "cpuset.cpus"));
        Stat {
            name: self.name.clone(),
            layout: home.shape,
            folders: folders.collect(),
            processes: self.processes(),
            frozen: self.is_frozen(),
            cpu: self.cpu(),
            memory: self.memory(),
            pids: self.pids(),
            io: self.io(),
            cpuset: cpuset.filter(|list| list.parse::<CpuSet>().is_ok()),
            pressure: self.pressure(),
        }
    }

    /// CPU time alone, for who asks often.
    pub fn cpu(&self) -> CpuStat {
        match self.place("cpu") {
            Some(place) if place.version == Version::V2 => v2::cpu(&place.folder),
            limited => v1::cpu(limited, self.place("cpuacct")),
        }
    }

    /// Memory alone.
    pub fn memory(&self) -> MemoryStat {
        self.told("memory", v2::memory, v1::memory)
    }

    /// Processes and threads alone.
    pub fn pids(&self) -> PidsStat {
        let Some(Place { folder, .. }) = self.place("pids") else {
            return PidsStat::default();
        };
        // The files of both versions are the same here.
        let limit = files::read(folder, "pids.max").and_then(|text| text.parse().ok());
        PidsStat {
            used: files::number(folder, "pids.current"),
            limit,
            refused: files::keyed(folder, "pids.events", "max"),
        }
    }

    /// Devices alone.
    pub fn io(&self) -> IoStat {
        self.told("io", v2::io, v1::io)
    }

    /// Whether it is stopped.
    pub fn is_frozen(&self) -> Option<bool> {
        let place = self.place("freezer")?;
        match place.version {
            Version::V2 => files::keyed(&place.folder, "cgroup.events", "frozen").map(|is| is == 1),
            Version::V1 => files::read(&place.folder, "freezer.state").map(|is| is == "FROZEN"),
        }
    }

    fn pressure(&self) -> Pressure {
        let v2 = self
            .places
            .iter()
            .find(|place| place.version == Version::V2);
        v2.map_or_else(Pressure::default, |place| v2::pressure(&place.folder))
    }

    fn told<T: Default>(
        &self,
        controller: &str,
        v2: impl Fn(&std::path::Path) -> T,
        v1: impl Fn(&std::path::Path) -> T,
    ) -> T {
        match self.place(controller) {
            Some(place) if place.version == Version::V2 => v2(&place.folder),
            Some(place) => v1(&place.folder),
            None => T::default(),
        }
    }
}
