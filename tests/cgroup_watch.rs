//! `era-cgroup watch`: what it shows is what the kernel's files say, and the terminal is
//! given back however it ends.

mod support;
#[path = "player/terminal.rs"]
mod terminal;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::Value;
use support::programs::{program, text};
use terminal::Terminal;

/// A group of its own for a test, limited to a tenth of a core, 64 MiB and 9 processes, by the
/// kernel's files alone.
struct Group {
    name: String,
    folders: Vec<PathBuf>,
    inside: Vec<Child>,
}

fn era_cgroup(arguments: &[&str]) -> String {
    let output = Command::new(program("era-cgroup")).args(arguments).output();
    let output = output.expect("era-cgroup runs");
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    text(&output.stdout)
}

impl Group {
    fn new(test: &str) -> Self {
        let name = format!("watch-{test}-{}", std::process::id());
        era_cgroup(&["create", &name]);
        let stat: Value = serde_json::from_str(&era_cgroup(&["stat", &name, "--json"])).unwrap();
        let folders = stat["folders"].as_array().unwrap().iter();
        let folders = folders.map(|folder| PathBuf::from(folder.as_str().unwrap()));
        let group = Self {
            name,
            folders: folders.collect(),
            inside: Vec::new(),
        };
        group.set(&["cpu.max"], "10000 100000");
        group.set(&["cpu.cfs_quota_us"], "10000");
        group.set(&["memory.max", "memory.limit_in_bytes"], "67108864");
        group.set(&["pids.max"], "9");
        group
    }

    /// The file of this name, in whichever tree has it.
    fn file(&self, names: &[&str]) -> Option<PathBuf> {
        let all = self.folders.iter();
        let mut all = all.flat_map(|folder| names.iter().map(|name| folder.join(name)));
        all.find(|file| file.exists())
    }

    fn set(&self, names: &[&str], value: &str) {
        if let Some(file) = self.file(names) {
            std::fs::write(file, value).unwrap();
        }
    }

    fn number(&self, names: &[&str]) -> u64 {
        let file = self.file(names).unwrap_or_else(|| panic!("no {names:?}"));
        std::fs::read_to_string(file)
            .unwrap()
            .trim()
            .parse()
            .unwrap()
    }

    /// CPU time used so far, in seconds.
    fn used(&self) -> f64 {
        if let Some(file) = self.file(&["cpuacct.usage"]) {
            let nanoseconds: f64 = std::fs::read_to_string(file)
                .unwrap()
                .trim()
                .parse()
                .unwrap();
            return nanoseconds / 1e9;
        }
        let stat = std::fs::read_to_string(self.file(&["cpu.stat"]).unwrap()).unwrap();
        let usec = stat
            .lines()
            .find_map(|line| line.strip_prefix("usage_usec "));
        usec.unwrap().parse::<f64>().unwrap() / 1e6
    }

    /// In how many periods it had to wait for the next one.
    fn throttled(&self) -> u64 {
        let stat = self.folders.iter().map(|folder| folder.join("cpu.stat"));
        let stat = stat.filter_map(|file| std::fs::read_to_string(file).ok());
        let lines: Vec<String> = stat
            .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
            .collect();
        let count = lines
            .iter()
            .find_map(|line| line.strip_prefix("nr_throttled "));
        count.unwrap().parse().unwrap()
    }

    /// A program in it, from its first instruction on.
    fn run(&mut self, script: &str) {
        let enter = self
            .folders
            .iter()
            .map(|folder| format!("echo $$ > '{}'\n", folder.join("cgroup.procs").display()));
        let script = format!("{}{script}", enter.collect::<String>());
        let child = Command::new("bash")
            .args(["-ec", &script])
            .stdin(Stdio::null())
            .spawn();
        self.inside.push(child.unwrap());
        let until = Instant::now() + Duration::from_secs(10);
        while self.number(&["pids.current"]) == 0 {
            assert!(Instant::now() < until, "nobody comes in");
            std::thread::yield_now();
        }
    }

