//! `era-caps need`: which capabilities a program needs.

use std::ffi::OsString;
use std::time::Duration;

use capabilities::need::{self, Expect, Verdict};
use capabilities::{CapSet, Error};
use clap::Args;
use groundwork::process::Program;
use indoc::indoc;

use super::RUN_FAILED as FAILED;
use crate::explain::Explain;
use crate::{failure, ids, result};

mod told;

pub(super) const EXAMPLES: &str = indoc! {"
    Examples:
      era-caps need -- mount -t tmpfs none /mnt
      era-caps need --expect running --timeout 2 -- python3 -m http.server 80

    Ends with 0 if they were found, 1 if it cannot be judged, 125 if it failed,
    126 or 127 if nobody could run CMD. The book: 05-capabilities"};

/// It fails with all, or at random.
const NOT_JUDGED: u8 = 1;

#[derive(Debug, Args)]
pub(super) struct Need {
    /// Run it right here, not in a sandbox: what it changes stays
    #[arg(long)]
    in_place: bool,
    /// How long one run may take
    #[arg(long, value_name = "SECS", default_value = "10", value_parser = seconds)]
    timeout: Duration,
    /// What counts as success: an exit status, or `running` if it still runs at its time-out
    #[arg(long, value_name = "STATUS", default_value = "0", value_parser = expect)]
    expect: Expect,
    /// Judge it for this user, and this group (else the group of the same number)
    #[arg(long, value_name = "UID[:GID]", value_parser = ids::user)]
    user: Option<(u32, u32)>,
    /// Give it these, too, though no sandbox holds what they can do
    #[arg(long, value_name = "LIST", default_value = "")]
    allow: String,
    /// Let it use the network of this machine
    #[arg(long, conflicts_with = "in_place")]
    share_network: bool,
    /// Tell in JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    explain: Explain,
    /// The program and its arguments
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        required = true,
        value_name = "CMD"
    )]
    command: Vec<OsString>,
}

impl Need {
    pub(super) fn main(self) -> u8 {
        self.explain.install();
        let json = self.json;
        let found = self.allow.parse::<CapSet>().and_then(|allow| {
            let need = need::Need {
                program: Program::new(self.command, std::env::vars_os()),
                user: self.user,
                expect: self.expect,
                limit: self.timeout,
                in_place: self.in_place,
                share_network: self.share_network,
                allow,
            };
            need.find()
        });
        match found {
            Ok((verdict, setting)) => {
                let status = match verdict {
                    Verdict::Needs(..) => 0,
                    Verdict::FailsWithAll(..) | Verdict::Random(..) => NOT_JUDGED,
                };
                let text = match json {
                    true => told::json(&verdict, &setting),
                    false => told::text(&verdict, &setting),
                };
                result::print(&text, status, FAILED)
            }
            Err(error) => {
                failure::print(&error);
                status(&error)
            }
        }
    }
}

fn status(error: &Error) -> u8 {
    match error {
        Error::NoProgram { call, .. } => failure::exec_status(call),
        _ => FAILED,
    }
}

/// More than none, and at most a day.
fn seconds(text: &str) -> Result<Duration, String> {
    const DAY: f64 = 86400.0;
    let number = text.parse::<f64>().ok();
    let number = number.filter(|number| *number >= 0.01 && *number <= DAY);
    let number = number.ok_or("want seconds, from 0.01 to 86400")?;
    Ok(Duration::from_secs_f64(number))
}

fn expect(text: &str) -> Result<Expect, String> {
    match (text, text.parse::<u8>()) {
        ("running", _) => Ok(Expect::Running),
        (_, Ok(status)) => Ok(Expect::Status(status)),
        _ => Err("want a status from 0 to 255, or running".to_owned()),
    }
}
