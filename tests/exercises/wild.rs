//! Answers that run wild are stopped and reported, and the machine is as before.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::candidates::{judge, state, wild};
use crate::support::needs;

fn mounts() -> BTreeSet<String> {
    let text = fs::read_to_string("/proc/self/mountinfo").unwrap();
    text.lines().map(str::to_owned).collect()
}

/// How many processes run a copy of this program.
fn running(program: &Path) -> usize {
    let bytes = fs::read(program).unwrap();
    let links = fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .map(|entry| entry.path().join("exe"));
    let copies = links.filter(|exe| fs::read_link(exe).is_ok_and(|name| name.ends_with("answer")));
    copies
        .filter(|exe| fs::read(exe).is_ok_and(|copy| copy == bytes))
        .count()
}

/// What an answer that runs wild is told; nothing of it may be left.
#[track_caller]
fn stopped(name: &str, property: &str, observed: &str) {
    if !["userns", "pidns", "proc-mount", "ptrace"]
        .into_iter()
        .all(needs)
    {
        return;
    }
    let (state, program) = (state(), wild(name));
    let before = mounts();
    let (status, said) = judge(state.path(), "04.2", &program);
    assert_eq!(
        (status, said["property"].as_str()),
        (1, Some(property)),
        "{said}"
    );
    assert!(
        said["observed"].as_str().unwrap().contains(observed),
        "{said}"
    );
    assert_eq!(running(&program), 0);
    let new: Vec<_> = mounts().difference(&before).cloned().collect();
    let ours = new
        .iter()
        .filter(|mount| mount.contains(state.path().to_str().unwrap()));
    assert_eq!(ours.count(), 0, "{new:?}");
    let grounds = fs::read_dir(state.path().join("grounds")).unwrap().count();
    assert_eq!(grounds, 0);
}

#[test]
fn a_check_that_is_killed_leaves_nothing() {
    if !["userns", "pidns", "proc-mount", "ptrace"]
        .into_iter()
        .all(needs)
    {
        return;
    }
    let (state, program) = (state(), wild("hang_on"));
    let mut check = Command::new(env!("CARGO_BIN_EXE_era"))
        .args(["exercise", "candidate", "04.2", program.to_str().unwrap()])
        .env("ERA_STATE", state.path())
        .spawn()
        .unwrap();
    let becomes = |count: usize| {
        let until = Instant::now() + Duration::from_secs(20);
        while running(&program) != count && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(running(&program), count);
    };
    becomes(1);
    check.kill().unwrap();
    check.wait().unwrap();
    becomes(0);
}

#[test]
fn one_that_hangs() {
    stopped("hang", "the program ends", "it hung, and was stopped");
}

#[test]
fn one_that_forks_without_an_end() {
    stopped(
        "bomb",
        "the program makes no more processes than it needs",
        "all were ended",
    );
}

#[test]
fn one_that_fills_the_disk() {
    stopped("disk", "the command is started", "No space left on device");
}

#[test]
fn one_that_takes_all_memory() {
    stopped("memory", "the command is started", "memory");
}

#[test]
fn one_that_kills_its_parent_and_everybody_else() {
    stopped(
        "killer",
        "the command is started",
        "it killed all that it could",
    );
}

#[test]
fn a_helper_that_hides_from_the_tracer_is_seen() {
    stopped(
        "untraced",
        "the program does it itself",
        "one hides from the check",
    );
}

#[test]
fn a_thread_that_hides_from_the_tracer_is_seen() {
    stopped(
        "untraced_thread",
        "the program does it itself",
        "one hides from the check",
    );
}
