//! The eight kinds of namespace, in the order in which the kernel got them: namespaces(7).

use std::fmt;

use groundwork::kernel::{CLONE_NEWTIME, CloneFlags};
use serde::{Deserialize, Serialize};

// ANCHOR: kinds
/// One kind of namespace: a view of one thing that a process may have for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// 2002: which file systems are mounted where.
    Mnt,
    /// 2006: the machine's name.
    Uts,
    /// 2006: shared memory, semaphores and message queues.
    Ipc,
    /// 2008: the numbers of processes.
    Pid,
    /// 2009: network devices, addresses, routes, ports.
    Net,
    /// 2013: who is who, and what root may do.
    User,
    /// 2016: which cgroup looks like the topmost one.
    Cgroup,
    /// 2020: the clocks that count from the start of the machine.
    Time,
}
// ANCHOR_END: kinds

impl Kind {
    /// All of them, by year.
    pub const ALL: [Kind; 8] = [
        Kind::Mnt,
        Kind::Uts,
        Kind::Ipc,
        Kind::Pid,
        Kind::Net,
        Kind::User,
        Kind::Cgroup,
        Kind::Time,
    ];

    /// The name of its link in /proc/PID/ns.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Mnt => "mnt",
            Kind::Uts => "uts",
            Kind::Ipc => "ipc",
            Kind::Pid => "pid",
            Kind::Net => "net",
            Kind::User => "user",
            Kind::Cgroup => "cgroup",
            Kind::Time => "time",
        }
    }

    /// The flag of unshare(1) and nsenter(1) for it.
    pub fn option(self) -> &'static str {
        match self {
            Kind::Mnt => "--mount",
            Kind::Uts => "--uts",
            Kind::Ipc => "--ipc",
            Kind::Pid => "--pid",
            Kind::Net => "--net",
            Kind::User => "--user",
            Kind::Cgroup => "--cgroup",
            Kind::Time => "--time",
        }
    }

    /// The kind with this name.
    pub fn by_name(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The link in /proc/PID/ns of the namespace that a process made last. A process stays
    /// in the PID and time namespaces it was born in, and only its children get the new.
    pub fn link_of_the_newest(self) -> &'static str {
        match self {
            Kind::Pid => "pid_for_children",
            Kind::Time => "time_for_children",
            other => other.name(),
        }
    }

    /// The flag that asks clone(2), unshare(2) and setns(2) for it.
    pub fn flag(self) -> CloneFlags {
        match self {
            Kind::Mnt => CloneFlags::CLONE_NEWNS,
            Kind::Uts => CloneFlags::CLONE_NEWUTS,
            Kind::Ipc => CloneFlags::CLONE_NEWIPC,
            Kind::Pid => CloneFlags::CLONE_NEWPID,
            Kind::Net => CloneFlags::CLONE_NEWNET,
            Kind::User => CloneFlags::CLONE_NEWUSER,
            Kind::Cgroup => CloneFlags::CLONE_NEWCGROUP,
            Kind::Time => CLONE_NEWTIME,
        }
    }

    /// The year of the kernel that had it first, or had it whole.
    pub fn year(self) -> u16 {
        match self {
            Kind::Mnt => 2002,
            Kind::Uts | Kind::Ipc => 2006,
            Kind::Pid => 2008,
            Kind::Net => 2009,
            Kind::User => 2013,
            Kind::Cgroup => 2016,
            Kind::Time => 2020,
        }
    }

    /// What it isolates, in a few words.
    pub fn isolates(self) -> &'static str {
        match self {
            Kind::Mnt => "what is mounted where",
            Kind::Uts => "the machine's name",
            Kind::Ipc => "System V IPC and message queues",
            Kind::Pid => "process numbers",
            Kind::Net => "network devices, addresses, ports",
            Kind::User => "users, groups and capabilities",
            Kind::Cgroup => "the root of the cgroup tree",
            Kind::Time => "boot time and monotonic clock",
        }
    }

    /// The man page about it.
    pub fn man(self) -> &'static str {
        match self {
            Kind::Mnt => "mount_namespaces(7)",
            Kind::Uts => "uts_namespaces(7)",
            Kind::Ipc => "ipc_namespaces(7)",
            Kind::Pid => "pid_namespaces(7)",
            Kind::Net => "network_namespaces(7)",
            Kind::User => "user_namespaces(7)",
            Kind::Cgroup => "cgroup_namespaces(7)",
            Kind::Time => "time_namespaces(7)",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// Several kinds as the flags of one call.
pub fn flags(kinds: &[Kind]) -> CloneFlags {
    kinds.iter().map(|kind| kind.flag()).collect()
}

/// `pid namespace`, `pid and mnt namespaces`, `pid, mnt and net namespaces`.
pub fn listed(kinds: &[Kind]) -> String {
    let names: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
    match names.as_slice() {
        [] => "namespaces".to_owned(),
        [one] => format!("{one} namespace"),
        [first @ .., last] => format!("{} and {last} namespaces", first.join(", ")),
    }
}
