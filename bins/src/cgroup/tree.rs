//! `era-cgroup tree`: every group of ours, a line each.

use cgroups::stat::Stat;
use cgroups::{Error, Group, Home};
use clap::Args;

use super::{FAILED, facts, show};
use crate::explain::Explain;
use crate::result;

#[derive(Debug, Args)]
pub(super) struct Tree {
    /// JSON, for programs
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    explain: Explain,
}

impl Tree {
    pub(super) fn main(self) -> Result<u8, Error> {
        self.explain.install();
        let home = Home::find(&facts())?;
        let groups: Vec<_> = home
            .names()
            .iter()
            .filter_map(|name| name.parse().ok())
            .collect();
        // One that goes away meanwhile is not there any more.
        let groups = groups
            .iter()
            .filter_map(|name| Group::open(&home, name).ok());
        let stats: Vec<_> = groups
            .map(|group| (group.nested(), group.stat(&home)))
            .collect();
        let text = match self.json {
            true => {
                let stats: Vec<_> = stats.iter().map(|(_, stat)| stat).collect();
                serde_json::to_string_pretty(&stats).expect("plain data")
            }
            false => table(&stats),
        };
        Ok(result::print(&text, 0, FAILED))
    }
}

/// Names to the left, numbers to the right.
fn table(stats: &[(Vec<String>, Stat)]) -> String {
    let heading = ["GROUP", "PROCS", "CPU", "LIMIT", "MEMORY", "LIMIT", "PIDS"];
    let mut rows = vec![heading.map(str::to_owned)];
    for (nested, stat) in stats {
        rows.push(row(stat));
        let below = |name: &String| {
            let depth = name.matches('/').count() + 1;
            let last = name.rsplit('/').next().unwrap_or(name);
            let mut row = [const { String::new() }; 7];
            row[0] = format!("{}{last}", "  ".repeat(depth));
            row
        };
        rows.extend(nested.iter().map(below));
    }
    let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max();
    let widths: Vec<_> = (0..heading.len())
        .map(|at| width(at).unwrap_or(0))
        .collect();
    let line = |row: &[String; 7]| {
        let cells = row.iter().zip(&widths).enumerate();
        let cells = cells.map(|(at, (cell, width))| match at {
            0 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn row(stat: &Stat) -> [String; 7] {
    fn shown(value: Option<impl ToString>) -> String {
        value.map_or_else(|| "-".to_owned(), |value| value.to_string())
    }
    let frozen = match stat.frozen {
        Some(true) => " (frozen)",
        _ => "",
    };
    [
        format!("{}{frozen}", stat.name),
        stat.processes.len().to_string(),
        shown(stat.cpu.used_usec.map(show::seconds)),
        shown(stat.cpu.limit),
        shown(stat.memory.used.map(cgroups::limits::size)),
        shown(stat.memory.limit),
        shown(stat.pids.used),
    ]
}
