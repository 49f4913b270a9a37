//! The child in which a thing is tried.
//!
//! What it does to itself (namespaces, mounts, filters) ends with it. It is made by a plain
//! fork(2), not by clone3(2), which the seccomp filter of a container engine may hide: a
//! probe must be able to say just that.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use serde::{Deserialize, Serialize};

use crate::kernel::{self, CallError, Pid, Signal};
use crate::narrate;

/// Why a trial did not come to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stopped {
    /// The kernel refused a call.
    Refused {
        /// Which step of the sequence, in a word or two.
        step: String,
        /// The call.
        call: CallError,
    },
    /// It ended otherwise; a short sentence.
    Failed(String),
    /// It could not be tried; a short sentence.
    Untried(String),
    /// It was not done in time, and was ended; a short sentence.
    Late(String),
}

impl Stopped {
    /// The call that was refused.
    pub(super) fn call(&self) -> Option<&CallError> {
        match self {
            Stopped::Refused { call, .. } => Some(call),
            _ => None,
        }
    }

    /// The step at which it was refused, or nothing.
    pub(super) fn step(&self) -> &str {
        match self {
            Stopped::Refused { step, .. } => step,
            _ => "",
        }
    }
}

impl std::fmt::Display for Stopped {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Stopped::Refused { call, .. } => {
                write!(out, "{} gives {:?}", call.call, call.errno())
            }
            Stopped::Failed(why) | Stopped::Untried(why) | Stopped::Late(why) => out.write_str(why),
        }
    }
}

/// Names the step that a call belongs to.
pub(super) trait At<T> {
    fn at(self, step: &str) -> Result<T, Stopped>;
}

impl<T> At<T> for kernel::Result<T> {
    fn at(self, step: &str) -> Result<T, Stopped> {
        self.map_err(|call| Stopped::Refused {
            step: step.to_owned(),
            call,
        })
    }
}

/// Runs `body` in a child and hands back what it found. A child that is not done after
/// `patience` is killed.
pub(super) fn attempt(
    patience: Duration,
    body: impl FnOnce() -> Result<String, Stopped>,
) -> Result<String, Stopped> {
    let (ours, theirs) = nix::unistd::pipe2(OFlag::O_CLOEXEC)
        .map_err(|errno| Stopped::Untried(format!("no pipe to a child: {errno:?}")))?;
    let child = kernel::fork().map_err(|call| Stopped::Untried(format!("no child: {call}")))?;
    let Some(child) = child else {
        drop(ours);
        be_the_child(theirs, body)
    };
    drop(theirs);
    let said = listen(ours, Instant::now() + patience);
    if said.is_none() {
        let _ = kernel::kill(child, Signal::SIGKILL);
    }
    let ended = reap(child);
    let Some(said) = said else {
        return Err(Stopped::Late(format!(
            "it was not done after {patience:.0?}"
        )));
    };
    serde_json::from_slice(&said).unwrap_or(Err(Stopped::Failed(ended)))
}

fn be_the_child(to_parent: OwnedFd, body: impl FnOnce() -> Result<String, Stopped>) -> ! {
    let _ = kernel::prctl_set_pdeathsig(Signal::SIGKILL);
    narrate::silence();
    let guarded = std::panic::AssertUnwindSafe(|| {
        let outcome = serde_json::to_vec(&body()).expect("plain data");
        let _ = File::from(to_parent).write_all(&outcome);
    });
    let _ = std::panic::catch_unwind(guarded);
    kernel::exit_now(0)
}

/// What the child writes until it closes its end; none if that takes too long.
fn listen(pipe: OwnedFd, until: Instant) -> Option<Vec<u8>> {
    let mut said = Vec::new();
    let mut pipe = File::from(pipe);
    loop {
        let left = until.checked_duration_since(Instant::now())?;
        let millis = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        let mut ready = [PollFd::new(pipe.as_fd(), PollFlags::POLLIN)];
        if poll(&mut ready, millis).unwrap_or(0) == 0 {
            continue;
        }
        let mut part = [0; 4096];
        match pipe.read(&mut part) {
            Ok(0) | Err(_) => return Some(said),
            Ok(count) => said.extend(&part[..count]),
        }
    }
}

/// Collects the child, and says how it ended. One that even SIGKILL does not end (it hangs
/// inside the kernel) is left: its parent's end collects it.
fn reap(child: Pid) -> String {
    let until = Instant::now() + Duration::from_millis(500);
    let pidfd = kernel::pidfd_open(child).ok();
    loop {
        match waitpid(child, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) if Instant::now() < until => {}
            Ok(WaitStatus::Signaled(_, signal, _)) => return format!("it was ended by {signal}"),
            Ok(_) => return "it ended without a word".to_owned(),
            Err(errno) => return format!("it got lost: {errno:?}"),
        }
        let brief = PollTimeout::from(100_u8);
        if let Some(pidfd) = &pidfd {
            let _ = poll(&mut [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)], brief);
        }
    }
}

/// How a program ended, and what it printed on stdout and stderr, in the order it came.
pub(super) struct Ran {
    /// Its status, 128 + N for a signal.
    pub(super) status: u8,
    /// What it said.
    pub(super) said: String,
}

/// Runs a program to its end. One that is not done after `patience` is killed.
pub(super) fn output(
    patience: Duration,
    program: &Path,
    args: &[&str],
    env: &BTreeMap<OsString, OsString>,
) -> Result<Ran, Stopped> {
    let failed = |error: std::io::Error| {
        Stopped::Failed(format!("{} does not run: {error}", program.display()))
    };
    let (ours, theirs) = nix::unistd::pipe2(OFlag::O_CLOEXEC).map_err(|e| failed(e.into()))?;
    let mut command = Command::new(program);
    command
        .args(args)
        .env_clear()
        .envs(env)
        .stdin(Stdio::null())
        .stdout(theirs.try_clone().map_err(failed)?)
        .stderr(theirs);
    let mut child = command.spawn().map_err(failed)?;
    // Our copies of its end would keep the pipe from ending.
    drop(command);
    let said = listen(ours, Instant::now() + patience);
    if said.is_none() {
        let _ = child.kill();
    }
    let status = child.wait().map_err(failed)?;
    let said = said.ok_or_else(|| {
        let name = program.display();
        Stopped::Failed(format!("{name} was not done after {patience:.0?}"))
    })?;
    let code = status.code().or_else(|| Some(128 + status.signal()?));
    Ok(Ran {
        status: code.unwrap_or(255) as u8,
        said: String::from_utf8_lossy(&said).trim_end().to_owned(),
    })
}
