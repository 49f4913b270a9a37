//! Refused: PID 1 is the program's own, and the parent of the command
//! Observed: the command is PID 1 itself

use std::process::Command;

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use std::os::unix::process::CommandExt;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    unshare(CloneFlags::CLONE_NEWPID).unwrap();
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]);
    // SAFETY: only system calls between fork and exec.
    unsafe {
        command.pre_exec(|| {
            unshare(CloneFlags::CLONE_NEWNS)?;
            let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
            mount(None::<&str>, "/", None::<&str>, private, None::<&str>)?;
            mount(
                Some("proc"),
                "/proc",
                Some("proc"),
                MsFlags::empty(),
                None::<&str>,
            )?;
            Ok(())
        });
    }
    let status = command.status().unwrap();
    std::process::exit(status.code().unwrap_or(1));
}
