//! The programs of the eras by their own names, as the tour puts them on PATH.

#![allow(dead_code)] // each test target uses a part

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder with a link for each program, all of them leading to `era`.
pub fn programs() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("programs");
    std::fs::create_dir_all(&folder).expect("the target folder can be written");
    for program in bins::PROGRAMS {
        // Another test may have made it at this moment.
        let _ = std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_era"), folder.join(program.name));
    }
    folder
}

/// One of them.
pub fn program(name: &str) -> PathBuf {
    programs().join(name)
}

/// Runs a script with our programs in front of the system's.
pub fn sh(script: &str) -> Output {
    let path = format!(
        "{}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        programs().display()
    );
    Command::new("/bin/sh")
        .args(["-c", script])
        .env("PATH", path)
        .env("LC_ALL", "C")
        .env_remove("ERA_EXPLAIN")
        .output()
        .expect("there is a shell")
}

/// What a program printed, readable.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Whether a test can run here. If not, it is to return: its skip has been told, as for the
/// doctor's probes.
#[must_use = "a test that cannot run has to return"]
pub fn probed(probe: &str, works: bool, why: &str) -> bool {
    if !works {
        super::skip(probe, why);
    }
    works
}
