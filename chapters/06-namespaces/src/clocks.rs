//! The clocks of a time namespace: time_namespaces(7).
//!
//! Two clocks count from the start of the machine. A new time namespace may shift them, as
//! long as nobody is in it yet; then a container that is moved to another machine does not
//! see time run backwards.

use groundwork::kernel;
use groundwork::step;

use crate::error::{Error, Result};

/// By how many seconds each clock is shifted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Offsets {
    /// CLOCK_MONOTONIC: time since some start, without sleep.
    pub monotonic: Option<i64>,
    /// CLOCK_BOOTTIME: the same with the time that the machine slept; uptime(1) shows it.
    pub boottime: Option<i64>,
}

impl Offsets {
    /// Whether any clock is to be shifted.
    pub fn any(self) -> bool {
        self.monotonic.is_some() || self.boottime.is_some()
    }
}

/// Shifts the clocks of the time namespace that was just made, for the children.
pub fn shift(offsets: Offsets) -> Result<()> {
    if !offsets.any() {
        return Ok(());
    }
    step("Set the clocks while nobody is in there yet");
    // The numbers of clock_gettime(2).
    let clocks = [(7, offsets.boottime), (1, offsets.monotonic)];
    for (clock, offset) in clocks {
        let Some(seconds) = offset else { continue };
        let line = format!("{clock} {seconds} 0");
        kernel::write_file("/proc/self/timens_offsets", &line, "time_namespaces(7)")
            .map_err(|call| Error::Clock { seconds, call })?;
    }
    Ok(())
}
