//! What v2 tells: "Controllers" in the kernel's admin-guide/cgroup-v2.

use std::path::Path;

use super::{CpuStat, IoStat, MemoryStat, Pressure};
use crate::files::{keyed, number, read};
use crate::limits::{Cpu, Io, Limit, Rate};

pub(super) fn cpu(folder: &Path) -> CpuStat {
    let stat = |key| keyed(folder, "cpu.stat", key);
    CpuStat {
        used_usec: stat("usage_usec"),
        user_usec: stat("user_usec"),
        system_usec: stat("system_usec"),
        limit: read(folder, "cpu.max").and_then(|text| cpu_max(&text)),
        periods: stat("nr_periods"),
        throttled: stat("nr_throttled"),
        throttled_usec: stat("throttled_usec"),
    }
}

/// `50000 100000`, or `max 100000`.
fn cpu_max(text: &str) -> Option<Cpu> {
    let (quota, period) = text.split_once(' ')?;
    match quota {
        "max" => Some(Cpu::Max),
        _ => Some(Cpu::Quota {
            quota: quota.parse().ok()?,
            period: period.parse().ok()?,
        }),
    }
}

pub(super) fn memory(folder: &Path) -> MemoryStat {
    let limit = |file| read(folder, file).and_then(|text| bytes(&text));
    let events = |key| keyed(folder, "memory.events", key);
    MemoryStat {
        used: number(folder, "memory.current"),
        // Since Linux 5.19.
        peak: number(folder, "memory.peak"),
        limit: limit("memory.max"),
        swap_used: number(folder, "memory.swap.current"),
        swap_limit: limit("memory.swap.max"),
        limit_hits: events("max"),
        oom_kills: events("oom_kill"),
    }
}

fn bytes(text: &str) -> Option<Limit> {
    match text {
        "max" => Some(Limit::Max),
        _ => text.parse().ok().map(Limit::Bytes),
    }
}

pub(super) fn io(folder: &Path) -> IoStat {
    let stat = read(folder, "io.stat");
    let sum = |key: &str| {
        let fields = stat.as_deref()?.split_whitespace();
        let values = fields.filter_map(|field| field.strip_prefix(key)?.strip_prefix('='));
        Some(values.filter_map(|value| value.parse::<u64>().ok()).sum())
    };
    let limits = read(folder, "io.max").unwrap_or_default();
    IoStat {
        read: sum("rbytes"),
        written: sum("wbytes"),
        limits: limits.lines().filter_map(io_max).collect(),
    }
}

/// `8:0 rbps=max wbps=5242880 riops=max wiops=max`
fn io_max(line: &str) -> Option<Io> {
    let (device, rates) = line.split_once(' ')?;
    let rate = |key: &str| {
        let mut words = rates.split(' ');
        let value = words.find_map(|word| word.strip_prefix(key)?.strip_prefix('='))?;
        match value {
            "max" => Some(Rate::Max),
            _ => value.parse().ok().map(Rate::PerSecond),
        }
    };
    Some(Io {
        device: device.parse().ok()?,
        rbps: rate("rbps"),
        wbps: rate("wbps"),
        riops: rate("riops"),
        wiops: rate("wiops"),
    })
}

pub(super) fn pressure(folder: &Path) -> Pressure {
    Pressure {
        cpu: avg10(folder, "cpu.pressure"),
        memory: avg10(folder, "memory.pressure"),
        io: avg10(folder, "io.pressure"),
    }
}

/// `some avg10=1.23 avg60=…`
fn avg10(folder: &Path, file: &str) -> Option<f64> {
    let text = read(folder, file)?;
    let some = text.lines().find_map(|line| line.strip_prefix("some "))?;
    some.split(' ')
        .find_map(|word| word.strip_prefix("avg10="))?
        .parse()
        .ok()
}
