//! What the tests share: skips that are known by name.

#![allow(dead_code)] // each test target uses a part

pub mod programs;

use std::io::Write;
use std::process::Command;

/// Whether a probe of the doctor's works here. If not, the calling test is to return: its
/// skip has been printed, and goes to the file in ERA_SKIPS, which CI compares with
/// tests/skips.
///
/// A probe makes a child, and a test has threads: so the program is asked.
#[must_use = "a test that cannot run has to return"]
pub fn needs(probe: &str) -> bool {
    let output = Command::new(env!("CARGO_BIN_EXE_era"))
        .args(["doctor", "--json", probe])
        .output()
        .expect("era runs");
    let found: serde_json::Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no probe {probe}"));
    if found[0]["state"] == "works" {
        return true;
    }
    skip(probe, found[0]["why"].as_str().unwrap_or_default());
    false
}

/// Says that the calling test cannot run here, since `probe` found `why`; for what a test
/// has to see more exactly than the probe's state.
pub fn skip(probe: &str, why: &str) {
    let test = std::thread::current().name().unwrap_or("?").to_owned();
    let test = format!("{}::{test}", env!("CARGO_CRATE_NAME"));
    eprintln!("skipped {test}: {probe} {why}");
    if let Some(file) = std::env::var_os("ERA_SKIPS") {
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(file)
            .expect("ERA_SKIPS is a file that can be written");
        // One write a line: other tests skip at the same moment.
        let line = format!("{test}: {probe}\n");
        file.write_all(line.as_bytes())
            .expect("ERA_SKIPS can be written");
    }
}
