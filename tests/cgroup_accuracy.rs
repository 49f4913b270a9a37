//! Half a core is half a core, and 100M are 100M: measured, from outside.
//!
//! A short sample here; the twenty runs of five seconds with ERA_LONG=1. Other work on the
//! machine takes CPU time away from a spinner and never gives it any. So the upper bound
//! always holds; of the lower one, only what the kernel itself says that it granted, and with
//! ERA_LONG=1 the median.

mod cgroup;
mod support;

use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use cgroup::{Group, Ours, cpu_of, era, folders, good, name, role, touched};
use support::needs;
use support::programs::text;

/// Not a test of its own: see `cgroup::role`.
#[test]
fn plays_its_role() {
    cgroup::play();
}

fn is_long() -> bool {
    std::env::var_os("ERA_LONG").is_some()
}

fn spinner() -> Ours {
    let words = role("spinner");
    let mut command = Command::new(&words[0]);
    Ours(
        command
            .args(&words[1..])
            .stdout(Stdio::null())
            .spawn()
            .unwrap(),
    )
}

/// One test at a time: they would take CPU time from one another.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Gives our groups the most weight that there is, so that other work on the machine takes
/// less from them: weight says who goes first, and a limit holds all the same.
fn first_in_line(group: &str) {
    for folder in folders(group) {
        let ours = folder.parent().unwrap();
        // v2's file and v1's; whoever may not write above a group measures without.
        let _ = std::fs::write(ours.join("cpu.weight"), "10000");
        let _ = std::fs::write(ours.join("cpu.shares"), "262144");
    }
}

/// What a group used in some time, by the kernel's own counters.
struct Sample {
    /// Of one core.
    share: f64,
    /// Seconds, since the group was made.
    used: f64,
    /// Seconds that it had used up before it had to wait: its quota, in each such period. What
    /// it used too much in one it pays for in the next, so only the whole can be compared.
    granted: f64,
}

fn sample(group: &str, time: Duration) -> Sample {
    let folders = folders(group);
    let number = |text: &str| text.trim().parse::<f64>().ok();
    let file = |name: &str| {
        let files = folders.iter().map(|folder| folder.join(name));
        files
            .filter_map(|file| std::fs::read_to_string(file).ok())
            .next()
    };
    let keyed = |key: &str| {
        let stat = file("cpu.stat")?;
        let lines = stat.lines();
        lines
            .filter_map(|line| number(line.strip_prefix(key)?))
            .next()
    };
    // v2 counts in microseconds, v1 in nanoseconds.
    let nanoseconds = || Some(number(&file("cpuacct.usage")?)? / 1e9);
    let used = || {
        keyed("usage_usec ")
            .map(|used| used / 1e6)
            .or_else(nanoseconds)
            .unwrap()
    };
    let periods = || keyed("nr_throttled ").unwrap();
    let (before, started) = (used(), Instant::now());
    std::thread::sleep(time);
    let (used, elapsed) = (used(), started.elapsed().as_secs_f64());
    Sample {
        share: (used - before) / elapsed,
        used,
        // The period that is not over yet counts, too.
        granted: (periods() - 1.0) * 0.05,
    }
}

fn median(mut shares: Vec<f64>) -> f64 {
    shares.sort_by(f64::total_cmp);
    shares[shares.len() / 2]
}

#[test]
fn half_a_core_is_half_a_core() {
    if !needs("cgroup-delegated") {
        return;
    }
    let _alone = alone();
    let (runs, time, most) = match is_long() {
        true => (20, Duration::from_secs(5), 0.53),
        // A period more or less at either end of a second weighs more.
        false => (2, Duration::from_secs(1), 0.58),
    };
    let mut shares = Vec::new();
    for _ in 0..runs {
        let group = Group::new("half", &["cpu=50%"]);
        first_in_line(&group.0);
        let spinner = spinner();
        good(&["add", &group.0, &spinner.pid()]);
        let Sample {
            share,
            used,
            granted,
        } = sample(&group.0, time);
        assert!(share <= most, "{share} of a core");
        assert!(
            used >= granted * 0.9,
            "it had {used} s, and {granted} s were its own"
        );
        shares.push(share);
    }
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    eprintln!("shares {shares:.3?}, load {load}");
    if is_long() {
        let median = median(shares);
        assert!(median >= 0.47, "{median}, load {load}");
    }
}

