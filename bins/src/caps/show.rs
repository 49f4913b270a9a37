//! `era-caps show`: the five sets of a process, side by side.

use capabilities::show::{Pattern, Process};
use capabilities::{CapSet, Error};
use clap::Args;
use serde_json::json;

use super::FAILED;
use super::wrap::wrap;
use crate::explain::Explain;
use crate::{failure, result};

#[derive(Debug, Args)]
pub(super) struct Show {
    /// Of this process; without, what a program has that is started here
    #[arg(conflicts_with = "all")]
    pid: Option<i32>,
    /// Of every process that holds any
    #[arg(short, long)]
    all: bool,
    /// Tell it to a program
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    explain: Explain,
}

impl Show {
    pub(super) fn main(self) -> u8 {
        self.explain.install();
        match self.text() {
            Ok(text) => result::print(&text, 0, FAILED),
            Err(error) => {
                failure::print(&error);
                FAILED
            }
        }
    }

    fn text(&self) -> Result<String, Error> {
        if self.all {
            let processes = Process::all()?;
            return Ok(match self.json {
                true => {
                    let values: Vec<_> = processes.iter().map(value).collect();
                    format!("{:#}", json!(values))
                }
                false => table(&processes),
            });
        }
        let process = self.pid.map_or_else(Process::this, Process::of)?;
        Ok(match self.json {
            true => format!("{:#}", value(&process)),
            false => sets(&process),
        })
    }
}

fn value(process: &Process) -> serde_json::Value {
    let list = |set: CapSet| set.iter().map(|cap| cap.name()).collect::<Vec<_>>();
    let sets = &process.sets;
    json!({
        "pid": process.pid,
        "ppid": process.parent,
        "name": process.name,
        "uid": process.uid,
        "permitted": list(sets.permitted),
        "effective": list(sets.effective),
        "inheritable": list(sets.inheritable),
        "bounding": list(sets.bounding),
        "ambient": list(sets.ambient),
        "no_new_privs": process.no_new_privs,
        "securebits": process.securebits.map(|bits| bits.names()),
    })
}

/// A column for each set, by the names of /proc/PID/status; a row for all capabilities that
/// are in the same sets.
fn sets(process: &Process) -> String {
    let mut lines = vec![
        format!("PID {} {}, uid {}", process.pid, process.name, process.uid),
        "Prm Eff Inh Bnd Amb".to_owned(),
    ];
    for (pattern, caps) in process.sets.by_pattern() {
        lines.push(row(pattern, caps));
    }
    let securebits = match process.securebits.map(|bits| bits.names()) {
        None => "not told of other processes".to_owned(),
        Some(names) if names.is_empty() => "none".to_owned(),
        Some(names) => names.join(" "),
    };
    let no_new_privs = if process.no_new_privs { "yes" } else { "no" };
    lines.push(format!(
        "securebits {securebits}, no_new_privs {no_new_privs}"
    ));
    lines.join("\n")
}

fn row(pattern: Pattern, caps: CapSet) -> String {
    let marks = pattern.map(|held| if held { " x " } else { " - " });
    let text = caps.to_string();
    let words = text.replace(',', " ");
    wrap(&format!("{}  ", marks.join(" ")), words.split(' '))
}

/// As pscap(8): who holds what may be used.
fn table(processes: &[Process]) -> String {
    let mut lines = vec!["  PPID    PID    UID COMMAND          CAPABILITIES".to_owned()];
    for process in processes {
        // No program's name is longer; what a kernel helper calls itself may be.
        let name: String = process.name.chars().take(16).collect();
        let first = format!(
            "{:6} {:6} {:6} {name:<16} ",
            process.parent, process.pid, process.uid
        );
        let text = process.sets.permitted.to_string().replace(',', " ");
        lines.push(wrap(&first, text.split(' ')));
    }
    lines.join("\n")
}