    fn empty(&mut self) {
        for mut child in self.inside.drain(..) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.empty();
        let _ = Command::new(program("era-cgroup"))
            .args(["rm", &self.name])
            .stderr(Stdio::null())
            .status();
    }
}

/// A page's hog of CPU time; it ends by itself.
const SPIN: &str = "ulimit -t 60; while :; do :; done";

#[test]
fn its_numbers_are_those_of_the_kernels_files() {
    if !support::needs("cgroup-delegated") {
        return;
    }
    let mut group = Group::new("numbers");
    group.run(SPIN);
    let (before, started) = (group.used(), Instant::now());
    let lines = era_cgroup(&[
        "watch",
        &group.name,
        "--json",
        "--interval",
        "0.5",
        "--count",
        "4",
    ]);
    let used = (group.used() - before) / started.elapsed().as_secs_f64();
    let readings = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let readings: Vec<Value> = readings.collect();
    assert_eq!(readings.len(), 4, "{lines}");
    let cores = readings
        .iter()
        .map(|reading| reading["cores"].as_f64().unwrap());
    let mean = cores.sum::<f64>() / 4.0;
    assert!(
        (mean - used).abs() < 0.03,
        "it says {mean}, the kernel's file {used}"
    );
    let last = &readings[3];
    assert_eq!(last["cores_limit"], 0.1, "{last}");
    let throttled = readings
        .iter()
        .map(|reading| reading["throttled"].as_u64().unwrap());
    let told = throttled.sum::<u64>();
    assert!(told <= group.throttled(), "{last}");
    assert!(last["cpu"]["throttled"].as_u64().unwrap() >= told, "{last}");
    assert_eq!(last["memory"]["limit"], 67_108_864, "{last}");
    assert_eq!(
        last["pids"]["used"],
        group.number(&["pids.current"]),
        "{last}"
    );
    assert_eq!(last["pids"]["limit"], 9, "{last}");
    if let Some(file) = group.file(&["memory.peak", "memory.max_usage_in_bytes"]) {
        let peak: u64 = std::fs::read_to_string(file)
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        assert!(last["memory"]["peak"].as_u64().unwrap() <= peak, "{last}");
    }
    let is_v2 = group.file(&["cpu.pressure"]).is_some();
    assert_eq!(last["pressure"]["cpu"].is_number(), is_v2, "{last}");
}

#[test]
fn in_a_pipe_it_prints_lines_of_80_columns_and_ends_with_its_reader() {
    if !support::needs("cgroup-delegated") {
        return;
    }
    let group = Group::new("pipe");
    let once = era_cgroup(&["watch", &group.name, "--once", "--interval", "0.1"]);
    let lines: Vec<&str> = once.lines().collect();
    assert_eq!(lines.len(), 2, "{once}");
    assert!(
        lines.iter().all(|line| line.chars().count() <= 80),
        "{once}"
    );
    let words: Vec<&str> = lines[1].split_whitespace().collect();
    assert_eq!(words[2], "0.10", "{once}");
    assert_eq!((words[5], words[8]), ("64M", "9"), "{once}");
    let all = era_cgroup(&["watch", "--once", "--interval", "0.1"]);
    assert!(all.contains(&group.name[..12]), "{all}");
    let reader = support::programs::sh("era-cgroup watch --interval 0.1 | head -n 1");
    assert!(
        reader.status.success() && text(&reader.stderr).is_empty(),
        "{reader:?}"
    );
}

#[test]
fn a_group_that_is_not_there_or_an_interval_of_nothing_is_refused() {
    let no_group = Command::new(program("era-cgroup"))
        .args(["watch", "no-such-group"])
        .output();
    let no_group = no_group.unwrap();
    assert_eq!(no_group.status.code(), Some(125), "{no_group:?}");
    for interval in ["0", "-1", "x", "1e9"] {
        let flag = format!("--interval={interval}");
        let refused = Command::new(program("era-cgroup"))
            .args(["watch", &flag])
            .output()
            .unwrap();
        assert_eq!(refused.status.code(), Some(125), "{interval}");
        assert!(
            text(&refused.stderr).contains("a number of seconds, 0.1 to 3600"),
            "{refused:?}"
        );
    }
}

