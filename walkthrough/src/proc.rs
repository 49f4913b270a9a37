//! What `/proc` says about a process: proc(5).

use std::fs;

use groundwork::process::identity::stat;
pub use groundwork::process::identity::{is_alive, started};

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
