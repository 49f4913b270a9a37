//! When `era-cgroup` fails, or is killed: it says what failed, and no group stays behind.

mod cgroup;
mod support;

use std::path::PathBuf;
use std::process::Command;

use cgroup::{Group, Waiting, anywhere, command, good, name};
use support::needs;
use support::programs::text;

fn nowhere() -> Vec<PathBuf> {
    Vec::new()
}

/// The calls that a run makes in each role, as it tells them.
const CALLS: [(&str, &str); 6] = [
    ("parent", "mkdir"),
    ("parent", "write"),
    ("parent", "open"),
    ("parent", "clone3"),
    ("child", "execve"),
    ("parent", "rmdir"),
];

#[test]
fn each_call_that_is_refused_is_named_and_leaves_no_group() {
    if !needs("cgroup-delegated") {
        return;
    }
    let mut refused = 0;
    for (role, call) in CALLS {
        for occurrence in 1.. {
            let name = name("inject");
            let fault = format!("{role}:{call}:{occurrence}=EPERM");
            let limits = [
                "--cpu", "50%", "--memory", "100M", "--pids", "9", "--cpuset", "0",
            ];
            let line = [&["run", "--name", &name][..], &limits, &["--", "true"]].concat();
            let output = command(&line).env("ERA_FAULT", &fault).output().unwrap();
            let said = format!("{fault}: {}", text(&output.stderr));
            if !said.contains(&format!("{call}(")) {
                assert!(output.status.success(), "{said}");
                break;
            }
            refused += 1;
            assert!(!output.status.success(), "{said}");
            assert!(said.contains("EPERM (operation not permitted)"), "{said}");
            if call == "rmdir" {
                // The one call without which no group can go: era clean does it.
                let clean = era_clean();
                assert!(
                    clean.contains("end group") || anywhere(&name).is_empty(),
                    "{clean}"
                );
            }
            assert_eq!(anywhere(&name), nowhere(), "{said}");
        }
    }
    // Where the folder of all groups could not be removed, the next to go takes it along.
    drop(Group::new("after", &[]));
    eprintln!("{refused} calls refused");
    assert!(refused >= 12, "only {refused} calls were refused");
}

fn era_clean() -> String {
    let state = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_era"))
        .args(["clean", "--yes"])
        .env("ERA_STATE", state.path())
        .output()
        .unwrap();
    text(&[output.stdout, output.stderr].concat())
}

#[test]
fn a_run_that_was_killed_is_found_by_clean_with_all_who_are_in_it() {
    if !needs("cgroup-delegated") {
        return;
    }
    let (crashed, running) = (name("crashed"), name("running"));
    let stays = Group::new("stays", &[]);
    let script = "trap '' HUP TERM; setsid sleep 304 <&- >&- 2>&- & echo $!";
    let run = Waiting::start(&["--name", &crashed], script);
    let sleeper = run.first.trim().to_owned();
    let other = Waiting::start(&["--name", &running], "");
    run.crash();
    assert!(
        !anywhere(&crashed).is_empty(),
        "the crash left nothing to find"
    );

    let said = era_clean();
    assert!(
        said.contains(&format!("end group    {crashed} (its run, process ")),
        "{said}"
    );
    assert!(
        !said.contains(&running) && !said.contains(&stays.0),
        "{said}"
    );
    assert_eq!(anywhere(&crashed), nowhere(), "{said}");
    let status = std::fs::read_to_string(format!("/proc/{sleeper}/status"));
    let status = status.unwrap_or_else(|_| "State:\tZ".to_owned());
    assert!(
        status.contains("State:\tZ"),
        "somebody in it still runs: {status}"
    );
    assert!(!anywhere(&running).is_empty() && !anywhere(&stays.0).is_empty());
    assert!(other.end().status.success());
    assert_eq!(anywhere(&running), nowhere());
}

/// SIGTERM and SIGINT from the first moment on: before there is a group, while it is made,
/// while the program runs.
#[test]
fn a_signal_at_any_moment_leaves_no_group() {
    if !needs("cgroup-delegated") {
        return;
    }
    let moments = if std::env::var_os("ERA_LONG").is_some() {
        300
    } else {
        20
    };
    for moment in 0..moments {
        let name = name("moment");
        let mut run = command(&["run", "--name", &name, "--pids", "9", "--", "sleep", "20"]);
        let mut run = run.stderr(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_micros(
            moment * 6_000 / moments * 2,
        ));
        let pid = nix::unistd::Pid::from_raw(run.id() as i32);
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
        let status = run.wait().unwrap();
        assert!(!status.success());
        assert_eq!(anywhere(&name), nowhere(), "moment {moment}");
    }
}

#[test]
fn nothing_of_ours_is_left_when_the_last_group_goes() {
    if !needs("cgroup-delegated") {
        return;
    }
    let group = Group::new("last", &["cpuset=0"]);
    let name = group.0.clone();
    drop(group);
    assert_eq!(anywhere(&name), nowhere());
    // Somebody else's tests may have theirs: then our own folder stays for them.
    let names = good(&["tree"]);
    let is_alone = names.lines().count() == 1;
    assert!(!is_alone || !names.contains("test-last"), "{names}");
}

#[test]
fn a_plain_folder_with_the_right_name_limits_nobody_and_is_not_taken_for_one() {
    // A hybrid machine's /sys/fs/cgroup is a tmpfs: cpu.max there is a plain file.
    let top = std::path::Path::new("/sys/fs/cgroup");
    let kind = nix::sys::statfs::statfs(top).map(|about| about.filesystem_type());
    if kind.is_ok_and(|kind| kind == nix::sys::statfs::CGROUP2_SUPER_MAGIC) {
        return;
    }
    if !needs("cgroup-delegated") {
        return;
    }
    let group = Group::new("plain", &["cpu=50%"]);
    for folder in cgroup::folders(&group.0) {
        let kind = nix::sys::statfs::statfs(&folder).unwrap().filesystem_type();
        assert_eq!(
            kind,
            nix::sys::statfs::CGROUP_SUPER_MAGIC,
            "{}",
            folder.display()
        );
        assert_ne!(folder.parent().and_then(std::path::Path::parent), Some(top));
    }
}
