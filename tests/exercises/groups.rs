//! Control groups of a check are gone when the check is, whoever of its processes dies.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::candidates::{state, wild};
use crate::support::needs;

const ERA: &str = env!("CARGO_BIN_EXE_era");

/// A check of 08.4 while its answer hangs: runners in a group, and nobody ends them.
struct Hanging {
    state: tempfile::TempDir,
    era: Child,
    nonce: String,
}

fn eventually<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "never: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Groups of this ground, and below.
fn groups(nonce: &str) -> Vec<PathBuf> {
    let found = Command::new("find")
        .args(["/sys/fs/cgroup", "-path", &format!("*/era-ground-{nonce}*")])
        .args(["-type", "d"])
        .stderr(Stdio::null())
        .output();
    let found = String::from_utf8_lossy(&found.unwrap().stdout).into_owned();
    found.lines().map(PathBuf::from).collect()
}

impl Hanging {
    /// None where there are no groups to be had.
    fn start() -> Option<Self> {
        if ![
            "userns",
            "pidns",
            "proc-mount",
            "ptrace",
            "cgroup-delegated",
        ]
        .into_iter()
        .all(needs)
        {
            return None;
        }
        let state = state();
        let answer = wild("hang");
        let mut era = Command::new(ERA);
        era.args(["exercise", "candidate", "08.4", answer.to_str().unwrap()])
            .env("ERA_STATE", state.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let era = era.spawn().unwrap();
        let grounds = state.path().join("grounds");
        let nonce = eventually("a ground", || {
            let mut entries = fs::read_dir(&grounds).ok()?.flatten();
            Some(entries.next()?.file_name().to_string_lossy().into_owned())
        });
        // The first whom the check has put into a group, and those whom that one has made.
        eventually("runners in a group", || {
            let full = |group: &PathBuf| {
                let list = fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
                let depth = group.components().count();
                let ground = groups(&nonce)[0].components().count();
                list.lines().count() > 2 && depth == ground + 2
            };
            groups(&nonce).iter().any(full).then_some(())
        });
        Some(Hanging { state, era, nonce })
    }

    /// A process of ours, by a word of its command line.
    fn process(&self, word: &str) -> Pid {
        let entries = fs::read_dir("/proc").unwrap().flatten();
        let mut numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let is = |pid: &i32| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line).into_owned();
            let words: Vec<&str> = line.split('\0').collect();
            let ours = |word: &&str| Path::new(word).starts_with(self.state.path());
            words.contains(&word) && words.iter().any(ours)
        };
        Pid::from_raw(numbers.find(is).expect(word))
    }

    fn leaves_nothing(&self) {
        eventually("the end of its groups", || {
            groups(&self.nonce).is_empty().then_some(())
        });
    }
}

impl Drop for Hanging {
    fn drop(&mut self) {
        let _ = self.era.kill();
        let _ = self.era.wait();
    }
}

#[test]
fn a_check_that_is_killed_leaves_no_group_and_nobody_in_it() {
    let Some(mut check) = Hanging::start() else {
        return;
    };
    check.era.kill().unwrap();
    check.leaves_nothing();
}

#[test]
fn a_judge_that_is_killed_leaves_no_group_and_gives_no_verdict() {
    let Some(mut check) = Hanging::start() else {
        return;
    };
    kill(check.process("__judge"), Signal::SIGKILL).unwrap();
    assert_eq!(check.era.wait().unwrap().code(), Some(5));
    check.leaves_nothing();
}

#[test]
fn groups_of_a_check_that_was_killed_with_its_guardian_are_found_by_clean() {
    let Some(mut check) = Hanging::start() else {
        return;
    };
    kill(check.process("__guardian"), Signal::SIGKILL).unwrap();
    check.era.kill().unwrap();
    check.era.wait().unwrap();
    assert!(!groups(&check.nonce).is_empty(), "nothing was left");
    let clean = Command::new(ERA)
        .args(["clean", "--yes"])
        .env("ERA_STATE", check.state.path())
        .output()
        .unwrap();
    assert!(clean.status.success(), "{clean:?}");
    check.leaves_nothing();
}
