//! Groups as lines of a table, 80 columns wide.

use cgroups::limits::{Limit, Pids, size};

use super::reading::Reading;

/// The table; the names of its columns once.
pub(super) fn table(readings: &[Reading], head: bool) -> String {
    let columns = [
        "GROUP",
        "CPU",
        "OF",
        "THROTTLED",
        "MEMORY",
        "OF",
        "PEAK",
        "PIDS",
        "OF",
        "WAITS",
    ];
    let head = head.then(|| line(columns.map(str::to_owned)));
    let rows = readings.iter().map(|reading| line(cells(reading)));
    head.into_iter().chain(rows).collect::<Vec<_>>().join("\n")
}

/// What is not limited, or not told, is a dash.
fn cells(reading: &Reading) -> [String; 10] {
    let stat = &reading.stat;
    let cores = |cores: f64| format!("{cores:.2}");
    let throttled = reading.throttled.zip(reading.periods);
    let memory_limit = match stat.memory.limit {
        Some(Limit::Bytes(bytes)) => Some(size(bytes)),
        _ => None,
    };
    let pids_limit = match stat.pids.limit {
        Some(Pids::Count(count)) => Some(count.to_string()),
        _ => None,
    };
    let cells = [
        Some(stat.name.clone()),
        reading.cores.map(cores),
        reading.cores_limit.map(cores),
        throttled.map(|(throttled, periods)| format!("{throttled}/{periods}")),
        stat.memory.used.map(size),
        memory_limit,
        stat.memory.peak.map(size),
        stat.pids.used.map(|count| count.to_string()),
        pids_limit,
        stat.pressure.cpu.map(|share| format!("{share:.0}%")),
    ];
    cells.map(|cell| cell.unwrap_or_else(|| "-".to_owned()))
}

fn line(
    [
        name,
        cpu,
        cpu_of,
        throttled,
        memory,
        memory_of,
        peak,
        pids,
        pids_of,
        waits,
    ]: [String; 10],
) -> String {
    format!(
        "{:<14} {cpu:>6} {cpu_of:>6} {throttled:>9} {memory:>7} {memory_of:>7} {peak:>7} \
         {pids:>5} {pids_of:>5} {waits:>5}",
        fit(&name, 14)
    )
}

/// A long name shows by its end that it was cut.
fn fit(name: &str, width: usize) -> String {
    match name.chars().count() > width {
        true => name.chars().take(width - 1).chain(['…']).collect(),
        false => name.to_owned(),
    }
}
