//! Asks for machines, one at a time, and looks for what they leave.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::support;

pub const ERA: &str = env!("CARGO_BIN_EXE_era");

/// Kept from run to run: the machine's root is made once.
pub fn state() -> PathBuf {
    let state = Path::new(env!("CARGO_TARGET_TMPDIR")).join("machine");
    std::fs::create_dir_all(&state).unwrap();
    state
}

/// The kernel that the doctor has found.
pub fn kernel() -> &'static Path {
    static KERNEL: OnceLock<PathBuf> = OnceLock::new();
    KERNEL.get_or_init(|| {
        let doctor = Command::new(ERA)
            .args(["doctor", "--json", "machine"])
            .output()
            .unwrap();
        let found: serde_json::Value = serde_json::from_slice(&doctor.stdout).unwrap();
        let why = found[0]["why"].as_str().unwrap();
        PathBuf::from(why.split_once(" from ").expect("Linux … from FILE").1)
    })
}

pub fn machine(words: &[&str]) -> Command {
    let mut command = Command::new(ERA);
    command.arg("machine").args(words);
    command
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The right to start machines.
pub struct Asked(#[allow(dead_code)] MutexGuard<'static, ()>);

impl Asked {
    /// When it is our turn; None where there is no machine.
    pub fn alone() -> Option<Self> {
        static ONE: Mutex<()> = Mutex::new(());
        if !support::needs("machine") {
            return None;
        }
        Some(Asked(ONE.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = machine(words);
        command
            .env("ERA_STATE", state())
            .env("ERA_KERNEL", kernel())
            .stdin(Stdio::null());
        command
    }

    pub fn runs(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    pub fn feeds(&self, words: &[&str], input: &[u8]) -> Output {
        let mut command = self.command(words);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut era = command.spawn().unwrap();
        era.stdin.take().unwrap().write_all(input).unwrap();
        era.wait_with_output().unwrap()
    }

    /// The emulator that a process of ours has started, once it is one.
    pub fn emulator_of(&self, era: u32) -> u32 {
        let find = || {
            let children = format!("/proc/{era}/task/{era}/children");
            let children = std::fs::read_to_string(children).unwrap_or_default();
            let pid: u32 = children.split_whitespace().next()?.parse().ok()?;
            let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
            name.starts_with("qemu-system").then_some(pid)
        };
        let mut found = None;
        eventually("an emulator", || {
            found = found.or_else(find);
            found.is_some()
        });
        found.unwrap()
    }

    /// Emulators of these tests whose owner is gone.
    pub fn left(&self) -> Vec<u32> {
        let entries = std::fs::read_dir("/proc").unwrap().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let is_left = |pid: &u32| owner_of(*pid).is_some_and(|owner| !runs(owner)) && runs(*pid);
        pids.filter(is_left).collect()
    }
}

fn owner_of(emulator: u32) -> Option<u32> {
    let environment = std::fs::read(format!("/proc/{emulator}/environ")).ok()?;
    let mut variables = environment.split(|byte| *byte == 0);
    let of_these_tests = format!("ERA_STATE={}", state().display());
    let is_ours = |variable: &[u8]| variable == of_these_tests.as_bytes();
    variables.clone().any(is_ours).then_some(())?;
    let owner = variables.find_map(|variable| variable.strip_prefix(b"ERA_MACHINE="))?;
    std::str::from_utf8(owner).ok()?.parse().ok()
}

pub fn runs(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    !status.is_empty() && !status.contains("State:\tZ")
}

/// Waits for a fact, not for a time.
#[track_caller]
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < until, "never: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
