//! Limits as v2's files: "Controllers" in the kernel's admin-guide/cgroup-v2.

use std::path::Path;

use groundwork::step;

use super::Written;
use crate::error::{Error, Result};
use crate::files;
use crate::limits::{Cpu, Io, Limit, Limits};

pub(super) fn write(
    folder: &Path,
    controller: &str,
    limits: &Limits,
    files: &mut Written,
) -> Result<()> {
    match controller {
        "cpu" => limits.cpu.iter().try_for_each(|cpu| {
            step(&format!(
                "CPU time: {cpu} of one core, as time in each period"
            ));
            files.write(
                &format!("limit the CPU to {cpu}"),
                folder,
                "cpu.max",
                &cpu_max(*cpu),
            )
        }),
        "memory" => memory(folder, limits, files),
        "pids" => limits.pids.iter().try_for_each(|pids| {
            step(&format!("Processes and threads: {pids}"));
            let what = format!("limit the processes to {pids}");
            files.write(&what, folder, "pids.max", &pids.to_string())
        }),
        "cpuset" => limits.cpuset.iter().try_for_each(|cpus| {
            step(&format!("Only these CPUs: {cpus}"));
            let what = format!("limit the CPUs to {cpus}");
            files.write(&what, folder, "cpuset.cpus", &cpus.to_string())
        }),
        _ => limits
            .io
            .iter()
            .try_for_each(|io| self::io(folder, io, files)),
    }
}

/// `50000 100000`
pub(super) fn cpu_max(cpu: Cpu) -> String {
    match cpu {
        Cpu::Quota { quota, period } => format!("{quota} {period}"),
        Cpu::Max => "max 100000".to_owned(),
    }
}

/// A number, or `max`.
pub(super) fn bytes(limit: Limit) -> String {
    match limit {
        Limit::Bytes(bytes) => bytes.to_string(),
        Limit::Max => "max".to_owned(),
    }
}

// ANCHOR: memory
/// Without a word about swap a limit of memory is meant for both: what may not stay in memory
/// may not go to swap instead.
fn memory(folder: &Path, limits: &Limits, files: &mut Written) -> Result<()> {
    if let Some(memory) = limits.memory {
        step(&format!("Memory: {memory}"));
        let what = format!("limit the memory to {memory}");
        files.write(&what, folder, "memory.max", &bytes(memory))?;
    }
    let counts_swap = files::read(folder, "memory.swap.max").is_some();
    if let (Some(swap), false) = (limits.swap, counts_swap) {
        return Err(Error::Unsupported {
            what: format!("swap to {swap}"),
            why: "this kernel does not count swap".to_owned(),
        });
    }
    let (swap, why) = match (limits.swap, limits.memory) {
        (Some(swap), _) => (swap, format!("Swap, beside the memory: {swap}")),
        _ if !counts_swap => return Ok(()),
        (None, Some(Limit::Bytes(_))) => {
            let why = "And no swap: else the kernel moves there what is too much";
            (Limit::Bytes(0), why.to_owned())
        }
        _ => (Limit::Max, "And as much swap as there is".to_owned()),
    };
    step(&why);
    let what = format!("limit the swap to {swap}");
    files.write(&what, folder, "memory.swap.max", &bytes(swap))
}
// ANCHOR_END: memory

fn io(folder: &Path, io: &Io, files: &mut Written) -> Result<()> {
    let device = io.device.to_string();
    let rates = io.rates();
    let line = |rates: &[(&str, String)]| {
        let words = rates.iter().map(|(key, rate)| format!(" {key}={rate}"));
        format!("{device}{}", words.collect::<String>())
    };
    let present = files::read(folder, "io.max").unwrap_or_default();
    let is_same = |line: &&str| line.split(' ').next() == Some(device.as_str());
    let none = ["rbps", "wbps", "riops", "wiops"].map(|key| (key, "max".to_owned()));
    let before = present.lines().find(is_same).map(str::to_owned);
    let before = before.unwrap_or_else(|| line(&none));
    let rates: Vec<_> = rates
        .iter()
        .map(|(key, rate)| (*key, rate.to_string()))
        .collect();
    step(&format!(
        "The device {device}: bytes and operations in a second"
    ));
    let what = format!("limit the device {device}");
    files.write_over(&what, folder, "io.max", &line(&rates), vec![before])
}
