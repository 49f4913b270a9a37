//! Refused: no zombie stays
//! Observed: are a zombie still

use std::os::unix::process::CommandExt;
use std::process::{Command, exit};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let ours: SigSet = [Signal::SIGTERM, Signal::SIGCHLD].into_iter().collect();
    ours.thread_block().unwrap();
    unshare(CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWPID).unwrap();
    // SAFETY: one thread only, here and below.
    match unsafe { fork() }.unwrap() {
        ForkResult::Parent { child } => exit(serve(child, &ours)),
        ForkResult::Child => {}
    }
    let slave = MsFlags::MS_SLAVE | MsFlags::MS_REC;
    mount(None::<&str>, "/", None::<&str>, slave, None::<&str>).unwrap();
    mount(
        Some("own"),
        "/proc",
        Some("proc"),
        MsFlags::MS_NOSUID,
        None::<&str>,
    )
    .unwrap();
    match unsafe { fork() }.unwrap() {
        ForkResult::Parent { child } => exit(serve(child, &ours)),
        ForkResult::Child => {
            ours.thread_unblock().unwrap();
            let error = Command::new(&words[0]).args(&words[1..]).exec();
            eprintln!("answer: cannot run {}: {error}", words[0]);
            exit(127);
        }
    }
}

/// Takes signals until `child` has ended.
fn serve(child: Pid, ours: &SigSet) -> i32 {
    loop {
        if ours.wait().unwrap() == Signal::SIGTERM {
            kill(child, Signal::SIGTERM).unwrap();
            continue;
        }
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, status)) if pid == child => return status,
            Ok(WaitStatus::Signaled(pid, by, _)) if pid == child => return 128 + by as i32,
            _ => {}
        }
    }
}
