//! What the tests of era-seccomp share.

#![allow(dead_code)] // each test target uses a part

use std::os::unix::fs::PermissionsExt;

use crate::support::programs::{sh, text};

/// What a line came to.
#[derive(Debug)]
pub struct Run {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

/// A folder that everybody may use, `$D` in the lines.
pub fn folder() -> tempfile::TempDir {
    let folder = tempfile::Builder::new()
        .prefix("seccomp")
        .tempdir()
        .unwrap();
    let all = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(folder.path(), all).unwrap();
    folder
}

/// Runs a line in a folder, without core files.
pub fn run_in(folder: &tempfile::TempDir, line: &str) -> Run {
    let path = folder.path().display();
    let output = sh(&format!("ulimit -c 0; D={path}; cd $D; {line}"));
    Run {
        status: output.status.code().unwrap_or(-1),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
    }
}

/// Runs a line in a folder of its own.
pub fn run(line: &str) -> Run {
    run_in(&folder(), line)
}

impl Run {
    /// The one line that was printed, after a good end.
    #[track_caller]
    pub fn says(&self) -> &str {
        assert_eq!(self.status, 0, "{self:?}");
        self.stdout.trim_end()
    }
}
