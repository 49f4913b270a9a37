//! Ends what was found: first the processes, then what they held.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use groundwork::host::Facts;
use groundwork::kernel::{self, Pid, Signal};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::os::fd::AsFd;

use super::{Left, find};
use crate::ground::{group, guardian};
use crate::proc;

/// How long a process may take to be gone after SIGKILL.
const PATIENCE: Duration = Duration::from_secs(5);
/// A process that forks while it is looked for has children in the next round.
const ROUNDS: usize = 20;

/// Ends all of it; what could not be ended comes back, with the reason.
pub fn all(state: &Path, left: Vec<Left>) -> Vec<(Left, String)> {
    let mut still = Vec::new();
    let mut left = left;
    // Who is in several groups, and frozen by one of them, ends only if all are at hand.
    let groups = left.iter().filter_map(|one| match one {
        Left::Group(folder) => Some(folder.as_path()),
        _ => None,
    });
    group::kill_all(&groups.collect::<Vec<_>>());
    for _ in 0..ROUNDS {
        let mut processes = left
            .iter()
            .filter(|one| matches!(one, Left::Process { .. }))
            .peekable();
        if processes.peek().is_none() {
            break;
        }
        let failed: Vec<_> = processes.filter_map(end).collect();
        left = find::all(state);
        if !failed.is_empty() {
            still = failed;
            break;
        }
    }
    let rest = left
        .iter()
        .filter(|one| !matches!(one, Left::Process { .. }));
    still.extend(rest.filter_map(end).collect::<Vec<_>>());
    still
}

fn end(one: &Left) -> Option<(Left, String)> {
    let outcome = match one {
        Left::Process { pid, started, .. } => kill(*pid, started),
        Left::Mount(point) => kernel::detach(point).map_err(|error| error.to_string()),
        Left::Group(folder) => remove_group(folder),
        Left::Run(run) => end_run(run),
        Left::Link(name) => delete_link(name),
        Left::Folder(folder) => remove(folder),
    };
    outcome.err().map(|why| (one.clone(), why))
}

fn end_run(run: &cgroups::left::Left) -> Result<(), String> {
    let home = cgroups::Home::find(&Facts::here());
    let ended = home.and_then(|home| run.end(&home));
    ended.map_err(|error| error.to_string())
}

/// Kills exactly the process that was found: the descriptor is opened first, and then its
/// start is compared, so a number that was used again cannot be hit.
fn kill(pid: u32, started: &str) -> Result<(), String> {
    let number = Pid::from_raw(pid as i32);
    let Ok(pidfd) = kernel::pidfd_open(number) else {
        return Ok(()); // gone meanwhile
    };
    if proc::started(&pid.to_string()).as_deref() != Some(started) {
        return Ok(());
    }
    kernel::pidfd_send_signal(&pidfd, Signal::SIGKILL).map_err(|error| error.to_string())?;
    let patience = PollTimeout::try_from(PATIENCE).unwrap_or(PollTimeout::MAX);
    match poll(
        &mut [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)],
        patience,
    ) {
        Ok(0) => Err(format!("it did not end in {PATIENCE:.0?}")),
        _ => Ok(()),
    }
}

fn remove_group(folder: &Path) -> Result<(), String> {
    let removed = group::remove(folder);
    if let Some(above) = folder.parent() {
        group::come_back(above);
    }
    removed.map_err(|error| error.to_string())
}

fn delete_link(name: &str) -> Result<(), String> {
    let status = Command::new("ip").args(["link", "delete", name]).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("ip link delete ends with {status}")),
        Err(error) => Err(format!("ip does not run: {error}")),
    }
}

/// Removes a ground's folder, unless something is still mounted below: that would be
/// emptied, whosever it is.
fn remove(folder: &Path) -> Result<(), String> {
    if let Some(point) = find::mounts(folder, &[folder.to_owned()]).first() {
        return Err(format!("{} is still mounted", point.display()));
    }
    guardian::remove(folder);
    match folder.symlink_metadata() {
        Err(_) => Ok(()),
        Ok(_) => Err("a part of it belongs to another id".to_owned()),
    }
}
