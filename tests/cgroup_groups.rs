//! Groups that stay: made, limited, filled, stopped, ended and removed, each seen in the
//! kernel's own files.

mod cgroup;
mod support;

use std::process::Command;

use cgroup::{Group, Ours, anywhere, era, file, folders, good, refused, role, sleeper, stat};
use serde_json::Value;
use support::needs;
use support::programs::text;

/// Not a test of its own: see `cgroup::role`.
#[test]
fn plays_its_role() {
    cgroup::play();
}

#[test]
fn a_group_is_made_limited_changed_and_removed() {
    if !needs("cgroup-delegated") {
        return;
    }
    let group = Group::new("life", &["cpu=50%", "memory=100M", "pids=32"]);
    let told = stat(&group.0);
    assert_eq!(told["memory"]["limit"], 100 << 20);
    assert_eq!(told["pids"]["limit"], 32);
    assert_eq!(told["cpu"]["limit"]["quota"], 50_000);
    assert_eq!(file(&group.0, "pids.max").as_deref(), Some("32"));

    good(&["set", &group.0, "cpu=25%", "memory=200M", "pids=max"]);
    let told = stat(&group.0);
    assert_eq!(told["memory"]["limit"], 200 << 20);
    assert_eq!(told["pids"]["limit"], "max");
    assert_eq!(told["cpu"]["limit"]["quota"], 25_000);
    good(&["set", &group.0, "cpu=max", "memory=50M"]);
    assert_eq!(stat(&group.0)["memory"]["limit"], 50 << 20);
    good(&["set", &group.0, "memory=max"]);
    let told = stat(&group.0);
    assert_eq!(told["memory"]["limit"], "max");
    assert_eq!(told["cpu"]["limit"], "max");
    let swap = &told["memory"]["swap_limit"];
    assert!(swap.is_null() || swap == "max", "{swap}");

    good(&["rm", &group.0]);
    assert!(anywhere(&group.0).is_empty());
    assert!(refused(&["stat", &group.0]).contains("there is no group"));
}

#[test]
fn a_running_process_is_added_in_every_tree_and_its_children_are_born_there() {
    if !needs("cgroup-delegated") {
        return;
    }
    let group = Group::new("add", &[]);
    let shell = Command::new("sh")
        .args(["-c", "read line; sleep 300 & wait"])
        .stdin(std::process::Stdio::piped())
        .spawn();
    let mut shell = Ours(shell.unwrap());
    good(&["add", &group.0, &shell.pid()]);
    for folder in folders(&group.0) {
        let list = std::fs::read_to_string(folder.join("cgroup.procs")).unwrap();
        assert_eq!(list.trim(), shell.pid(), "{}", folder.display());
    }
    drop(shell.0.stdin.take());
    let born = || stat(&group.0)["processes"].as_array().map_or(0, Vec::len) == 2;
    assert!(eventually(born), "its child is in no group of ours");
}

