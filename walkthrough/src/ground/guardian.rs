//! The guardian: starts the shells of a ground, and outlives the tour.
//!
//! It is the subreaper of everything on the ground (prctl(2)): whoever loses a
//! parent there becomes its child, so nothing can slip away. It reads
//! requests from a pipe. When the other end is gone (the learner quit, the tour crashed,
//! somebody sent SIGKILL), it ends all its descendants, unmounts what is mounted
//! below the folder, and removes it. A control group that it has made goes, too.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use groundwork::kernel::{self, Pid, Signal};
use nix::errno::Errno;
use nix::sys::signal::SigSet;
use nix::sys::wait::{WaitPidFlag, waitpid};

use super::Who;
use super::group::{Group, Owner};

/// Runs until the tour's end of our stdin is gone.
///
/// # Errors
/// It could not become a guardian at all.
pub fn main(folder: &Path, uid: u32, gid: u32) -> Result<(), Box<dyn std::error::Error>> {
    // Nobody ends it but the tour, by closing the pipe.
    let deaf: SigSet = [
        Signal::SIGINT,
        Signal::SIGHUP,
        Signal::SIGTERM,
        Signal::SIGQUIT,
    ]
    .into_iter()
    .collect();
    deaf.thread_block()?;
    kernel::prctl_set_child_subreaper()?;
    let mut guardian = Guardian {
        folder: folder.to_owned(),
        uid,
        gid,
        keeper: None,
        group: None,
    };
    let mut answers = std::io::stdout();
    writeln!(answers, "ready")?;
    for request in std::io::stdin().lock().lines() {
        let Ok(request) = request else { break };
        let answer = match guardian.answer(&request) {
            Ok(pids) => format!("ok {pids}"),
            Err(error) => format!("error {}", error.to_string().replace('\n', "; ")),
        };
        if writeln!(answers, "{answer}").is_err() {
            break;
        }
        collect();
    }
    let mut group = guardian.group.take();
    drop(guardian);
    if let Some(group) = &group {
        group.kill();
    }
    end_all();
    if let Some(group) = &mut group {
        group.remove();
    }
    unmount_below(folder);
    remove(folder);
    Ok(())
}

struct Guardian {
    folder: PathBuf,
    uid: u32,
    gid: u32,
    /// Keeps the ground's namespaces; ends when its stdin does.
    keeper: Option<Child>,
    /// The ground's control group, if its page wants one.
    group: Option<Group>,
}

impl Guardian {
    fn answer(&mut self, request: &str) -> Result<String, Box<dyn std::error::Error>> {
        if let Some((exercise, answer)) = request
            .strip_prefix("judge ")
            .and_then(|rest| rest.split_once(' '))
        {
            return Ok(self.judge(exercise, answer)?.to_string());
        }
        let words: Vec<&str> = request.splitn(4, ' ').collect();
        let (who, kind, terminal) = match words[..] {
            ["shell", who, kind, terminal] => (who, kind, terminal),
            ["group", place] => return self.make_group(place == "own"),
            ["join", pid] => return self.join(pid.parse()?),
            _ => return Err(format!("no such request: {request}").into()),
        };
        match who {
            "learner" => Ok(self.shell(Who::Learner, kind, terminal, None)?.to_string()),
            "real" => Ok(self.shell(Who::Real, kind, terminal, None)?.to_string()),
            // Real root needs no user namespace, but mounts of its own all the same.
            "root-of-ground" => self.kept_shell(Who::Real, kind, terminal),
            _ => self.kept_shell(Who::Ground, kind, terminal),
        }
    }

    /// The ground's control group, and a link to it in the sandbox.
    fn make_group(&mut self, in_own: bool) -> Result<String, Box<dyn std::error::Error>> {
        let nonce = self.folder.file_name().unwrap_or_default();
        let owner = Owner {
            uid: self.uid,
            gid: self.gid,
        };
        let mut group = Group::make(&nonce.to_string_lossy(), owner, in_own)?;
        if let Err(error) = group.link(&self.folder.join("box/group")) {
            group.remove();
            return Err(error.into());
        }
        self.group = Some(group);
        Ok(String::new())
    }

    /// A shell has been started: into the group with it.
    fn join(&self, pid: u32) -> Result<String, Box<dyn std::error::Error>> {
        let group = self.group.as_ref().ok_or("there is no group")?;
        group.join(pid)?;
        Ok(String::new())
    }

