//! One group as bars.

use cgroups::limits::{Limit, Machine, Pids, size};

use super::reading::Reading;

/// From here on a bar is nearly full, and warns.
const NEARLY: f64 = 0.8;
const FULL: f64 = 0.97;
/// `memory     [` before a bar, and the numbers behind it.
const BESIDE: usize = 12 + 30;

/// The lines of the meter. Colour says again what the length of a bar says, never more.
pub(super) fn rows(
    reading: &Reading,
    machine: &Machine,
    columns: usize,
    colour: bool,
) -> Vec<String> {
    let bar = |share: f64| bar(share, columns.saturating_sub(BESIDE).clamp(10, 60), colour);
    let row = |name: &str, text: String| format!(" {name:<10} {text}");
    let mut rows = vec![String::new()];
    rows.push(row("cpu", cpu(reading, machine, bar)));
    rows.push(row("throttled", throttled(reading)));
    rows.push(String::new());
    rows.push(row("memory", memory(reading, machine, bar)));
    rows.extend(swap(reading).map(|text| row("swap", text)));
    rows.push(row("oom kills", number(reading.stat.memory.oom_kills)));
    rows.push(String::new());
    rows.push(row("pids", pids(reading, bar)));
    rows.push(String::new());
    rows.push(row("pressure", pressure(reading)));
    if reading.stat.frozen == Some(true) {
        rows.push(row("frozen", "nobody in it runs".to_owned()));
    }
    rows
}

fn number(number: Option<u64>) -> String {
    number.map_or_else(|| "not told here".to_owned(), |number| number.to_string())
}

/// `[######......]`, in blocks.
fn bar(share: f64, width: usize, colour: bool) -> String {
    let share = share.clamp(0.0, 1.0);
    let full = (share * width as f64).round() as usize;
    let (blocks, rest) = ("█".repeat(full), "·".repeat(width - full));
    let paint = match share {
        _ if !colour => return format!("[{blocks}{rest}]"),
        FULL.. => "31",
        NEARLY.. => "33",
        _ => "32",
    };
    format!("[\x1b[{paint}m{blocks}\x1b[0m{rest}]")
}

fn cpu(reading: &Reading, machine: &Machine, bar: impl Fn(f64) -> String) -> String {
    let Some(cores) = reading.cores else {
        return "not counted here".to_owned();
    };
    match reading.cores_limit {
        Some(limit) => format!("{} {cores:.2} of {limit:.2} cores", bar(cores / limit)),
        None => {
            let all = machine.cpus.0.len();
            format!("{} {cores:.2} cores, no limit", bar(cores / all as f64))
        }
    }
}

fn throttled(reading: &Reading) -> String {
    match (
        reading.throttled,
        reading.periods,
        reading.throttled_seconds,
    ) {
        (Some(throttled), Some(periods), Some(waited)) => {
            format!("in {throttled} of {periods} periods, waited {waited:.2} s")
        }
        _ => "not told here".to_owned(),
    }
}

fn memory(reading: &Reading, machine: &Machine, bar: impl Fn(f64) -> String) -> String {
    let memory = &reading.stat.memory;
    let Some(used) = memory.used else {
        return "not counted here".to_owned();
    };
    let peak = memory.peak.map(|peak| format!(", peak {}", size(peak)));
    let peak = peak.unwrap_or_default();
    match memory.limit {
        Some(Limit::Bytes(limit)) if limit > 0 => {
            let share = used as f64 / limit as f64;
            format!("{} {} of {}{peak}", bar(share), size(used), size(limit))
        }
        _ => {
            let share = used as f64 / machine.memory as f64;
            format!("{} {}, no limit{peak}", bar(share), size(used))
        }
    }
}

fn swap(reading: &Reading) -> Option<String> {
    let memory = &reading.stat.memory;
    let limit = match memory.swap_limit {
        Some(Limit::Bytes(bytes)) => format!(" of {}", size(bytes)),
        _ => ", no limit".to_owned(),
    };
    Some(format!("{}{limit}", size(memory.swap_used?)))
}

fn pids(reading: &Reading, bar: impl Fn(f64) -> String) -> String {
    let pids = &reading.stat.pids;
    let Some(used) = pids.used else {
        return "not counted here".to_owned();
    };
    let refused = pids.refused.filter(|refused| *refused > 0);
    let refused = refused.map_or_else(String::new, |refused| format!(", {refused} refused"));
    match pids.limit {
        Some(Pids::Count(limit)) if limit > 0 => {
            let share = used as f64 / f64::from(limit);
            format!("{} {used} of {limit}{refused}", bar(share))
        }
        _ => format!("{used}, no limit{refused}"),
    }
}

/// Waiting, as the kernel counts it for each group of v2 alone.
fn pressure(reading: &Reading) -> String {
    let pressure = &reading.stat.pressure;
    let all = [
        ("cpu", pressure.cpu),
        ("memory", pressure.memory),
        ("io", pressure.io),
    ];
    let told = all.into_iter();
    let told = told.filter_map(|(name, share)| Some(format!("{name} {:.1}%", share?)));
    let told: Vec<_> = told.collect();
    if !told.is_empty() {
        return format!("{} of the last 10 s somebody waited", told.join(", "));
    }
    match reading.stat.layout {
        cgroups::Shape::V2 => "this kernel counts no waiting (CONFIG_PSI, psi=1)".to_owned(),
        _ => "not told: v1 does not count who waits".to_owned(),
    }
}
