//! What `/proc` says about a process: proc(5).

use std::fs;

use groundwork::process::identity::stat;
pub use groundwork::process::identity::{is_alive, started};

/// The capabilities by number: capabilities(7), `linux/capability.h`.
pub const CAPABILITIES: &[&str] = &[
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
];

/// Its parent.
pub fn parent(pid: &str) -> Option<String> {
    stat(pid)?.get(1).filter(|parent| *parent != "0").cloned()
}

/// Every process, as numbers.
pub fn all() -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

/// Its children and theirs, down to the last.
pub fn descendants(of: u32) -> Vec<u32> {
    let pairs: Vec<(u32, u32)> = all()
        .into_iter()
        .filter_map(|pid| Some((pid, parent(&pid.to_string())?.parse().ok()?)))
        .collect();
    let (mut family, mut next) = (Vec::new(), vec![of]);
    while let Some(one) = next.pop() {
        let children = pairs
            .iter()
            .filter(|(_, parent)| *parent == one)
            .map(|(pid, _)| *pid);
        for child in children {
            family.push(child);
            next.push(child);
        }
    }
    family
}

/// The mounts that it sees, one line each, without the ids that the kernel gives.
///
/// # Errors
/// The process is gone or its table is not ours to read.
pub fn mounts(pid: &str) -> std::io::Result<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/mountinfo"))?;
    Ok(text
        .lines()
        .map(|line| line.splitn(4, ' ').nth(3).unwrap_or(line).to_owned())
        .collect())
}

/// The file system type of the topmost mount at `path`, as the process sees it.
///
/// # Errors
/// Its table cannot be read.
pub fn mount_type(pid: &str, path: &str) -> Result<Option<String>, String> {
    let mounts =
        mounts(pid).map_err(|error| format!("cannot read the mounts of {pid}: {error}"))?;
    let found = mounts
        .iter()
        .rev()
        .find(|line| line.split(' ').nth(1) == Some(path));
    Ok(found.and_then(|line| {
        line.split(" - ")
            .nth(1)?
            .split(' ')
            .next()
            .map(str::to_owned)
    }))
}
