//! `era clean` after crashes that are real: it ends what is ours, and nothing else.

mod support;

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

const ERA: &str = env!("CARGO_BIN_EXE_era");

/// A process with a dead guardian's mark is anybody's to end: one test at a time.
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

fn clean(state: &Path, arguments: &[&str]) -> Output {
    Command::new(ERA)
        .arg("clean")
        .args(arguments)
        .env("ERA_STATE", state)
        .stdin(Stdio::null())
        .output()
        .expect("era runs")
}

fn text(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&both).into_owned()
}

/// Waits for a fact, not for a time.
fn eventually<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "never: {what}");
        std::thread::yield_now();
    }
}

/// A tour in the middle of a page, whose command does not end by itself or with its
/// terminal.
struct Tour {
    era: Child,
    folder: PathBuf,
    sleepers: Vec<i32>,
    guardian: i32,
}

impl Tour {
    /// `number` tells its two sleepers from all others; one has an empty environment.
    fn start(state: &Path, number: u32) -> Self {
        let page = state.join(format!("page-{number}.md"));
        let (first, second) = (format!("6{number}01"), format!("6{number}02"));
        let command = format!("(trap '' HUP; env -i sleep {first} & exec sleep {second})");
        std::fs::write(
            &page,
            format!("# Page\n\n```console slow\n$ {command}\n```\n"),
        )
        .unwrap();
        let era = Command::new(ERA)
            .args(["tour", "--auto"])
            .arg(&page)
            .env("ERA_STATE", state)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let sleepers = [first, second].map(|seconds| {
            let words = ["sleep", &seconds];
            eventually("a sleeper", || process(&words))
        });
        let guardian = eventually("its guardian", || guardian_of(era.id()));
        let words = words_of(guardian).unwrap();
        Tour {
            era,
            folder: PathBuf::from(&words[2]),
            sleepers: sleepers.to_vec(),
            guardian,
        }
    }

    /// What nobody can catch, to both who would have cleaned up.
    fn crash(&mut self) {
        kill(Pid::from_raw(self.guardian), Signal::SIGKILL).unwrap();
        self.era.kill().unwrap();
        self.era.wait().unwrap();
        eventually("the guardian's end", || {
            (!runs(self.guardian)).then_some(())
        });
    }
}

/// Whatever a test has shown, nothing of it stays.
impl Drop for Tour {
    fn drop(&mut self) {
        let _ = self.era.kill();
        let _ = self.era.wait();
        let ours = |pid: &i32| {
            words_of(*pid).is_some_and(|words| words.first().is_some_and(|word| word == "sleep"))
        };
        for pid in self.sleepers.iter().filter(|pid| ours(pid)) {
            let _ = kill(Pid::from_raw(*pid), Signal::SIGKILL);
        }
    }
}

/// A process that has nothing to do with us, and ends with its test.
struct Stranger(Child);

