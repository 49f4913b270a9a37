//! Refused: the command sees a /proc of its own namespace
//! Observed: the /proc of outside

use std::os::unix::process::CommandExt;
use std::process::{Command, exit};
use std::sync::atomic::{AtomicI32, Ordering};

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{SigHandler, Signal, kill, signal};
use nix::sys::wait::{WaitStatus, wait};
use nix::unistd::{ForkResult, Pid, fork};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.is_empty() {
        eprintln!("usage: answer COMMAND [ARGUMENT…]");
        exit(2);
    }
    exit(outside(&words));
}

/// Makes the namespaces and PID 1, and waits for it; gives the exit status.
fn outside(words: &[String]) -> i32 {
    unshare(CloneFlags::CLONE_NEWPID | CloneFlags::CLONE_NEWNS).expect("root may");
    watch_over(|| exit(first_process(words)))
}

/// The life of PID 1; gives the command's exit status.
fn first_process(words: &[String]) -> i32 {
    let none = None::<&str>;
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(none, "/", none, private, none).expect("our mounts are ours");
    watch_over(|| become_command(words))
}

/// The child that gets our SIGTERM.
static CHILD: AtomicI32 = AtomicI32::new(0);

extern "C" fn send_on(_: libc::c_int) {
    let _ = kill(Pid::from_raw(CHILD.load(Ordering::SeqCst)), Signal::SIGTERM);
}

/// Makes a child, sends SIGTERM on to it, and collects whoever ends, until it does.
fn watch_over(child: impl FnOnce()) -> i32 {
    // SAFETY: one thread only.
    let pid = match unsafe { fork() }.expect("a process is left") {
        ForkResult::Child => {
            child();
            unreachable!("it has ended or is another program")
        }
        ForkResult::Parent { child } => child,
    };
    CHILD.store(pid.as_raw(), Ordering::SeqCst);
    // SAFETY: the handler makes one system call.
    unsafe { signal(Signal::SIGTERM, SigHandler::Handler(send_on)) }.expect("SIGTERM");
    loop {
        match wait() {
            Ok(WaitStatus::Exited(ended, status)) if ended == pid => return status,
            Ok(WaitStatus::Signaled(ended, by, _)) if ended == pid => return 128 + by as i32,
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => panic!("wait: {errno}"),
        }
    }
}

/// The last thing that the command's process does as this program.
fn become_command(words: &[String]) -> ! {
    let error = Command::new(&words[0]).args(&words[1..]).exec();
    eprintln!("answer: cannot run {}: {error}", words[0]);
    exit(127);
}
