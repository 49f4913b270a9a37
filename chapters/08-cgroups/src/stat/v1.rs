//! What v1 tells, in v2's units: the kernel's admin-guide/cgroup-v1.

use std::path::Path;

use super::{CpuStat, IoStat, MemoryStat};
use crate::files::{keyed, number, read};
use crate::home::Place;
use crate::limits::{Cpu, Device, Io, Limit, Rate};

/// Limited in one tree, counted in another.
pub(super) fn cpu(limited: Option<&Place>, counted: Option<&Place>) -> CpuStat {
    let limited = limited.map(|place| place.folder.as_path());
    let counted = counted.map(|place| place.folder.as_path());
    let stat = |key| keyed(limited?, "cpu.stat", key);
    let nanoseconds = |file| Some(number(counted?, file)? / 1_000);
    CpuStat {
        used_usec: nanoseconds("cpuacct.usage"),
        user_usec: nanoseconds("cpuacct.usage_user"),
        system_usec: nanoseconds("cpuacct.usage_sys"),
        limit: limited.and_then(quota),
        periods: stat("nr_periods"),
        throttled: stat("nr_throttled"),
        throttled_usec: stat("throttled_time").map(|nanoseconds| nanoseconds / 1_000),
    }
}

/// v1 has -1 for no limit.
fn quota(folder: &Path) -> Option<Cpu> {
    match read(folder, "cpu.cfs_quota_us")?.parse::<i64>().ok()? {
        quota if quota < 0 => Some(Cpu::Max),
        quota => Some(Cpu::Quota {
            quota: quota as u64,
            period: number(folder, "cpu.cfs_period_us")?,
        }),
    }
}

pub(super) fn memory(folder: &Path) -> MemoryStat {
    let used = number(folder, "memory.usage_in_bytes");
    let limit = limit(folder, "memory.limit_in_bytes");
    // With swap, both together: v2's number is what is left without the memory.
    let with_swap = number(folder, "memory.memsw.usage_in_bytes");
    let limit_with_swap = self::limit(folder, "memory.memsw.limit_in_bytes");
    let swap_limit = match (limit_with_swap, limit) {
        (Some(Limit::Bytes(both)), Some(Limit::Bytes(memory))) => {
            Some(Limit::Bytes(both.saturating_sub(memory)))
        }
        (both, _) => both,
    };
    let swap = |(both, memory): (u64, u64)| both.saturating_sub(memory);
    MemoryStat {
        used,
        peak: number(folder, "memory.max_usage_in_bytes"),
        limit,
        swap_used: with_swap.zip(used).map(swap),
        swap_limit,
        limit_hits: number(folder, "memory.failcnt"),
        // Since Linux 4.13.
        oom_kills: keyed(folder, "memory.oom_control", "oom_kill"),
    }
}

/// v1's "no limit" is the largest number of whole pages.
pub(crate) fn limit(folder: &Path, file: &str) -> Option<Limit> {
    const UNLIMITED: u64 = 1 << 62;
    match number(folder, file)? {
        bytes if bytes >= UNLIMITED => Some(Limit::Max),
        bytes => Some(Limit::Bytes(bytes)),
    }
}

pub(super) fn io(folder: &Path) -> IoStat {
    let bytes = read(folder, "blkio.throttle.io_service_bytes");
    let sum = |kind: &str| {
        let lines = bytes.as_deref()?.lines();
        let of_kind = lines.filter_map(|line| {
            let mut words = line.split(' ').skip(1);
            (words.next()? == kind).then(|| words.next()?.parse::<u64>().ok())?
        });
        Some(of_kind.sum())
    };
    IoStat {
        read: sum("Read"),
        written: sum("Write"),
        limits: limits(folder),
    }
}

/// v1 has a file for each key, with lines of `8:0 5242880`.
fn limits(folder: &Path) -> Vec<Io> {
    let mut all: Vec<Io> = Vec::new();
    for key in ["read_bps", "write_bps", "read_iops", "write_iops"] {
        let text = read(folder, &format!("blkio.throttle.{key}_device"));
        for line in text.unwrap_or_default().lines() {
            let Some((device, rate)) = line.split_once(' ') else {
                continue;
            };
            let (Ok(device), Ok(rate)) = (device.parse(), rate.parse()) else {
                continue;
            };
            let io = entry(&mut all, device);
            let rate = Some(Rate::PerSecond(rate));
            match key {
                "read_bps" => io.rbps = rate,
                "write_bps" => io.wbps = rate,
                "read_iops" => io.riops = rate,
                _ => io.wiops = rate,
            }
        }
    }
    all
}

fn entry(all: &mut Vec<Io>, device: Device) -> &mut Io {
    let at = all.iter().position(|io| io.device == device);
    let at = at.unwrap_or_else(|| {
        all.push(Io {
            device,
            rbps: None,
            wbps: None,
            riops: None,
            wiops: None,
        });
        all.len() - 1
    });
    &mut all[at]
}
