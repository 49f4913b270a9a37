//! Limits as v1's files: the kernel's admin-guide/cgroup-v1. What v2 says in one file v1 may
//! say in two, or in other words; each step names v2's.

use std::path::Path;

use groundwork::step;

use super::Written;
use super::v2::{bytes, cpu_max};
use crate::error::Result;
use crate::files;
use crate::limits::{Cpu, Io, Limit, Limits, Rate};

pub(super) fn write(
    folder: &Path,
    controller: &str,
    limits: &Limits,
    files: &mut Written,
) -> Result<()> {
    match controller {
        "cpu" => limits
            .cpu
            .iter()
            .try_for_each(|cpu| self::cpu(folder, *cpu, files)),
        "memory" => memory(folder, limits, files),
        "pids" => limits.pids.iter().try_for_each(|pids| {
            step(&format!(
                "Processes and threads: {pids} (v2 has the same file)"
            ));
            let what = format!("limit the processes to {pids}");
            files.write(&what, folder, "pids.max", &pids.to_string())
        }),
        "cpuset" => limits.cpuset.iter().try_for_each(|cpus| {
            step(&format!("Only these CPUs: {cpus} (v2 has the same file)"));
            let what = format!("limit the CPUs to {cpus}");
            files.write(&what, folder, "cpuset.cpus", &cpus.to_string())
        }),
        _ => limits
            .io
            .iter()
            .try_for_each(|io| self::io(folder, io, files)),
    }
}

/// v1 has -1 for "no limit", and a file each for period and quota.
fn cpu(folder: &Path, cpu: Cpu, files: &mut Written) -> Result<()> {
    step(&format!(
        "CPU time: {cpu} of one core; v2: cpu.max {}",
        cpu_max(cpu)
    ));
    let what = format!("limit the CPU to {cpu}");
    let Cpu::Quota { quota, period } = cpu else {
        return files.write(&what, folder, "cpu.cfs_quota_us", "-1");
    };
    files.write(&what, folder, "cpu.cfs_period_us", &period.to_string())?;
    files.write(&what, folder, "cpu.cfs_quota_us", &quota.to_string())
}

/// v1's second limit is for memory and swap together, and is never below the first.
fn memory(folder: &Path, limits: &Limits, files: &mut Written) -> Result<()> {
    const MEMORY: &str = "memory.limit_in_bytes";
    const WITH_SWAP: &str = "memory.memsw.limit_in_bytes";
    let Some(memory) = limits.memory else {
        return Ok(());
    };
    let both = match (memory, limits.swap) {
        (Limit::Bytes(memory), None) => Limit::Bytes(memory),
        (Limit::Bytes(memory), Some(Limit::Bytes(swap))) => {
            Limit::Bytes(memory.saturating_add(swap))
        }
        _ => Limit::Max,
    };
    let number = |limit| match limit {
        Limit::Max => "-1".to_owned(),
        Limit::Bytes(bytes) => bytes.to_string(),
    };
    let first = (
        MEMORY,
        number(memory),
        format!("Memory: {memory}; v2: memory.max {}", bytes(memory)),
    );
    let swap = limits.swap.unwrap_or(match memory {
        Limit::Max => Limit::Max,
        Limit::Bytes(_) => Limit::Bytes(0),
    });
    let why = format!(
        "And swap, both together: {both}; v2: memory.swap.max {}",
        bytes(swap)
    );
    let mut order = vec![first];
    if let Some(present) = files::read(folder, WITH_SWAP) {
        let second = (WITH_SWAP, number(both), why);
        // The larger of the two moves first when it rises, last when it falls.
        let present = present.parse().unwrap_or(u64::MAX);
        let rises = match both {
            Limit::Max => true,
            Limit::Bytes(both) => both > present,
        };
        order.insert(usize::from(!rises), second);
    }
    let what = format!("limit the memory to {memory}");
    order.into_iter().try_for_each(|(file, text, why)| {
        step(&why);
        files.write(&what, folder, file, &text)
    })
}

/// A file for each key, and 0 for "no limit".
fn io(folder: &Path, io: &Io, files: &mut Written) -> Result<()> {
    let device = io.device.to_string();
    for (key, rate) in io.rates() {
        let file = match key {
            "rbps" => "blkio.throttle.read_bps_device",
            "wbps" => "blkio.throttle.write_bps_device",
            "riops" => "blkio.throttle.read_iops_device",
            _ => "blkio.throttle.write_iops_device",
        };
        let number = match rate {
            Rate::Max => 0,
            Rate::PerSecond(rate) => rate,
        };
        let present = files::read(folder, file).unwrap_or_default();
        let is_same = |line: &&str| line.split(' ').next() == Some(device.as_str());
        let before = present.lines().find(is_same).map(str::to_owned);
        let before = before.unwrap_or_else(|| format!("{device} 0"));
        step(&format!(
            "The device {device}; v2: io.max {device} {key}={rate}"
        ));
        let what = format!("limit the device {device}");
        files.write_over(
            &what,
            folder,
            file,
            &format!("{device} {number}"),
            vec![before],
        )?;
    }
    Ok(())
}
