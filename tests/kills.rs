//! SIGKILL of the tour at any moment leaves nothing: the guardian ends what ran, or, if the
//! tour died before it had one, `era clean` finds the folder by its mark.
//!
//! A sample of moments here; hundreds with ERA_LONG=1.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ERA: &str = env!("CARGO_BIN_EXE_era");

fn kills() -> u32 {
    if std::env::var_os("ERA_LONG").is_some() {
        400
    } else {
        12
    }
}

fn grounds(state: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(state.join("grounds"))
        .into_iter()
        .flatten();
    entries.flatten().map(|entry| entry.path()).collect()
}

/// Processes that carry the mark of any ground below `state`, in words or environment.
fn marked(state: &Path) -> Vec<String> {
    let state = state.to_str().unwrap();
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let read = |path: PathBuf| std::fs::read(path).unwrap_or_default();
    entries
        .filter(|entry| entry.file_name().to_string_lossy().parse::<u32>().is_ok())
        .filter_map(|entry| {
            let words = read(entry.path().join("cmdline"));
            let all = [words.clone(), read(entry.path().join("environ"))].concat();
            let ours = String::from_utf8_lossy(&all).contains(state);
            ours.then(|| String::from_utf8_lossy(&words).replace('\0', " "))
        })
        .collect()
}

fn eventually(what: impl Fn() -> bool) -> bool {
    let until = Instant::now() + Duration::from_secs(20);
    while Instant::now() < until {
        if what() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    false
}

/// How long a whole tour takes here: moments are drawn from all of it.
fn whole_tour(state: &Path) -> Duration {
    let started = Instant::now();
    let status = tour(state).wait().unwrap();
    assert!(status.success());
    started.elapsed()
}

fn tour(state: &Path) -> std::process::Child {
    Command::new(ERA)
        .args(["tour", "--auto"])
        .env("ERA_STATE", state)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Mounts that carry the mark: other tests may mount what they like meanwhile.
fn mounts(state: &Path) -> Vec<String> {
    let all = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    let state = state.to_str().unwrap();
    let ours = all.lines().filter(|line| line.contains(state));
    ours.map(str::to_owned).collect()
}

#[test]
fn a_tour_killed_at_any_moment_leaves_no_process_no_mount_and_no_folder() {
    let state = tempfile::tempdir_in("/var/tmp").unwrap();
    let passable = std::os::unix::fs::PermissionsExt::from_mode(0o711);
    std::fs::set_permissions(state.path(), passable).unwrap();
    let whole = whole_tour(state.path());
    let (count, mut by_clean) = (kills(), 0);
    for turn in 0..count {
        let mut era = tour(state.path());
        // Every part of the tour has its turn; no two runs need the same moments.
        std::thread::sleep(whole * turn / count);
        let _ = era.kill();
        era.wait().unwrap();
        let quiet = eventually(|| marked(state.path()).is_empty());
        assert!(quiet, "turn {turn} left {:?}", marked(state.path()));
        if !grounds(state.path()).is_empty() {
            by_clean += 1;
            let clean = Command::new(ERA)
                .args(["clean", "--yes"])
                .env("ERA_STATE", state.path())
                .output()
                .unwrap();
            assert!(clean.status.success(), "{clean:?}");
        }
        let left = grounds(state.path());
        assert!(left.is_empty(), "turn {turn} left {left:?}");
        let left = mounts(state.path());
        assert!(left.is_empty(), "turn {turn} left {left:?}");
    }
    println!("{count} kills within {whole:?}; {by_clean} folders were left to era clean");
}
