//! `era-caps about`: what a capability allows, and what it has been abused for.

use capabilities::about::{About as Row, about};
use capabilities::{Cap, CapSet};
use clap::Args;
use serde_json::json;

use super::wrap::wrap;
use super::{FAILED, list};
use crate::{failure, result};

#[derive(Debug, Args)]
pub(super) struct About {
    /// Names or numbers, with commas between them; without, all that this kernel knows
    #[arg(value_name = "CAPS")]
    caps: Option<String>,
    /// Tell it to a program
    #[arg(long)]
    json: bool,
}

impl About {
    pub(super) fn main(self) -> u8 {
        let caps = self.caps.as_deref().map_or(Ok(CapSet::all()), list);
        let caps: Vec<Cap> = match caps {
            Ok(caps) => caps.iter().collect(),
            Err(error) => {
                failure::print(&error);
                return FAILED;
            }
        };
        let text = match (self.json, self.caps.is_some()) {
            (true, _) => {
                let values: Vec<_> = caps.iter().map(|cap| value(*cap)).collect();
                format!("{:#}", json!(values))
            }
            (false, true) => {
                let texts: Vec<_> = caps.iter().map(|cap| whole(*cap)).collect();
                texts.join("\n\n")
            }
            (false, false) => {
                let lines: Vec<_> = caps.iter().map(|cap| line(*cap)).collect();
                lines.join("\n")
            }
        };
        result::print(&text, 0, FAILED)
    }
}

const UNKNOWN: &str = "younger than this program: see capabilities(7)";

fn words(row: Option<&'static Row>, what: fn(&Row) -> &'static str) -> &'static str {
    row.map_or(UNKNOWN, what)
}

/// One of the list.
fn line(cap: Cap) -> String {
    let allows = words(about(cap), |row| row.allows);
    let first = format!("{:2} {:<23}", cap.number(), cap);
    wrap(&first, allows.split(' '))
}

/// All that is known of one.
fn whole(cap: Cap) -> String {
    let row = about(cap);
    let since = row.map_or(String::new(), |row| format!(", since Linux {}", row.since));
    let allows = words(row, |row| row.allows);
    let abuse = words(row, |row| row.abuse);
    [
        format!("{cap}, number {}{since}", cap.number()),
        wrap("  may      ", allows.split(' ')),
        wrap("  misused  ", abuse.split(' ')),
    ]
    .join("\n")
}

fn value(cap: Cap) -> serde_json::Value {
    let row = about(cap);
    json!({
        "number": cap.number(),
        "name": cap.name(),
        "since": row.map(|row| row.since),
        "allows": row.map(|row| row.allows),
        "abuse": row.map(|row| row.abuse),
    })
}
