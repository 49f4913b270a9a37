//! A ground's control group: the learner's to use, and gone when the tour is, however that
//! went.

mod support;

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

const ERA: &str = env!("CARGO_BIN_EXE_era");

/// The program that runs in the group: its number of seconds tells it from all others.
const SLEEPER: &str = "86501";

/// Whoever has lost its guardian is anybody's to end: one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A state folder that the learner of a root's tour may pass, too.
fn state() -> TempDir {
    let folder = tempfile::tempdir_in("/var/tmp").unwrap();
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o711)).unwrap();
    folder
}

/// A page whose shells want a group.
fn page(state: &Path, commands: &str) -> PathBuf {
    let page = state.join("page.md");
    let head = "<!-- era\nground: cgroup\n-->\n# Page\n\n```console needs=cgroup-delegated slow";
    std::fs::write(&page, format!("{head}\n{commands}\n```\n")).unwrap();
    page
}

fn tour(state: &Path, page: &Path) -> Command {
    let mut era = Command::new(ERA);
    era.args(["tour", "--auto", "--exact"])
        .arg(page)
        .env("ERA_STATE", state);
    era
}

/// Waits for a fact, not for a time.
fn eventually<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn words_of(pid: i32) -> Vec<String> {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words = line.split(|byte| *byte == 0);
    words
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect()
}

fn processes(is_it: impl Fn(&[String]) -> bool) -> Vec<i32> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let all = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    all.filter(|pid| is_it(&words_of(*pid))).collect()
}

fn sleepers() -> Vec<i32> {
    processes(|words| words.first().is_some_and(|one| one == "sleep") && words[1] == SLEEPER)
}

/// Control groups anywhere whose name says that they belong to this ground.
fn groups(nonce: &str) -> Vec<PathBuf> {
    let found = Command::new("find")
        .args(["/sys/fs/cgroup", "-name", &format!("era-ground-{nonce}")])
        .stderr(Stdio::null())
        .output()
        .unwrap();
    let found = String::from_utf8_lossy(&found.stdout).into_owned();
    found.lines().map(PathBuf::from).collect()
}

/// A tour in the middle of a page: a frozen process in a group below the ground's.
struct Tour {
    era: Child,
    nonce: String,
    guardian: i32,
}

impl Tour {
    fn start(state: &Path) -> Self {
        // In v1 one is frozen in a tree of its own.
        let commands = format!(
            "$ for tree in group group/*; do [ -e $tree/cgroup.procs ] && mkdir $tree/deep; done\n\
             $ (trap '' HUP; for file in {{group,group/*}}/deep/cgroup.procs; do \\\n\
             > [ -e $file ] && echo $BASHPID > $file; done; exec sleep {SLEEPER})"
        );
        let page = page(state, &commands);
        let mut command = tour(state, &page);
        let era = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let era = era.unwrap();
        eventually("the sleeper", || sleepers().first().copied());
        let guardian = eventually("its guardian", || {
            let is_ours = |words: &[String]| {
                let folder = words.iter().any(|word| Path::new(word).starts_with(state));
                folder && words.iter().any(|word| word == "__guardian")
            };
            processes(is_ours).first().copied()
        });
        let entries = std::fs::read_dir(state.join("grounds")).unwrap().flatten();
        let nonce = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let tour = Tour {
            era,
            nonce: { nonce }.next().unwrap(),
            guardian,
        };
        tour.freeze();
        tour
    }

    fn freeze(&self) {
        let files = groups(&self.nonce).into_iter().flat_map(|group| {
            ["freezer.state", "cgroup.freeze"].map(|file| group.join("deep").join(file))
        });
        for file in files.filter(|file| file.exists()) {
            let state = if file.ends_with("cgroup.freeze") {
                "1"
            } else {
                "FROZEN"
            };
            std::fs::write(file, state).unwrap();
        }
    }

    fn is_gone(&self) -> bool {
        groups(&self.nonce).is_empty() && sleepers().is_empty()
    }
}

impl Drop for Tour {
    fn drop(&mut self) {
        let _ = self.era.kill();
        let _ = self.era.wait();
    }
}

#[test]
fn a_killed_tour_leaves_no_group_and_nobody_in_it_frozen_or_not() {
    let _alone = alone();
    if !support::needs("cgroup-delegated") {
        return;
    }
    let state = state();
    let mut tour = Tour::start(state.path());
    assert!(!groups(&tour.nonce).is_empty(), "it never had a group");
    tour.era.kill().unwrap();
    tour.era.wait().unwrap();
    eventually("the guardian to clean up", || tour.is_gone().then_some(()));
}

#[test]
fn what_tour_and_guardian_leave_when_both_are_killed_is_found_by_its_name() {
    let _alone = alone();
    if !support::needs("cgroup-delegated") {
        return;
    }
    let state = state();
    let mut tour = Tour::start(state.path());
    kill(Pid::from_raw(tour.guardian), Signal::SIGKILL).unwrap();
    tour.era.kill().unwrap();
    tour.era.wait().unwrap();
    eventually("the guardian's end", || {
        words_of(tour.guardian)[0].is_empty().then_some(())
    });
    let there = groups(&tour.nonce);
    assert!(!there.is_empty(), "the crash left nothing to find");
    let clean = Command::new(ERA)
        .args(["clean", "--yes"])
        .env("ERA_STATE", state.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&clean.stdout).into_owned();
    assert!(clean.status.success(), "{clean:?}");
    for group in there {
        let line = format!("remove group {}\n", group.display());
        assert!(said.contains(&line), "{said}");
    }
    assert!(tour.is_gone(), "{:?} {:?}", groups(&tour.nonce), sleepers());
}

#[test]
fn the_learner_sets_limits_below_the_group_and_not_on_it() {
    let _alone = alone();
    if !support::needs("cgroup-delegated") {
        return;
    }
    let state = state();
    let page = page(
        state.path(),
        "$ v2=group/pids.max v1=group/pids/pids.max; [ -e $v2 ] && max=$v2 || max=$v1\n\
         $ grep -c era-ground- /proc/self/cgroup > /dev/null && echo in a group of ours\n\
         in a group of ours\n\
         $ mkdir ${max%/*}/few && echo 7 > ${max%/*}/few/pids.max && cat ${max%/*}/few/pids.max\n\
         7\n\
         $ test -w $max\n\
         ? 1",
    );
    let output = tour(state.path(), &page).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 blocks ran: 1 matched"), "{said}");
}

#[test]
fn a_page_that_wants_no_group_gets_none() {
    let state = state();
    let page = state.path().join("page.md");
    let text = "# Page\n\n```console\n$ ls\n$ grep -c era-ground- /proc/self/cgroup\n0\n? 1\n```\n";
    std::fs::write(&page, text).unwrap();
    let output = tour(state.path(), &page).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}");
}