fn watch(group: &Group, environment: &[(&str, &str)]) -> (tempfile::TempDir, Terminal) {
    let state = terminal::state();
    let arguments = ["cgroup", "watch", &group.name, "--interval", "0.2"];
    let terminal = Terminal::start(state.path(), &arguments, environment);
    (state, terminal)
}

#[test]
fn it_draws_bars_follows_the_window_and_gives_the_terminal_back() {
    if !support::needs("cgroup-delegated") {
        return;
    }
    let mut group = Group::new("bars");
    group.run(SPIN);
    let (_state, mut terminal) = watch(&group, &[]);
    terminal.sees("of 0.10 cores");
    terminal.sees("1 of 9");
    terminal.sees("of 64M");
    let bar = |screen: &str| {
        screen
            .lines()
            .find(|row| row.starts_with(" cpu "))
            .map(str::to_owned)
    };
    let full =
        terminal.reads_until(|screen| bar(&screen.text()).is_some_and(|row| row.contains("████")));
    assert!(full, "{}", terminal.text());
    let wide = bar(&terminal.text()).unwrap().chars().count();
    terminal.resize(12, 60);
    let followed = terminal
        .reads_until(|screen| bar(&screen.text()).is_some_and(|row| row.chars().count() < wide));
    assert!(followed, "{}", terminal.text());
    assert!(terminal.is_taken());
    terminal.keys("q");
    assert!(terminal.ends().success());
    assert!(!terminal.is_taken(), "{}", terminal.text());
}

#[test]
fn ctrl_c_a_signal_and_the_end_of_the_group_give_the_terminal_back_too() {
    if !support::needs("cgroup-delegated") {
        return;
    }
    let mut group = Group::new("ends");
    group.run("exec sleep 60");
    for way in ["key", "signal", "gone"] {
        let (_state, mut terminal) = watch(&group, &[]);
        terminal.sees("1 of 9");
        match way {
            "key" => terminal.keys("\x03"),
            "signal" => terminal.signal(Signal::SIGTERM),
            _ => {
                group.empty();
                era_cgroup(&["rm", &group.name]);
            }
        }
        assert!(terminal.ends().success(), "{way}");
        assert!(!terminal.is_taken(), "{way}");
    }
}

#[test]
fn colour_says_nothing_that_the_text_does_not() {
    if !support::needs("cgroup-delegated") {
        return;
    }
    let mut group = Group::new("colour");
    group.run("exec sleep 60");
    let steady = |screen: &str| {
        let names = [" cpu", " pids", " pressure"];
        let rows = screen.lines();
        let rows = rows.filter(|row| names.iter().any(|name| row.starts_with(name)));
        // What was measured differs from one second to the next.
        let measured = |letter: char| match letter {
            '0'..='9' => '0',
            '█' => '·',
            other => other,
        };
        rows.map(|row| row.chars().map(measured).collect::<String>())
            .collect::<Vec<_>>()
    };
    let mut shown = Vec::new();
    for environment in [&[][..], &[("NO_COLOR", "1")]] {
        let (_state, mut terminal) = watch(&group, environment);
        terminal.sees("1 of 9");
        shown.push((steady(&terminal.text()), terminal.has_colour()));
        terminal.keys("q");
        terminal.ends();
    }
    assert_eq!(shown[0].0, shown[1].0);
    assert_eq!((shown[0].1, shown[1].1), (true, false));
}

/// Nothing of these tests stays in the trees of groups.
#[test]
fn groups_of_a_test_are_removed() {
    if !support::needs("cgroup-delegated") {
        return;
    }
    let group = Group::new("removed");
    let folders = group.folders.clone();
    drop(group);
    assert!(folders.iter().all(|folder| !Path::new(folder).exists()));
}
