//! A check at each save.
//!
//! The file's date and length are looked at five times a second: that is fast enough, works
//! on every file system, and needs no crate.

use std::path::Path;
use std::time::{Duration, SystemTime};

/// How often the file is looked at.
const PAUSE: Duration = Duration::from_millis(200);

/// What tells one save from another.
fn mark(file: &Path) -> Option<(SystemTime, u64)> {
    let meta = std::fs::metadata(file).ok()?;
    Some((meta.modified().ok()?, meta.len()))
}

/// Calls `check` now and after each save, until it says that it is enough.
pub fn saves(file: &Path, mut check: impl FnMut() -> bool) {
    loop {
        let seen = mark(file);
        if check() {
            return;
        }
        // An editor may replace the file: for a moment there is none.
        while mark(file) == seen || mark(file).is_none() {
            std::thread::sleep(PAUSE);
        }
    }
}
