//! `era-seccomp record`.

use std::path::{Path, PathBuf};

use clap::Args;
use seccomp::error::Result;
use seccomp::profile::write;
use seccomp::record::{self, Recording};

use super::Start;

#[derive(Debug, Args)]
pub(super) struct Record {
    /// Write the profile to this file, in Docker's form
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    start: Start,
}

impl Record {
    pub(super) fn main(self) -> Result<u8> {
        self.start.explain.install();
        // Before the program runs: a long run for nothing would be a pity.
        let output = write::prepare(&self.output)?;
        let program = super::program(self.start.command);
        let (recording, exit) = record::record(&program, self.start.no_new_privs)?;
        let profile = recording.profile().to_json();
        let text = serde_json::to_string_pretty(&profile).expect("plain data") + "\n";
        output.save(text.as_bytes())?;
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
    crate::result::aside(format_args!(
        "{}: {} by {}",
        output.display(),
        plural(recording.names().len(), "call", "calls"),
        plural(
            recording.tasks,
            "process or thread",
            "processes and threads"
        ),
    ));
    for (arch, number) in &recording.nameless {
        crate::result::aside(format_args!(
            "warning: call {number} of architecture {arch:#x} has no name here, and is not in it"
        ));
    }
}
