//! `era-seccomp record`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Args;
use seccomp::error::Result;
use seccomp::profile::write;
use seccomp::record::{self, Recording};

use crate::explain::Explain;

#[derive(Debug, Args)]
pub(super) struct Record {
    /// Write the profile to this file, in Docker's form
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// Gain no privileges by set-user-id programs, even if we have CAP_SYS_ADMIN
    #[arg(long)]
    no_new_privs: bool,
    #[command(flatten)]
    explain: Explain,
    /// The program and its arguments
    #[arg(
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "CMD"
    )]
    command: Vec<OsString>,
}

impl Record {
    pub(super) fn main(self) -> Result<u8> {
        self.explain.install();
        // Before the program runs: a long run for nothing would be a pity.
        write::prepare(&self.output)?;
        let program = super::program(self.command);
        let (recording, exit) = record::record(&program, self.no_new_privs)?;
        let profile = recording.profile().to_json();
        let text = serde_json::to_string_pretty(&profile).expect("plain data") + "\n";
        write::save(&self.output, text.as_bytes())?;
        tell(&recording, &self.output);
        Ok(exit.status())
    }
}

/// How much was seen. The program has had its own words.
fn tell(recording: &Recording, output: &Path) {
    let plural = |count: usize, word: &str, words: &str| match count {
        1 => format!("1 {word}"),
        count => format!("{count} {words}"),
    };
    eprintln!(
        "{}: {} by {}",
        output.display(),
        plural(recording.names().len(), "call", "calls"),
        plural(
            recording.tasks,
            "process or thread",
            "processes and threads"
        ),
    );
    for (arch, number) in &recording.nameless {
        eprintln!(
            "warning: call {number} of architecture {arch:#x} has no name here, and is not in it"
        );
    }
}
