//! What a call costs behind our filter, and behind libseccomp's, measured by turns.
//!
//! Calls whose verdict is always "allow" prove nothing: the kernel remembers them, and runs
//! no filter.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::Command;

use seccomp::Filter;

const ROUNDS: usize = 15;
const CALLS: u32 = 200_000;

/// A program that makes calls behind a filter, compiled here.
pub struct Caller {
    folder: tempfile::TempDir,
}

impl Caller {
    /// Compiles it.
    pub fn build() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/bench/seccomp_cost.c");
        let mut cc = Command::new("cc");
        let built = cc
            .args(["-O2", "-Wall", "-o"])
            .arg(folder.path().join("cost"));
        assert!(built.arg(source).status().unwrap().success());
        Caller { folder }
    }

    /// Makes each call so often behind a filter of Docker's rules, and looks at the answer;
    /// gives the nanoseconds of one.
    pub fn call(&self, filter: &Filter, count: u32) -> Vec<(String, f64)> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&filter.to_bytes()).unwrap();
        let mut program = Command::new(self.folder.path().join("cost"));
        let output = program.arg(file.path()).arg(count.to_string()).output();
        let output = output.expect("the program starts");
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        let line = |line: &str| {
            let (call, nanoseconds) = line.split_once(' ').unwrap();
            (call.to_owned(), nanoseconds.parse().unwrap())
        };
        text.lines().map(line).collect()
    }
}

/// The median cost of each call behind two filters, in nanoseconds.
pub fn by_turns(ours: &Filter, theirs: &Filter) -> BTreeMap<String, [f64; 2]> {
    let caller = Caller::build();
    let mut taken: BTreeMap<String, [Vec<f64>; 2]> = BTreeMap::new();
    for _ in 0..ROUNDS {
        for (which, filter) in [ours, theirs].into_iter().enumerate() {
            for (call, nanoseconds) in caller.call(filter, CALLS) {
                taken.entry(call).or_default()[which].push(nanoseconds);
            }
        }
    }
    let medians = taken
        .into_iter()
        .map(|(call, each)| (call, each.map(median)));
    medians.collect()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
