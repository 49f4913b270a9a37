//! Two looks at a group, and what happened between them.

use std::time::Instant;

use cgroups::limits::Cpu;
use cgroups::stat::Stat;
use cgroups::{Group, Home};
use serde::Serialize;

/// A group at one moment.
#[derive(Debug)]
pub(super) struct Look {
    at: Instant,
    /// What the kernel's files said.
    pub(super) stat: Stat,
}

impl Look {
    /// Looks now.
    pub(super) fn at(group: &Group, home: &Home) -> Self {
        Self {
            at: Instant::now(),
            stat: group.stat(home),
        }
    }
}

/// What a group did between two looks, and how it stands at the second.
#[derive(Debug, Serialize)]
pub(super) struct Reading {
    /// How long it was measured.
    pub(super) seconds: f64,
    /// How many CPUs' time it took.
    pub(super) cores: Option<f64>,
    /// How many it may take; none without a limit.
    pub(super) cores_limit: Option<f64>,
    /// In how many periods it wanted to run.
    pub(super) periods: Option<u64>,
    /// In how many of them it had to wait for the next one.
    pub(super) throttled: Option<u64>,
    /// How long it waited so, all its threads together.
    pub(super) throttled_seconds: Option<f64>,
    /// The second look.
    #[serde(flatten)]
    pub(super) stat: Stat,
}

impl Reading {
    /// What happened between two looks at the same group.
    pub(super) fn between(before: &Look, now: &Look) -> Self {
        let seconds = now.at.duration_since(before.at).as_secs_f64();
        let (then, cpu) = (&before.stat.cpu, &now.stat.cpu);
        // A group that was removed and made again begins at nothing.
        let more = |then: Option<u64>, now: Option<u64>| Some(now?.saturating_sub(then?));
        let micro = |count: u64| count as f64 / 1e6;
        Self {
            seconds,
            cores: more(then.used_usec, cpu.used_usec).map(|usec| micro(usec) / seconds),
            cores_limit: cpu.limit.and_then(cores),
            periods: more(then.periods, cpu.periods),
            throttled: more(then.throttled, cpu.throttled),
            throttled_seconds: more(then.throttled_usec, cpu.throttled_usec).map(micro),
            stat: now.stat.clone(),
        }
    }
}

fn cores(limit: Cpu) -> Option<f64> {
    match limit {
        Cpu::Quota { quota, period } => Some(quota as f64 / period as f64),
        Cpu::Max => None,
    }
}

/// A line for each.
pub(super) fn json(readings: &[Reading]) -> String {
    let lines = readings
        .iter()
        .map(|reading| serde_json::to_string(reading).expect("plain data"));
    lines.collect::<Vec<_>>().join("\n")
}
