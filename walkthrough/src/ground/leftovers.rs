//! What still carries a ground's mark: found by the mark, never by counting.

use std::fs;
use std::path::Path;

use super::MARK;

/// Processes, mounts and folders of one ground.
pub fn of(nonce: &str, folder: &Path) -> Vec<String> {
    let mut found: Vec<String> = processes(nonce)
        .into_iter()
        .map(|pid| format!("process {pid} ({})", name(pid)))
        .collect();
    let mounts = crate::proc::mounts("self").unwrap_or_default();
    let points = mounts.iter().filter_map(|line| line.split(' ').nth(1));
    found.extend(
        points
            .filter(|point| Path::new(point).starts_with(folder))
            .map(|point| format!("mount {point}")),
    );
    if folder.symlink_metadata().is_ok() {
        found.push(format!("folder {}", folder.display()));
    }
    found
}

/// Processes whose environment carries the mark: /proc/PID/environ in proc(5).
pub fn processes(nonce: &str) -> Vec<u32> {
    let mark = format!("{MARK}={nonce}");
    let carries = |pid: &u32| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment
            .split(|byte| *byte == 0)
            .any(|variable| variable == mark.as_bytes())
    };
    crate::proc::all()
        .into_iter()
        .filter(|pid| *pid != std::process::id())
        .filter(carries)
        .collect()
}

fn name(pid: u32) -> String {
    fs::read_to_string(format!("/proc/{pid}/comm"))
        .unwrap_or_default()
        .trim_end()
        .to_owned()
}