    /// A shell in the namespaces of the ground.
    fn kept_shell(
        &mut self,
        who: Who,
        kind: &str,
        terminal: &str,
    ) -> Result<String, Box<dyn std::error::Error>> {
        let keeper = self.keeper(who)?;
        let shell = self.shell(who, kind, terminal, Some(keeper))?;
        Ok(format!("{shell} {keeper}"))
    }

    /// A command of our own program, as the learner or as real root.
    fn helper(&self, name: &str, who: Who) -> Command {
        let mut command = Command::new(self.folder.join("bin/era"));
        command
            .arg(name)
            .arg(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        if who == Who::Real {
            command.uid(0).gid(0);
        } else if kernel::Uid::effective().is_root() && self.uid != 0 {
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// The process that judges an answer. It stays who we are: what it judges is the
    /// learner, in a cell, and may not signal it.
    fn judge(&self, exercise: &str, answer: &str) -> std::io::Result<u32> {
        let mut command = Command::new(self.folder.join("bin/era"));
        command
            .arg("__judge")
            .arg(&self.folder)
            .args([exercise, answer])
            .args([self.uid.to_string(), self.gid.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        Ok(command.spawn()?.id())
    }

    /// The process that keeps the ground's namespaces, made when first wanted.
    fn keeper(&mut self, who: Who) -> Result<u32, Box<dyn std::error::Error>> {
        if let Some(keeper) = &self.keeper {
            return Ok(keeper.id());
        }
        let mut command = self.helper("__keeper", who);
        if who == Who::Real {
            command.arg("--real-root");
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut keeper = command.spawn()?;
        let mut said = String::new();
        if let Some(out) = keeper.stdout.take() {
            BufReader::new(out).read_line(&mut said)?;
        }
        if said.trim_end() != "ready" {
            let _ = keeper.wait();
            return Err(said.trim_end().to_owned().into());
        }
        Ok(self.keeper.insert(keeper).id())
    }

    fn shell(
        &self,
        who: Who,
        kind: &str,
        terminal: &str,
        keeper: Option<u32>,
    ) -> std::io::Result<u32> {
        let mut command = self.helper("__shell", who);
        command.args([terminal, kind]);
        if let Some(keeper) = keeper {
            command.arg(keeper.to_string());
        }
        Ok(command.spawn()?.id())
    }
}

/// Collects children that have ended meanwhile.
fn collect() {
    while waitpid(None, Some(WaitPidFlag::WNOHANG)).is_ok_and(|status| status.pid().is_some()) {}
}

/// Kills descendants until there is none: as their subreaper we have no child
/// only when nobody is left. One look at /proc is not enough for that: it can
/// miss a process that changes its parent meanwhile.
fn end_all() {
    let (mut in_vain, most) = (0, 200);
    while in_vain < most {
        let family = crate::proc::descendants(std::process::id());
        let kill = |pid: &u32| kernel::kill(Pid::from_raw(*pid as i32), Signal::SIGKILL).is_ok();
        let killed = family.iter().filter(|pid| kill(pid)).count();
        // Nobody whom we may kill (a program of another user): it has a second.
        let wait = if killed > 0 {
            None
        } else {
            Some(WaitPidFlag::WNOHANG)
        };
        if waitpid(None, wait) == Err(Errno::ECHILD) {
            return;
        }
        if killed == 0 {
            in_vain += 1;
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Mounts below the folder: none in our own mount namespace, unless real root
/// made them from a `#!` line.
fn unmount_below(folder: &Path) {
    let mounts = crate::proc::mounts("self").unwrap_or_default();
    let points = mounts
        .iter()
        .rev()
        .filter_map(|line| line.split(' ').nth(1));
    for point in points.filter(|point| Path::new(point).starts_with(folder)) {
        let _ = kernel::detach(point);
    }
}

/// Removes the folder. Where another id owns a part of it (a page has used the
/// learner's subordinate ids), that id's owner has to: root of a user namespace
/// in which all of them are mapped.
pub fn remove(folder: &Path) {
    if std::fs::remove_dir_all(folder).is_ok() {
        return;
    }
    let _ = Command::new(folder.join("bin/era"))
        .args([
            "unshare",
            "--user",
            "--map-root-user",
            "--map-auto",
            "rm",
            "-rf",
        ])
        .arg(folder.join("box"))
        .stderr(Stdio::null())
        .status();
    let _ = std::fs::remove_dir_all(folder);
}
