//! Ctrl-C and SIGKILL at any moment: our programs leave no process behind. Where
//! util-linux's own leave one, so do ours, and no other.
//!
//! A sample of moments here; hundreds with ERA_LONG=1.

mod failures;
mod support;

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use failures::{folder, left_running};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use support::programs::programs;

/// Runs until it is told to end. As PID 1 of a namespace it would ignore Ctrl-C without a
/// trap, see pid_namespaces(7).
const WORK: &str = "'trap \"exit 3\" INT; sleep 1000; exit 0'";

/// Lines that may be interrupted at any moment. `$D` is a folder of the run.
const INTERRUPTED: &[&str] = &[
    "era-unshare -muinpCTf --mount-proc sh -c WORK",
    "era-unshare -Urmpf --mount-proc --kill-child sh -c WORK",
    "era-unshare -f sh -c WORK",
    "era-unshare -U --map-users=0,0,1 --map-groups=0,0,1 -f sh -c WORK",
    "era-unshare -m --pivot $D/jail --mount-proc -pf /bin/sh -c WORK",
    "era-unshare -u --uts=$D/uts -f sh -c WORK",
    "era-chroot run $D/jail --userns --proc --dev -- /bin/sh -c WORK",
    "era-nsenter -t $$ -u -i -n -F sh -c WORK",
    "era-seccomp run --profile default -- sh -c WORK",
    "era-seccomp supervise --watch openat -- sh -c WORK",
    "era-seccomp record --output $D/profile -- sh -c WORK",
    "exec unshare -mpf --mount-proc era-nsenter -t 1 -m -p sh -c WORK",
];

/// Lines of which SIGKILL of the program itself leaves nothing.
const KILLED: &[&str] = &[
    "era-unshare -Urmpf --mount-proc --kill-child sh -c WORK",
    "era-unshare -f --kill-child sleep 1000",
    "era-unshare -muiC sleep 1000",
    "era-unshare -U --map-users=0,0,1 --map-groups=0,0,1 -f --kill-child sleep 1000",
    "era-chroot run $D/jail --proc --dev -- /bin/sleep 1000",
    "era-nsenter -t $$ -u -i -F sleep 1000",
    "era-seccomp run --deny mkdir -- sleep 1000",
    "era-seccomp supervise --watch openat -- sleep 1000",
    "era-seccomp record --output $D/profile -- sh -c 'sleep 1000; exit'",
];

/// How many moments of each line.
fn moments() -> u32 {
    if std::env::var_os("ERA_LONG").is_some() {
        100
    } else {
        6
    }
}

/// The line in a user and mount namespace of its own, at the head of a process group of its
/// own, as a shell would start it. Its process id is the program's.
fn start(line: &str, folder: &Path) -> Child {
    let line = line.replace("WORK", WORK);
    Command::new("unshare")
        .args(["-Urm", "--propagation", "private", "sh", "-c"])
        .arg(format!("cd /; exec {line}"))
        .env(
            "PATH",
            format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", programs().display()),
        )
        .env("MARK", folder)
        .env("D", folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap()
}

/// What still runs of it after a while in which it may end.
fn left(folder: &Path) -> Vec<i32> {
    eventually(|| left_running(folder).is_empty());
    left_running(folder)
}

fn eventually(mut what: impl FnMut() -> bool) -> bool {
    let until = Instant::now() + Duration::from_secs(5);
    while Instant::now() < until {
        if what() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    false
}

/// Ends what a run has left, by its number.
fn end(left: &[i32]) {
    for pid in left {
        let _ = kill(Pid::from_raw(*pid), Signal::SIGKILL);
    }
}

/// Presses Ctrl-C after `moment`, which a terminal sends to the whole group, and again until
/// the program has ended: what it runs may not be ready yet to hear it, as PID 1 is before
/// its trap. From then on nothing may be left.
fn interrupted(line: &str, moment: Duration) -> Result<(), String> {
    let folder = folder();
    let mut child = start(line, folder.path());
    std::thread::sleep(moment);
    let group = Pid::from_raw(-(child.id() as i32));
    let ended = eventually(|| {
        let _ = kill(group, Signal::SIGINT);
        std::thread::sleep(Duration::from_millis(20));
        child.try_wait().unwrap().is_some()
    });
    let left = left(folder.path());
    end(&left);
    let what = format!("{line}\nCtrl-C after {moment:?}: ended {ended}, left {left:?}");
    (ended && left.is_empty()).then_some(()).ok_or(what)
}

/// Kills the program itself after `moment`.
fn killed(line: &str, moment: Duration) -> Result<(), String> {
    let folder = folder();
    let mut child = start(line, folder.path());
    std::thread::sleep(moment);
    child.kill().unwrap();
    child.wait().unwrap();
    let left = left(folder.path());
    end(&left);
    let what = format!("{line}\nSIGKILL after {moment:?} left {left:?}");
    left.is_empty().then_some(()).ok_or(what)
}

/// From before the program begins until it certainly runs.
fn all_moments() -> impl Iterator<Item = Duration> {
    let count = moments();
    (0..count).map(move |turn| Duration::from_millis(60) * turn / count)
}

#[test]
fn an_interrupted_program_leaves_no_process() {
    for line in INTERRUPTED {
        for moment in all_moments() {
            interrupted(line, moment).unwrap();
        }
    }
}

#[test]
fn a_killed_program_leaves_no_process() {
    for line in KILLED {
        for moment in all_moments() {
            killed(line, moment).unwrap();
        }
    }
}

/// Without --kill-child the program outlives unshare(1), as any child outlives its parent:
/// ours leaves just that, too.
#[test]
fn a_child_that_nobody_ties_to_its_parent_outlives_it_as_with_unshare() {
    let left_by = |program: &str| {
        let folder = folder();
        let mut child = start(&format!("{program} -uf sleep 1000"), folder.path());
        let name =
            |pid: &i32| std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        let until = Instant::now() + Duration::from_secs(20);
        let sleeps = || {
            left_running(folder.path())
                .iter()
                .any(|pid| name(pid) == "sleep\n")
        };
        while !sleeps() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let left = left_running(folder.path());
        let names: Vec<_> = left.iter().map(name).collect();
        end(&left);
        names
    };
    assert_eq!(left_by("era-unshare"), ["sleep\n"]);
    assert_eq!(left_by("era-unshare"), left_by("unshare"));
}
