//! What is done inside the new namespaces, before the program: the order of unshare(1).

use std::path::{Path, PathBuf};

use groundwork::kernel::{self, CallError, CapabilitySets, Gid, MsFlags, Propagation, Signal, Uid};
use groundwork::{process, step};

use crate::error::{Error, Result};
use crate::maps::{self, Me, Setgroups};
use crate::pivot::pivot_into;

/// Which directory becomes `/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Root {
    /// By chroot(2), as unshare(1) has it: the old root is out of sight, not away.
    Chroot(PathBuf),
    /// By pivot_root(2): the old root is gone.
    Pivot(PathBuf),
}

/// All that can be asked for inside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inside {
    /// The signal to get when the parent ends.
    pub kill_child: Option<Signal>,
    /// Who I am inside, where this process writes the map itself.
    pub user: Option<u32>,
    /// Which group I have inside, likewise.
    pub group: Option<u32>,
    /// Whether setgroups(2) may be called.
    pub setgroups: Option<Setgroups>,
    /// A name for the machine.
    pub hostname: Option<String>,
    /// What the mounts share with the host's.
    pub propagation: Option<Propagation>,
    /// Another root directory.
    pub root: Option<Root>,
    /// Where to stand.
    pub directory: Option<PathBuf>,
    /// Where to mount a /proc that shows the new PID namespace.
    pub proc: Option<PathBuf>,
    /// The group to become.
    pub setgid: Option<u32>,
    /// The user to become.
    pub setuid: Option<u32>,
    /// Whether the program keeps the capabilities.
    pub keep_capabilities: bool,
}

impl Inside {
    /// Settles this process in its new namespaces.
    pub fn settle(&self, me: Me) -> Result<()> {
        if let Some(signal) = self.kill_child {
            step("Never outlive the parent");
            process::die_with_parent(signal).map_err(Error::DiesWithParent)?;
        }
        maps::map_myself(me, self.user, self.group)?;
        if let Some(setgroups) = self.setgroups {
            step("Say whether groups may be dropped in here");
            maps::set_setgroups(setgroups)?;
        }
        if let Some(name) = &self.hostname {
            step("Name this machine: only who shares our UTS namespace sees it");
            kernel::sethostname(name).map_err(Error::Hostname)?;
        }
        self.mounts()?;
        self.identity()?;
        if self.keep_capabilities {
            keep_capabilities()?;
        }
        Ok(())
    }

    fn mounts(&self) -> Result<()> {
        let pivots_alone = matches!(self.root, Some(Root::Pivot(_))) && self.proc.is_none();
        if let (Some(propagation), false) = (self.propagation, pivots_alone) {
            step("Say what our mounts share with the host's");
            kernel::mount_propagation("/", propagation).map_err(Error::Propagation)?;
        }
        match &self.root {
            Some(Root::Chroot(dir)) => self.chroot(dir)?,
            Some(Root::Pivot(dir)) => self.pivot(dir)?,
            None => {}
        }
        if let Some(dir) = &self.directory {
            step("Stand where we were asked to");
            kernel::chdir(dir).map_err(|call| directory(dir, call))?;
        }
        match (&self.root, &self.proc) {
            (Some(Root::Pivot(_)), _) | (_, None) => Ok(()),
            (None, Some(at)) if self.propagation != Some(Propagation::Private) => replace_proc(at),
            (_, Some(at)) => mount_proc(at),
        }
    }

    fn chroot(&self, dir: &Path) -> Result<()> {
        let failed = |call| Error::Root {
            dir: dir.to_owned(),
            call,
        };
        step("Start to look for files here");
        kernel::chroot(dir).map_err(failed)?;
        if self.directory.is_none() {
            kernel::chdir("/").map_err(failed)?;
        }
        Ok(())
    }

    fn pivot(&self, dir: &Path) -> Result<()> {
        if let Some(at) = &self.proc {
            // Before: the kernel gives a new /proc only to who can see a whole one.
            mount_proc(&dir.join(at.strip_prefix("/").unwrap_or(at)))?;
        }
        pivot_into(dir)
    }

    fn identity(&self) -> Result<()> {
        if let Some(gid) = self.setgid {
            step("Take the group, and drop all others");
            kernel::setgroups(&[]).map_err(Error::Identity)?;
            kernel::setgid(Gid::from_raw(gid)).map_err(Error::Identity)?;
        }
        if let Some(uid) = self.setuid {
            step("Become the user, last: after it the rest would be refused");
            kernel::setuid(Uid::from_raw(uid)).map_err(Error::Identity)?;
        }
        Ok(())
    }
}

fn directory(dir: &Path, call: CallError) -> Error {
    Error::Directory {
        dir: dir.to_owned(),
        call,
    }
}

/// Mounts a /proc over one that may still be shared: the new one must not spread.
fn replace_proc(at: &Path) -> Result<()> {
    step("Whatever is mounted there now: no sharing from here on");
    match kernel::mount_propagation(at, Propagation::Private) {
        // EINVAL: no mount point yet, so nothing to share.
        Err(call) if call.errno() != nix::errno::Errno::EINVAL => Err(Error::MountProc {
            at: at.to_owned(),
            call,
        }),
        _ => mount_proc(at),
    }
}

/// Mounts a /proc that shows the PID namespace of this process.
fn mount_proc(at: &Path) -> Result<()> {
    step("A new /proc: the old one shows the processes of outside");
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    kernel::mount_new("proc", at, flags, None).map_err(|call| Error::MountProc {
        at: at.to_owned(),
        call,
    })
}

/// A program gets what the ambient set holds, and that wants it inheritable first:
/// capabilities(7).
fn keep_capabilities() -> Result<()> {
    step("Hand our capabilities on to the program");
    let sets = kernel::capget().map_err(Error::Capabilities)?;
    let inheritable = CapabilitySets {
        inheritable: sets.permitted,
        ..sets
    };
    kernel::capset(inheritable).map_err(Error::Capabilities)?;
    for capability in (0..64).filter(|bit| sets.effective >> bit & 1 == 1) {
        kernel::prctl_ambient_raise(capability).map_err(Error::Capabilities)?;
    }
    Ok(())
}
