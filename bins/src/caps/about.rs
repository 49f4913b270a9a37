//! `era-caps about`: the capabilities of this kernel.

use capabilities::CapSet;
use clap::Args;

use super::FAILED;
use crate::{failure, result};

#[derive(Debug, Args)]
pub(super) struct About {
    /// Names or numbers, with commas between them
    #[arg(value_name = "CAP")]
    caps: Option<String>,
}

impl About {
    pub(super) fn main(self) -> u8 {
        let caps = match self.caps.map(|text| text.parse::<CapSet>()) {
            Some(Err(error)) => {
                failure::print(&error);
                return FAILED;
            }
            Some(Ok(caps)) => caps,
            None => CapSet::all(),
        };
        let lines: Vec<_> = caps
            .iter()
            .map(|cap| format!("{:2}  {cap}", cap.number()))
            .collect();
        result::print(&lines.join("\n"), 0, FAILED)
    }
}
