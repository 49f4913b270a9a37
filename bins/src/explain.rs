//! `--explain`: the program tells each kernel call that it makes, on stderr.

use std::io::{IsTerminal, stderr};

use clap::{Args, ValueEnum};
use groundwork::narrate;

/// The flag that every program has.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct Explain {
    /// Tell each kernel call as it is made, with the reason (also: ERA_EXPLAIN=1)
    #[arg(long, value_name = "HOW", num_args = 0..=1, require_equals = true, default_missing_value = "human")]
    explain: Option<How>,
}

/// For whom the calls are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum How {
    /// For people
    Human,
    /// For programs: one line of JSON an event
    Json,
}

impl Explain {
    /// Installs the listener that was asked for, by the flag or by ERA_EXPLAIN.
    pub fn install(self) {
        #[cfg(feature = "inject")]
        install_fault();
        let by_environment = || match std::env::var("ERA_EXPLAIN").as_deref() {
            Ok("json") => Some(How::Json),
            Ok("" | "0") | Err(_) => None,
            Ok(_) => Some(How::Human),
        };
        match self.explain.or_else(by_environment) {
            Some(How::Human) => {
                narrate::install(Box::new(narrate::Human::new(stderr(), colour())));
            }
            Some(How::Json) => narrate::install(Box::new(narrate::Json(stderr()))),
            None => {}
        }
    }
}

/// Whether stderr wants colour: a terminal, and NO_COLOR not set (no-color.org).
pub(crate) fn colour() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let colour = stderr().is_terminal() && !refused;
    // The crate decides by stdout, and we write to stderr.
    colored::control::set_override(colour);
    colour
}

/// Test builds only: ERA_FAULT=child:mount:2=EPERM makes that call fail, and
/// ERA_FAULT=chroot=omitted leaves it out; see `groundwork::inject`.
#[cfg(feature = "inject")]
fn install_fault() {
    if let Ok(text) = std::env::var("ERA_FAULT") {
        groundwork::inject::install(text.parse().expect("ERA_FAULT"));
    }
}