#[test]
fn one_that_spins_already_is_slowed_within_a_second_of_being_added() {
    if !needs("cgroup-delegated") {
        return;
    }
    let _alone = alone();
    let group = Group::new("later", &["cpu=2%"]);
    let spinner = spinner();
    let share = |time: Duration| {
        let (before, started) = (cpu_of(&spinner.pid()), Instant::now());
        std::thread::sleep(time);
        (cpu_of(&spinner.pid()) - before) / started.elapsed().as_secs_f64()
    };
    let free = share(Duration::from_secs(1));
    good(&["add", &group.0, &spinner.pid()]);
    let limited = share(Duration::from_secs(1));
    eprintln!("share of a core: {free:.2} before, {limited:.2} in the second after");
    assert!(free > 0.1, "it was not spinning: {free}");
    assert!(limited < 0.05, "it was not slowed: {limited}");
}

#[test]
fn a_grower_is_stopped_between_98_and_100_mib_and_we_say_who_stopped_it() {
    if !needs("cgroup-delegated") {
        return;
    }
    let _alone = alone();
    for _ in 0..if is_long() { 10 } else { 2 } {
        let name = name("grow");
        let run = ["run", "--name", &name, "--memory", "100M", "--"].map(str::to_owned);
        let words = [run.to_vec(), role("grower")].concat();
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let output = era(&words);
        let said = text(&output.stderr);
        let mib = touched(&output.stdout) as f64 / f64::from(1 << 20);
        eprintln!("stopped at {mib:.2} MiB");
        assert!((98.0..=100.0).contains(&mib), "{mib} MiB; {said}");
        assert_eq!(output.status.code(), Some(137), "{said}");
        assert!(
            said.contains("SIGKILL, by the kernel's out-of-memory killer"),
            "{said}"
        );
        let peak = said.lines().find(|line| line.starts_with("memory "));
        let peak = peak.unwrap_or_default();
        let told = [
            "100M at most, limit 100M",
            "does not tell the peak, limit 100M",
        ];
        assert!(told.iter().any(|told| peak.ends_with(told)), "{said}");
    }
}

/// Where there is swap, memory that is limited alone is not limited: what is too much goes
/// there. Limited together, as we do it, it is.
#[test]
fn with_swap_left_open_a_grower_goes_past_its_memory_limit() {
    if !needs("cgroup-delegated") || !needs("swap") {
        return;
    }
    let _alone = alone();
    let words = |swap: &[&str]| {
        let run = [&["run", "--memory", "100M"][..], swap, &["--"]].concat();
        let run = run.into_iter().map(str::to_owned).collect::<Vec<_>>();
        [run, role("grower")].concat()
    };
    let open = words(&["--swap", "max"]);
    let open: Vec<_> = open.iter().map(String::as_str).collect();
    let output = era(&open);
    let mib = touched(&output.stdout) >> 20;
    eprintln!("with swap open: {mib} MiB");
    assert!(mib > 110, "{mib} MiB: {}", text(&output.stderr));
}

/// A disk in memory that is ours: zram.rst of the kernel. None where the machine has no such
/// disks, or does not let us make one.
struct Disk(String);

impl Disk {
    const CONTROL: &'static str = "/sys/class/zram-control";

    fn make() -> Option<Self> {
        let number = std::fs::read_to_string(format!("{}/hot_add", Self::CONTROL)).ok()?;
        let disk = Disk(number.trim().to_owned());
        std::fs::write(format!("/sys/block/zram{}/disksize", disk.0), "64M").ok()?;
        Some(disk)
    }

    fn file(&self) -> String {
        format!("/dev/zram{}", self.0)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = std::fs::write(format!("{}/hot_remove", Self::CONTROL), &self.0);
    }
}

#[test]
fn a_disk_is_read_as_slowly_as_was_asked_for() {
    if !needs("cgroup-delegated") {
        return;
    }
    let _alone = alone();
    let disk = Disk::make();
    if !support::programs::probed("zram", disk.is_some(), "no disk of our own can be made") {
        return;
    }
    let disk = disk.unwrap();
    let (io, from) = (
        format!("{}:rbps=2M", disk.file()),
        format!("if={}", disk.file()),
    );
    // O_DIRECT, since what comes from the cache is read from no disk.
    let dd = [
        "dd",
        &from,
        "of=/dev/null",
        "bs=256k",
        "count=24",
        "iflag=direct",
    ];
    let seconds = |words: &[&str]| {
        let started = Instant::now();
        good(&[words, &dd].concat());
        started.elapsed().as_secs_f64()
    };
    let free = seconds(&["run", "--"]);
    let limited = seconds(&["run", "--io", &io, "--"]);
    eprintln!("6 MiB: {free:.2} s, and {limited:.2} s at 2 MiB a second");
    assert!(limited > 2.6, "faster than was asked for: {limited} s");
    assert!(
        limited - free < 4.5,
        "slower than was asked for: {limited} s"
    );
}
