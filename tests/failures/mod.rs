//! Runs a line in a sandbox in which it fails, and hears what it says.

#![allow(dead_code)] // each test target uses a part

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::programs::{sh, text};

/// A failure for real, and all that is said about it. `$D` is a folder, `PID` a number.
pub struct Failure {
    pub line: &'static str,
    pub said: &'static str,
}

pub fn folder() -> tempfile::TempDir {
    let folder = tempfile::Builder::new()
        .prefix("failures")
        .tempdir()
        .unwrap();
    let path = folder.path();
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
    for kind in ["mnt", "uts", "ipc", "pid", "canary", "copy"] {
        std::fs::write(path.join(kind), "").unwrap();
    }
    std::fs::create_dir_all(path.join("jail/bin")).unwrap();
    std::fs::create_dir_all(path.join("jail/proc")).unwrap();
    std::fs::copy("/bin/busybox", path.join("jail/bin/sh")).expect("busybox is there");
    folder
}

/// What a run in a sandbox came to.
pub struct Run {
    pub status: i32,
    pub stderr: String,
    /// What is still mounted in the run's folder.
    pub mounted: String,
}

/// In a user and mount namespace of its own, on one CPU: see `unshare_peers`.
pub fn run(line: &str, fault: &str, folder: &Path) -> Run {
    let folder = folder.display();
    let cpu = r"$(sed -n 's/^Cpus_allowed_list:\s*\([0-9]*\).*/\1/p' /proc/self/status)";
    let output = sh(&format!(
        r#"export D={folder} ERA_FAULT={fault} MARK={folder}
        [ -n "$ERA_FAULT" ] || unset ERA_FAULT
        exec taskset -c {cpu} unshare -Urm --propagation private sh -c '
            cd /
            {line}
            echo "status $?"
            grep -o "[^ ]*$D/[a-z]* " /proc/self/mountinfo'"#
    ));
    let stdout = text(&output.stdout);
    let (_, rest) = stdout
        .split_once("status ")
        .expect("the shell is still there");
    let (status, mounted) = rest.split_once('\n').unwrap();
    Run {
        status: status.parse().unwrap(),
        stderr: text(&output.stderr),
        mounted: mounted.to_owned(),
    }
}

/// Processes with the mark of the run in their environment.
pub fn left_running(folder: &Path) -> Vec<i32> {
    let mark = format!("MARK={}", folder.display());
    let numbers = std::fs::read_dir("/proc").unwrap().flatten();
    let numbers = numbers.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let is_marked = |pid: &i32| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment
            .split(|byte| *byte == 0)
            .any(|pair| pair == mark.as_bytes())
    };
    numbers.filter(is_marked).collect()
}

/// The number behind /proc/ or in front of the ids of newuidmap.
fn without_pid(text: &str) -> String {
    let mut parts = text.split_inclusive(['/', '"']);
    let first = parts.next().unwrap_or_default().to_owned();
    parts
        .fold((first.clone(), first), |(mut all, before), part| {
            let number = part.trim_end_matches(['/', '"']);
            let is_pid = number.len() > 1 && number.bytes().all(|byte| byte.is_ascii_digit());
            match is_pid
                && (before.ends_with("/proc/") || before.ends_with('"') || before == "proc/")
            {
                true => all += &part.replace(number, "PID"),
                false => all += part,
            }
            (all, part.to_owned())
        })
        .0
}

/// What is wrong with what a line says, if anything is; `fault` is ERA_FAULT, see
/// `groundwork::inject`.
pub fn differs(Failure { line, said }: &Failure, fault: &str) -> Option<String> {
    let folder = folder();
    let run = run(line, fault, folder.path());
    let place = folder.path().display().to_string();
    let heard = without_pid(&run.stderr.replace(&place, "$D"));
    (heard != *said).then(|| format!("--- {line} {fault}\nexpected:\n{said}\nheard:\n{heard}"))
}
