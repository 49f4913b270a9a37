//! Runs the doctor, behind obstacles, and reads what it found.

use std::process::{Command, Output};

use groundwork::kernel::{self, Errno};
use serde_json::Value;

/// The program.
pub const ERA: &str = env!("CARGO_BIN_EXE_era");

/// What `era doctor --json` found, by name.
pub struct Found(pub Vec<Value>);

impl Found {
    pub fn of(output: &Output) -> Self {
        let text = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        Found(serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}{errors}")))
    }

    pub fn get(&self, probe: &str) -> &Value {
        let found = self.0.iter().find(|finding| finding["probe"] == probe);
        found.unwrap_or_else(|| panic!("no finding of {probe}"))
    }

    /// Its state, and words that its reason and its remedy hold.
    #[track_caller]
    pub fn is(&self, probe: &str, state: &str, why: &str, fix: &str) {
        let finding = self.get(probe);
        let holds =
            |field: &str, words: &str| finding[field].as_str().unwrap_or_default().contains(words);
        let all = finding["state"] == state && holds("why", why) && holds("fix", fix);
        assert!(all, "wanted {state}, {why:?}, {fix:?}: {finding:#}");
    }

    #[track_caller]
    pub fn works(&self, probe: &str) {
        self.is(probe, "works", "", "");
    }
}

pub fn doctor(probes: &[&str]) -> Command {
    let mut command = Command::new(ERA);
    command.args(["doctor", "--json"]).args(probes);
    command
}

/// A shell script as root of a user and mount namespace of its own; `$ERA` is the program.
/// A script that mounts over /tmp opens it first: the checkout may lie there.
pub fn in_namespaces(script: &str) -> Found {
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-euc", script])
        .env("ERA", ERA)
        .output()
        .expect("unshare runs");
    Found::of(&output)
}

/// Runs a command behind a filter that refuses a system call: a filter belongs to a thread,
/// and a child has that of the thread that made it.
pub fn behind_a_filter(call: i64, errno: Errno, mut command: Command) -> Output {
    let run = move || {
        kernel::prctl_set_no_new_privs().expect("no_new_privs");
        kernel::seccomp_set_mode_filter(&[], &kernel::refusal(&[call], errno)).expect("a filter");
        command.output().expect("the command runs")
    };
    std::thread::spawn(run).join().expect("the thread ends")
}

pub fn filtered(call: i64, errno: Errno, probes: &[&str]) -> Found {
    Found::of(&behind_a_filter(call, errno, doctor(probes)))
}