fn eventually(what: impl Fn() -> bool) -> bool {
    let until = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while std::time::Instant::now() < until {
        if what() {
            return true;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    false
}

#[test]
fn a_busy_group_is_not_removed_and_it_says_who_is_in_it() {
    if !needs("cgroup-delegated") {
        return;
    }
    let group = Group::new("busy", &[]);
    let sleeper = sleeper();
    good(&["add", &group.0, &sleeper.pid()]);
    let said = refused(&["rm", &group.0]);
    let who = format!("{} is not empty: {} (sleep)\n", group.0, sleeper.pid());
    assert!(said.contains(&who), "{said}");
    assert!(stat(&group.0)["processes"][0].as_u64().is_some());
}

#[test]
fn groups_below_are_removed_only_if_that_was_said() {
    if !needs("cgroup-delegated") {
        return;
    }
    let group = Group::new("nested", &[]);
    for folder in folders(&group.0) {
        std::fs::create_dir_all(folder.join("below/deeper")).unwrap();
    }
    let said = refused(&["rm", &group.0]);
    assert!(
        said.contains("has groups below it: below, below/deeper"),
        "{said}"
    );
    let tree = good(&["tree"]);
    assert!(tree.contains("\n  below\n    deeper"), "{tree}");
    good(&["rm", "-r", &group.0]);
    assert!(anywhere(&group.0).is_empty());
}

#[test]
fn a_frozen_group_stands_still_until_it_is_thawed() {
    if !needs("cgroup-delegated") {
        return;
    }
    let group = Group::new("freeze", &[]);
    let spinner = Ours(
        Command::new("sh")
            .args(["-c", "while :; do :; done"])
            .spawn()
            .unwrap(),
    );
    good(&["add", &group.0, &spinner.pid()]);
    good(&["freeze", &group.0]);
    assert_eq!(stat(&group.0)["frozen"], true);
    let before = cgroup::cpu_of(&spinner.pid());
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert_eq!(
        cgroup::cpu_of(&spinner.pid()),
        before,
        "it ran while it was frozen"
    );
    good(&["thaw", &group.0]);
    assert_eq!(stat(&group.0)["frozen"], false);
    assert!(
        eventually(|| cgroup::cpu_of(&spinner.pid()) > before),
        "it never went on"
    );
}

#[test]
fn everybody_is_ended_also_while_frozen_and_while_they_fork() {
    if !needs("cgroup-delegated") {
        return;
    }
    let group = Group::new("kill", &["pids=60"]);
    let words = role("storm");
    let storm = Command::new(&words[0])
        .args(&words[1..])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn();
    let mut storm = Ours(storm.unwrap());
    good(&["add", &group.0, &storm.pid()]);
    drop(storm.0.stdin.take());
    let has_left =
        || file(&group.0, "cgroup.procs").is_some_and(|list| !list.contains(&storm.pid()));
    assert!(eventually(has_left), "no storm came up");
    let used = || stat(&group.0)["cpu"]["used_usec"].as_u64();
    let before = used();
    assert!(eventually(|| used() > before), "no storm came up");
    good(&["kill", &group.0]);
    assert_eq!(stat(&group.0)["processes"], Value::Array(Vec::new()));

    let sleeper = sleeper();
    good(&["add", &group.0, &sleeper.pid()]);
    good(&["freeze", &group.0]);
    good(&["kill", &group.0]);
    assert_eq!(stat(&group.0)["processes"], Value::Array(Vec::new()));
}

#[test]
fn one_process_more_than_allowed_is_refused_by_the_kernel_and_counted() {
    if !needs("cgroup-delegated") {
        return;
    }
    let group = Group::new("pids", &["pids=2"]);
    let script = "read line; sleep 301 & sleep 302 & sleep 303 & wait";
    let shell = Command::new("sh")
        .args(["-c", script])
        .stdin(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn();
    let mut shell = Ours(shell.unwrap());
    good(&["add", &group.0, &shell.pid()]);
    drop(shell.0.stdin.take());
    let refused = || stat(&group.0)["pids"]["refused"].as_u64() >= Some(1);
    assert!(eventually(refused), "{}", stat(&group.0));
    assert!(stat(&group.0)["pids"]["used"].as_u64() <= Some(2));
}

/// What a group may, and where it is; io and cpuset may get a folder before they are refused.
fn may(name: &str) -> Vec<Value> {
    let stat = stat(name);
    let limits = ["cpu", "memory", "pids"].map(|what| stat[what]["limit"].clone());
    let more = [
        stat["memory"]["swap_limit"].clone(),
        stat["io"]["limits"].clone(),
    ];
    [
        limits.to_vec(),
        more.to_vec(),
        vec![stat["folders"].clone()],
    ]
    .concat()
}

#[test]
fn bad_names_and_bad_limits_are_refused_by_name_and_change_nothing() {
    if !needs("cgroup-delegated") {
        return;
    }
    for bad in ["", "..", "a/b", "cgroup.procs", "tasks"] {
        let said = refused(&["create", "--", bad]);
        assert!(said.contains("is no name for a group"), "{bad}: {said}");
    }
    let group = Group::new("bad", &["memory=100M", "pids=9", "cpu=50%"]);
    let before = may(&group.0);
    for bad in [
        "cpu=0%",
        "cpu=50",
        "cpu=99999%",
        "memory=0",
        "memory=1",
        "memory=900T",
        "pids=0",
        "cpuset=4095",
        "io=/dev/null:rbps=1M",
        "swap=900T",
        "colour=red",
    ] {
        let said = refused(&["set", &group.0, "pids=5", bad]);
        assert!(
            !said.contains("failed:"),
            "{bad} got as far as the kernel: {said}"
        );
        assert_eq!(file(&group.0, "pids.max").as_deref(), Some("9"), "{bad}");
    }
    assert_eq!(may(&group.0), before);
    let taken = refused(&["create", &group.0]);
    assert!(taken.contains("there is a group"), "{taken}");
    // It makes no folder for a run that cannot be.
    let told = refused(&["run", "--explain", "--memory", "900T", "--", "true"]);
    assert!(!told.contains("mkdir"), "{told}");
}

/// The kernel refuses the last of them; what was written before is taken back.
#[test]
fn a_refused_write_takes_back_the_writes_before_it() {
    if !needs("cgroup-delegated") {
        return;
    }
    let group = Group::new("back", &["memory=100M", "pids=9", "cpu=50%"]);
    let before = may(&group.0);
    // A device that no machine has: nobody can know before the kernel is asked.
    let output = era(&[
        "set",
        &group.0,
        "cpu=10%",
        "memory=50M",
        "pids=5",
        "io=4095:7:rbps=1M",
    ]);
    if output.status.success() {
        return support::skip("io", "this kernel limits a device that is not there");
    }
    let said = text(&output.stderr);
    assert!(said.contains("error: cannot "), "{said}");
    let after = may(&group.0);
    assert_eq!(after[..4], before[..4], "{said}");
}

#[test]
fn a_process_that_is_not_there_is_said_to_be_not_there() {
    if !needs("cgroup-delegated") {
        return;
    }
    let group = Group::new("nobody", &[]);
    let said = refused(&["add", &group.0, "999999999"]);
    assert!(
        said.contains("why:  no process has this number here"),
        "{said}"
    );
}

#[test]
fn tree_and_stat_are_json_for_programs() {
    if !needs("cgroup-delegated") {
        return;
    }
    let group = Group::new("json", &["pids=7"]);
    let tree: Value = serde_json::from_str(&good(&["tree", "--json"])).unwrap();
    let names = tree.as_array().unwrap().iter();
    let ours: Vec<_> = names
        .filter(|one| one["name"] == group.0.as_str())
        .collect();
    assert_eq!(ours.len(), 1);
    assert_eq!(ours[0]["pids"]["limit"], 7);
    let text = good(&["stat", &group.0]);
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
}
