//! What the tests of `era-cgroup` share: groups that go with their test, and a spinner and a
//! grower, which are this test program itself in another role, so that nothing else has to be
//! on the machine.

#![allow(dead_code)] // each test target uses a part

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use nix::unistd::{ForkResult, fork};
use serde_json::Value;

use crate::support::programs::{program, text};

/// Which role this program plays, if it is not the test.
const ROLE: &str = "ERA_TEST_ROLE";

/// A name that no other test has.
pub fn name(what: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("test-{what}-{}-{count}", std::process::id())
}

/// `era-cgroup` with these arguments.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(program("era-cgroup"));
    command
        .args(arguments)
        .env_remove("ERA_EXPLAIN")
        .env("LC_ALL", "C");
    command
}

pub fn era(arguments: &[&str]) -> Output {
    command(arguments).output().expect("era-cgroup runs")
}

/// Runs it and expects success; gives what it printed.
#[track_caller]
pub fn good(arguments: &[&str]) -> String {
    let output = era(arguments);
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        text(&output.stderr)
    );
    text(&output.stdout)
}

/// Runs it and expects a failure of its own; gives what it said.
#[track_caller]
pub fn refused(arguments: &[&str]) -> String {
    let output = era(arguments);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(125), "{arguments:?}: {said}");
    assert!(said.contains("error: "), "{arguments:?}: {said}");
    said
}

pub fn stat(name: &str) -> Value {
    serde_json::from_str(&good(&["stat", name, "--json"])).expect("JSON")
}

/// The folders of a group, one or, on v1, several.
pub fn folders(name: &str) -> Vec<PathBuf> {
    let stat = stat(name);
    let folders = stat["folders"].as_array().unwrap().iter();
    folders
        .map(|folder| PathBuf::from(folder.as_str().unwrap()))
        .collect()
}

/// What the kernel has in a file of the group, whichever tree has it; none in none.
pub fn file(name: &str, file: &str) -> Option<String> {
    let files = folders(name).into_iter().map(|folder| folder.join(file));
    files
        .filter_map(|file| std::fs::read_to_string(file).ok())
        .next()
        .map(|text| text.trim_end().to_owned())
}

/// Every folder of a group of this name that is anywhere in a cgroup file system.
pub fn anywhere(name: &str) -> Vec<PathBuf> {
    fn below(folder: &Path, name: &str, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            if entry.file_name().to_string_lossy().contains(name) {
                found.push(entry.path());
            }
            below(&entry.path(), name, found);
        }
    }
    let mut found = Vec::new();
    below(Path::new("/sys/fs/cgroup"), name, &mut found);
    found
}

/// A group that goes with its test, and whoever is in it.
pub struct Group(pub String);

impl Group {
    #[track_caller]
    pub fn new(what: &str, limits: &[&str]) -> Group {
        let group = Group(name(what));
        good(&[&["create", &group.0][..], limits].concat());
        group
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = era(&["thaw", &self.0]);
        let _ = era(&["kill", &self.0]);
        let _ = era(&["rm", "-r", &self.0]);
    }
}

/// A process that ends with its test.
pub struct Ours(pub Child);

