//! Kills its parent, and everybody whom it may.

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getppid};

fn main() {
    let _ = kill(getppid(), Signal::SIGKILL);
    let _ = kill(Pid::from_raw(-1), Signal::SIGKILL);
    println!("it killed all that it could");
}
