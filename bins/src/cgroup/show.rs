//! A group as a table.

use cgroups::limits::size;
use cgroups::stat::{CpuStat, IoStat, MemoryStat, PidsStat, Pressure, Stat};

/// What a group has used, a line for each thing.
pub(super) fn stat(stat: &Stat) -> String {
    let state = match stat.frozen {
        Some(true) => ", frozen",
        _ => "",
    };
    let mut rows = vec![
        ("group", format!("{} ({})", stat.name, stat.layout)),
        ("processes", format!("{}{state}", stat.processes.len())),
        ("cpu", cpu(&stat.cpu)),
        ("memory", memory(&stat.memory)),
        ("swap", swap(&stat.memory)),
        ("oom kills", number(stat.memory.oom_kills)),
        ("pids", pids(&stat.pids)),
        ("io", io(&stat.io)),
    ];
    for limit in &stat.io.limits {
        let rates = limit.rates().into_iter();
        let rates: Vec<_> = rates.map(|(key, rate)| format!("{key}={rate}")).collect();
        rows.push(("io limit", format!("{} {}", limit.device, rates.join(" "))));
    }
    if let Some(cpus) = &stat.cpuset {
        rows.push(("cpuset", cpus.clone()));
    }
    if let Some(text) = pressure(&stat.pressure) {
        rows.push(("pressure", text));
    }
    table(rows)
}

/// Names and what there is to say; where that is nothing, no line.
pub(super) fn table(rows: Vec<(&str, String)>) -> String {
    let lines: Vec<_> = rows
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(name, text)| format!("{name:<10} {text}"))
        .collect();
    lines.join("\n")
}

/// The most memory that was in use.
pub(super) fn peak(memory: &MemoryStat) -> String {
    let limit = of(memory.limit);
    match (memory.peak, memory.used) {
        (Some(peak), _) => format!("{} at most{limit}", size(peak)),
        (None, Some(_)) => format!("this kernel does not tell the peak{limit}"),
        (None, None) => String::new(),
    }
}

/// Seconds, with milliseconds.
pub(super) fn seconds(usec: u64) -> String {
    format!("{}.{:03} s", usec / 1_000_000, usec / 1_000 % 1_000)
}

fn number(value: Option<u64>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

fn of(limit: Option<impl std::fmt::Display>) -> String {
    limit.map_or_else(String::new, |limit| format!(", limit {limit}"))
}

pub(super) fn cpu(cpu: &CpuStat) -> String {
    let Some(used) = cpu.used_usec else {
        return String::new();
    };
    let throttled = match (cpu.throttled, cpu.periods, cpu.throttled_usec) {
        (Some(throttled), Some(periods), Some(usec)) if periods > 0 => format!(
            "; throttled in {throttled} of {periods} periods, {}",
            seconds(usec)
        ),
        _ => String::new(),
    };
    format!("{} used{}{throttled}", seconds(used), of(cpu.limit))
}

fn memory(memory: &MemoryStat) -> String {
    let Some(used) = memory.used else {
        return String::new();
    };
    let peak = memory.peak.map(size);
    let peak = peak.map_or_else(String::new, |peak| format!(", peak {peak}"));
    format!("{} used{peak}{}", size(used), of(memory.limit))
}

fn swap(memory: &MemoryStat) -> String {
    let used = memory.swap_used;
    used.map_or_else(String::new, |used| {
        format!("{} used{}", size(used), of(memory.swap_limit))
    })
}

fn pids(pids: &PidsStat) -> String {
    let Some(used) = pids.used else {
        return String::new();
    };
    let refused = match pids.refused {
        Some(refused) if refused > 0 => format!("; {refused} refused"),
        _ => String::new(),
    };
    format!("{used}{}{refused}", of(pids.limit))
}

fn io(io: &IoStat) -> String {
    match (io.read, io.written) {
        (Some(read), Some(written)) => format!("{} read, {} written", size(read), size(written)),
        _ => String::new(),
    }
}

fn pressure(pressure: &Pressure) -> Option<String> {
    let all = [
        ("cpu", pressure.cpu),
        ("memory", pressure.memory),
        ("io", pressure.io),
    ];
    let told = all.into_iter();
    let told = told.filter_map(|(name, share)| Some(format!("{name} {:.2}%", share?)));
    let told: Vec<_> = told.collect();
    (!told.is_empty()).then(|| told.join(", "))
}