impl Drop for Stranger {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn words_of(pid: i32) -> Option<Vec<String>> {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let words = line
        .split(|byte| *byte == 0)
        .filter(|word| !word.is_empty());
    Some(
        words
            .map(|word| String::from_utf8_lossy(word).into_owned())
            .collect(),
    )
}

fn all() -> Vec<i32> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

fn process(words: &[&str]) -> Option<i32> {
    all()
        .into_iter()
        .find(|pid| words_of(*pid).is_some_and(|line| line == words))
}

fn guardian_of(tour: u32) -> Option<i32> {
    let parent = format!("PPid:\t{tour}\n");
    all().into_iter().find(|pid| {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let words = words_of(*pid).unwrap_or_default();
        status.contains(&parent) && words.get(1).is_some_and(|word| word == "__guardian")
    })
}

/// Whether it runs, and is no zombie.
fn runs(pid: i32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    !status.is_empty() && !status.contains("State:\tZ")
}

#[test]
fn what_a_killed_tour_leaves_is_ended_and_a_running_tour_is_left_alone() {
    let _alone = alone();
    let state = state();
    let mut crashed = Tour::start(state.path(), 1);
    let mut running = Tour::start(state.path(), 2);
    let stranger = Command::new("sleep")
        .arg("6300")
        .stderr(Stdio::null())
        .spawn();
    let mut stranger = Stranger(stranger.unwrap());
    crashed.crash();
    assert!(
        crashed.sleepers.iter().all(|pid| runs(*pid)),
        "the crash left nothing to find"
    );

    let dry = clean(state.path(), &["--dry-run"]);
    assert!(dry.status.success(), "{}", text(&dry));
    for pid in &crashed.sleepers {
        assert!(
            text(&dry).contains(&format!("end process  {pid} (sleep)")),
            "{}",
            text(&dry)
        );
    }
    let remove = format!("remove       {}\n", crashed.folder.display());
    assert!(text(&dry).contains(&remove), "{}", text(&dry));
    assert!(
        !text(&dry).contains(running.folder.to_str().unwrap()),
        "{}",
        text(&dry)
    );

    let asked = clean(state.path(), &[]);
    assert_eq!(asked.status.code(), Some(1), "{}", text(&asked));
    assert!(
        text(&asked).contains("nothing was ended"),
        "{}",
        text(&asked)
    );
    assert!(
        crashed.sleepers.iter().all(|pid| runs(*pid)),
        "ended without a yes"
    );

    let done = clean(state.path(), &["--yes"]);
    assert!(done.status.success(), "{}", text(&done));
    assert!(
        !crashed.sleepers.iter().any(|pid| runs(*pid)),
        "{}",
        text(&done)
    );
    assert!(!crashed.folder.exists());

    assert!(
        running.sleepers.iter().all(|pid| runs(*pid)),
        "a running tour was hit"
    );
    assert!(running.folder.join("ground.json").exists());
    assert!(
        stranger.0.try_wait().unwrap().is_none(),
        "a stranger was hit"
    );
    running.era.kill().unwrap();
    running.era.wait().unwrap();
    eventually("the guardian to clean up", || {
        (!running.folder.exists()).then_some(())
    });
}

/// A ground whose tour and guardian are long gone.
fn dead_ground(state: &Path, nonce: &str) -> PathBuf {
    let folder = state.join("grounds").join(nonce);
    std::fs::create_dir_all(folder.join("box")).unwrap();
    let mark = format!("{{\"nonce\":\"{nonce}\",\"pid\":1,\"started\":\"-1\",\"learner\":0}}\n");
    std::fs::write(folder.join("ground.json"), mark).unwrap();
    folder
}

#[test]
fn mounts_are_taken_off_before_a_folder_is_removed_and_what_they_showed_stays() {
    let _alone = alone();
    let state = state();
    let ground = dead_ground(state.path(), "0123456789ab");
    let precious = tempfile::tempdir().unwrap();
    std::fs::write(precious.path().join("file"), "mine").unwrap();
    let script = "
        mkdir \"$GROUND/box/bound\" \"$GROUND/box/with space\"
        mount --bind \"$PRECIOUS\" \"$GROUND/box/bound\"
        mount -t tmpfs none \"$GROUND/box/with space\"
        touch \"$ERA_STATE/kept\"; unshare --uts=\"$ERA_STATE/kept\" true
        \"$ERA\" clean --yes
        grep -c \" $ERA_STATE\" /proc/self/mountinfo || :";
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-euc", script])
        .env("ERA", ERA)
        .env("GROUND", &ground)
        .env("PRECIOUS", precious.path())
        .env("ERA_STATE", state.path())
        .output()
        .unwrap();
    let said = text(&output);
    for point in [
        ground.join("box/bound"),
        ground.join("box/with space"),
        state.path().join("kept"),
    ] {
        assert!(
            said.contains(&format!("unmount      {}\n", point.display())),
            "{said}"
        );
    }
    assert!(said.ends_with("Done.\n0\n"), "{said}");
    assert!(!ground.exists());
    assert_eq!(
        std::fs::read_to_string(precious.path().join("file")).unwrap(),
        "mine"
    );
}

#[test]
fn a_folder_without_our_mark_is_not_ours() {
    let _alone = alone();
    let state = state();
    let grounds = state.path().join("grounds");
    let elsewhere = tempfile::tempdir().unwrap();
    let linked = dead_ground(elsewhere.path(), "1111");
    std::fs::create_dir_all(grounds.join("plain")).unwrap();
    symlink(&linked, grounds.join("1111")).unwrap();
    let moved = dead_ground(state.path(), "2222");
    std::fs::rename(&moved, grounds.join("renamed")).unwrap();

    let output = clean(state.path(), &["--yes"]);
    assert!(output.status.success(), "{}", text(&output));
    assert!(
        !text(&output).contains(grounds.to_str().unwrap()),
        "{}",
        text(&output)
    );
    for name in ["plain", "1111", "renamed"] {
        assert!(grounds.join(name).exists(), "{name} was removed");
    }
    assert!(linked.join("ground.json").exists());
}

#[test]
fn a_group_of_a_probe_that_was_killed_is_removed() {
    let _alone = alone();
    if !support::needs("cgroup-delegated") {
        return;
    }
    let output = Command::new(ERA)
        .args(["doctor", "--json", "cgroup-delegated"])
        .output()
        .unwrap();
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let why = found[0]["why"].as_str().unwrap();
    let Some(places) = why.strip_prefix("a group can be made in ") else {
        // systemd gives one, and takes it back itself.
        return support::skip("cgroup-delegated", why);
    };
    let place = places.rsplit(", ").next().unwrap();
    let mut gone = Command::new("true").spawn().unwrap();
    gone.wait().unwrap();
    let group = Path::new(place).join(format!("era-doctor-{}", gone.id()));
    let used = Path::new(place).join(format!("era-doctor-{}", std::process::id()));
    std::fs::create_dir(&group).unwrap();
    std::fs::create_dir(&used).unwrap();

    let state = state();
    let output = clean(state.path(), &["--yes"]);
    let (removed, kept) = (!group.exists(), used.exists());
    std::fs::remove_dir(&used).unwrap();
    assert!(removed && kept, "{}", text(&output));
    assert!(text(&output).contains(&format!("remove group {}\n", group.display())));
}