impl Ours {
    pub fn pid(&self) -> String {
        self.0.id().to_string()
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub fn sleeper() -> Ours {
    let child = Command::new("sleep").arg("300").spawn();
    Ours(child.expect("sleep runs"))
}

/// The command line of this test program in another role.
pub fn role(role: &str) -> Vec<String> {
    let me = std::env::current_exe().unwrap();
    let words = ["env", &format!("{ROLE}={role}"), me.to_str().unwrap()];
    let words = words.iter().map(|word| (*word).to_owned());
    let flags = [
        "plays_its_role",
        "--exact",
        "--nocapture",
        "--test-threads=1",
    ];
    words.chain(flags.map(str::to_owned)).collect()
}

/// To be called by the test of that name in each test program that plays roles.
pub fn play() {
    match std::env::var(ROLE).as_deref() {
        Ok("spinner") => spin(),
        Ok("grower") => grow(),
        Ok("storm") => storm(),
        _ => {}
    }
}

/// Uses all of a CPU; fenced: for a minute at most.
fn spin() {
    let until = Instant::now() + Duration::from_secs(60);
    while Instant::now() < until {
        std::hint::spin_loop();
    }
}

/// Six processes, each of which is gone before it can be listed: its child goes on in its
/// place. Begins when stdin ends; fenced: for twenty seconds at most.
fn storm() {
    let _ = std::io::stdin().read_line(&mut String::new());
    let until = Instant::now() + Duration::from_secs(20);
    for _ in 0..6 {
        // SAFETY: the child has this one thread, and makes system calls only.
        if let Ok(ForkResult::Child) = unsafe { fork() } {
            while Instant::now() < until {
                // SAFETY: as above.
                match unsafe { fork() } {
                    // Refused: the dead count, too, until init has collected them.
                    Ok(ForkResult::Child) | Err(_) => {}
                    // SAFETY: takes a number and does not return.
                    Ok(ForkResult::Parent { .. }) => unsafe { nix::libc::_exit(0) },
                }
            }
            // SAFETY: as above.
            unsafe { nix::libc::_exit(0) };
        }
    }
    // SAFETY: as above: who waits for this program does not wait for them.
    unsafe { nix::libc::_exit(0) };
}

/// How far the grower goes in the end: three times the limit that it is tested with.
const FENCE: usize = 300 << 20;
const STEP: usize = 64 << 10;

/// Touches more and more memory, and says how much after each step.
fn grow() {
    // The kernel gives memory when it is touched, a page at a time.
    let mut all = vec![0_u8; FENCE];
    let mut out = std::io::stdout();
    for (count, step) in all.chunks_mut(STEP).enumerate() {
        step.iter_mut().step_by(1024).for_each(|byte| *byte = 1);
        writeln!(out, "touched {}", (count + 1) * STEP).unwrap();
    }
    std::hint::black_box(&all);
}

/// The last number that a grower said, in bytes.
pub fn touched(output: &[u8]) -> usize {
    let said = text(output);
    let last = said
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix("touched "));
    last.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// CPU time that a process has used, in seconds: proc_pid_stat(5).
pub fn cpu_of(pid: &str) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let fields: Vec<_> = fields.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|ticks| ticks.parse::<f64>().ok());
    let hertz = nix::unistd::sysconf(nix::unistd::SysconfVar::CLK_TCK)
        .unwrap()
        .unwrap();
    (ticks(11).unwrap_or(0.0) + ticks(12).unwrap_or(0.0)) / hertz as f64
}

/// A run whose program waits until we let it go on, by closing its stdin.
pub struct Waiting {
    child: Child,
    /// What the program has printed before it waits.
    pub first: String,
}

impl Waiting {
    /// `script` runs in the group; then it waits.
    pub fn start(arguments: &[&str], script: &str) -> Waiting {
        let script = format!("{script}\necho waiting; read line || :");
        let mut child = command(&[&["run"], arguments, &["--", "sh", "-c", &script]].concat())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.as_mut().unwrap());
        let mut first = String::new();
        while !first.ends_with("waiting\n") {
            if out.read_line(&mut first).unwrap() == 0 {
                let output = child.wait_with_output().unwrap();
                panic!("it never waited: {first} {}", text(&output.stderr));
            }
        }
        let first = first.trim_end_matches("waiting\n").to_owned();
        Waiting { child, first }
    }

    pub fn pid(&self) -> i32 {
        self.child.id() as i32
    }

    /// Lets it go on, and gives its end.
    pub fn end(mut self) -> Output {
        drop(self.child.stdin.take());
        self.child.wait_with_output().unwrap()
    }

    /// Waits for its end while the program still waits for us.
    pub fn ended(mut self) -> Output {
        let stdin = self.child.stdin.take();
        let output = self.child.wait_with_output().unwrap();
        drop(stdin);
        output
    }

    /// SIGKILL to `era-cgroup` itself.
    pub fn crash(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}
