//! What can be limited, in words that v1 and v2 share. Parsed at the door, once.

use std::fmt;

use serde::{Deserialize, Serialize};

mod machine;
mod parse;

pub use machine::Machine;
pub use parse::{parse, swap};

/// So many bytes, or no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Limit {
    /// As much as there is.
    Max,
    /// At most so much.
    #[serde(untagged)]
    Bytes(u64),
}

/// CPU time: at most `quota` in each `period`, both in microseconds. Half a core is
/// 50000 in 100000, two cores are 200000 in 100000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cpu {
    /// As much as there is.
    Max,
    /// A share of time. A group that has used it up waits for the next period.
    #[serde(untagged)]
    Quota {
        /// How long its processes may run, all together.
        quota: u64,
        /// In which time.
        period: u64,
    },
}

/// Processes and threads at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pids {
    /// As many as there can be.
    Max,
    /// At most so many.
    #[serde(untagged)]
    Count(u32),
}

/// Operations in a second, or no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rate {
    /// As many as the device does.
    Max,
    /// At most so many.
    #[serde(untagged)]
    PerSecond(u64),
}

/// Some of the CPUs, by number: `0`, `0-3,6`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CpuSet(pub Vec<u32>);

/// A block device by its numbers: `8:0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Device {
    /// Which driver.
    pub major: u64,
    /// Which of its devices.
    pub minor: u64,
}

/// What a device may do for a group: bytes and operations in a second.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Io {
    /// Which device.
    pub device: Device,
    /// Reading, in bytes.
    pub rbps: Option<Rate>,
    /// Writing, in bytes.
    pub wbps: Option<Rate>,
    /// Reading, in operations.
    pub riops: Option<Rate>,
    /// Writing, in operations.
    pub wiops: Option<Rate>,
}

impl Io {
    /// The limits that are given, by v2's names.
    pub fn rates(&self) -> Vec<(&'static str, Rate)> {
        let all = [
            ("rbps", self.rbps),
            ("wbps", self.wbps),
            ("riops", self.riops),
            ("wiops", self.wiops),
        ];
        let given = all.into_iter().filter_map(|(key, rate)| Some((key, rate?)));
        given.collect()
    }
}

/// The limits of a group. What is None is left as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// CPU time.
    pub cpu: Option<Cpu>,
    /// Memory: with swap, unless `swap` is given.
    pub memory: Option<Limit>,
    /// Swap, beside the memory.
    pub swap: Option<Limit>,
    /// Processes and threads.
    pub pids: Option<Pids>,
    /// Devices.
    pub io: Vec<Io>,
    /// Which CPUs.
    pub cpuset: Option<CpuSet>,
}

impl Limits {
    /// The controllers that these limits need.
    pub fn controllers(&self) -> Vec<&'static str> {
        let memory = self.memory.is_some() || self.swap.is_some();
        let needed = [
            ("cpu", self.cpu.is_some()),
            ("memory", memory),
            ("pids", self.pids.is_some()),
            ("io", !self.io.is_empty()),
            ("cpuset", self.cpuset.is_some()),
        ];
        let names = needed.into_iter().filter(|(_, needed)| *needed);
        names.map(|(name, _)| name).collect()
    }

    /// Whether nothing is limited.
    pub fn is_empty(&self) -> bool {
        self.controllers().is_empty()
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Limit::Bytes(bytes) => out.pad(&size(*bytes)),
            Limit::Max => out.pad("max"),
        }
    }
}

impl fmt::Display for Cpu {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cpu::Quota { quota, period } => {
                let hundredths = quota * 10_000 / period;
                match hundredths % 100 {
                    0 => out.pad(&format!("{}%", hundredths / 100)),
                    rest => out.pad(&format!("{}.{rest:02}%", hundredths / 100)),
                }
            }
            Cpu::Max => out.pad("max"),
        }
    }
}

impl fmt::Display for Pids {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pids::Count(count) => out.pad(&count.to_string()),
            Pids::Max => out.pad("max"),
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rate::PerSecond(rate) => out.pad(&rate.to_string()),
            Rate::Max => out.pad("max"),
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&format!("{}:{}", self.major, self.minor))
    }
}

impl fmt::Display for CpuSet {
    /// Neighbours as a range, as the kernel writes them.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut ranges: Vec<(u32, u32)> = Vec::new();
        for cpu in &self.0 {
            match ranges.last_mut() {
                Some((_, last)) if *last + 1 == *cpu => *last = *cpu,
                _ => ranges.push((*cpu, *cpu)),
            }
        }
        let word = |(first, last): &(u32, u32)| match first == last {
            true => first.to_string(),
            false => format!("{first}-{last}"),
        };
        let words: Vec<_> = ranges.iter().map(word).collect();
        out.pad(&words.join(","))
    }
}

/// A size for people: a whole number of the largest unit that has three digits before the
/// point at most, else with one digit behind it. `100M`, `1.5G`, `640K`.
pub fn size(bytes: u64) -> String {
    const UNITS: [(&str, u64); 4] = [
        ("T", 1 << 40),
        ("G", 1 << 30),
        ("M", 1 << 20),
        ("K", 1 << 10),
    ];
    let Some((unit, one)) = UNITS.into_iter().find(|(_, one)| bytes >= *one) else {
        return format!("{bytes}");
    };
    let (whole, tenth) = (bytes / one, (bytes % one) * 10 / one);
    match tenth {
        0 => format!("{whole}{unit}"),
        _ => format!("{whole}.{tenth}{unit}"),
    }
}
