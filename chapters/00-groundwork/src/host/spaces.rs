//! The namespaces, each type alone: namespaces(7).

use std::time::Duration;

use nix::errno::Errno;

use super::child::{self, At, Stopped};
use super::{Facts, Seen, State, reasons, users};
use crate::kernel::{self, CLONE_NEWTIME, CloneFlags};

/// A type of namespace: its flag, its file in /proc/PID/ns and its limit in /proc/sys/user.
struct Kind {
    trial: &'static str,
    flag: CloneFlags,
    file: &'static str,
    option: &'static str,
}

/// Becomes root of a user namespace, unless what follows can be had without.
pub(super) fn become_root_if_needed() -> Result<(), Stopped> {
    let sets = kernel::capget().at("capabilities")?;
    if sets.effective & (1 << kernel::CAP_SYS_ADMIN) != 0 {
        return Ok(());
    }
    users::become_root()
}

/// Runs `body` in a child of this child: in a new PID namespace only a child is inside.
pub(super) fn in_a_child(body: impl FnOnce() -> Result<(), Stopped>) -> Result<(), Stopped> {
    // Less than the whole trial may take.
    const PATIENCE: Duration = Duration::from_secs(6);
    child::attempt(PATIENCE, || body().map(|()| String::new())).map(drop)
}

fn space(facts: &Facts, kind: &Kind) -> Seen {
    let tried = facts.attempt(kind.trial, || {
        become_root_if_needed()?;
        kernel::unshare(kind.flag).at(kind.file)?;
        if kind.flag == CloneFlags::CLONE_NEWPID {
            in_a_child(|| Ok(()))?;
        }
        Ok("a new one was made".to_owned())
    });
    match tried {
        Ok(what) => Seen::works(what),
        Err(stopped) if stopped.step() == kind.file => refused(facts, kind, &stopped),
        Err(stopped) => reasons::of_user_namespaces(facts, &stopped),
    }
}

fn refused(facts: &Facts, kind: &Kind, stopped: &Stopped) -> Seen {
    let limit = format!("/proc/sys/user/max_{}_namespaces", kind.file);
    match stopped.call().map(kernel::CallError::errno) {
        Some(Errno::EINVAL) if !facts.exists(&format!("/proc/self/ns/{}", kind.file)) => {
            Seen::absent(format!(
                "this kernel was built without it ({})",
                kind.option
            ))
        }
        Some(Errno::ENOSPC) => {
            let value = facts.read(&limit).unwrap_or_else(|| "used up".to_owned());
            let name = format!("user.max_{}_namespaces", kind.file);
            let why = format!("{stopped}: the limit {name} is {value}");
            Seen::new(State::Refused, why)
        }
        _ => reasons::unexplained(facts, stopped),
    }
}

macro_rules! spaces {
    ($($name:ident, $trial:literal, $flag:expr, $file:literal, $option:literal;)*) => {$(
        pub(super) fn $name(facts: &Facts) -> Seen {
            space(facts, &Kind { trial: $trial, flag: $flag, file: $file, option: $option })
        }
    )*};
}

spaces! {
    mount, "mountns", CloneFlags::CLONE_NEWNS, "mnt", "CONFIG_NAMESPACES";
    uts, "utsns", CloneFlags::CLONE_NEWUTS, "uts", "CONFIG_UTS_NS";
    ipc, "ipcns", CloneFlags::CLONE_NEWIPC, "ipc", "CONFIG_IPC_NS";
    pid, "pidns", CloneFlags::CLONE_NEWPID, "pid", "CONFIG_PID_NS";
    net, "netns", CloneFlags::CLONE_NEWNET, "net", "CONFIG_NET_NS";
    cgroup, "cgroupns", CloneFlags::CLONE_NEWCGROUP, "cgroup", "CONFIG_CGROUPS";
    time, "timens", CLONE_NEWTIME, "time", "CONFIG_TIME_NS";
}
