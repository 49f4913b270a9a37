//! Refused: nobody outside of the group is touched
//! Observed: it was ended

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

fn main() {
    // All that we may signal, at once: kill(2).
    let _ = kill(Pid::from_raw(-1), Signal::SIGKILL);
}
