//! answer GROUP MEGABYTES COMMAND [ARGUMENT…]: what ended the command?
//!
//! Why this way: the status says how the command ended, the counter who is to be asked about
//! a SIGKILL. Neither is enough alone, and a counter means something only as a difference.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, ExitStatus, exit};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [group, megabytes, command @ ..] = words.as_slice() else {
        eprintln!("usage: answer GROUP MEGABYTES COMMAND [ARGUMENT…]");
        exit(2);
    };
    let (group, megabytes) = (Path::new(group), megabytes.parse().expect("a number"));
    limit(group, megabytes);
    let before = kills(group);
    let status = run_in(group, command);
    println!("{}", what_ended(status, kills(group) - before));
}

/// From now on the group has this much memory, swap included.
fn limit(group: &Path, megabytes: u64) {
    let bytes = (megabytes << 20).to_string();
    let files = if is_v2(group) {
        // Swap has a limit of its own.
        [("memory.max", bytes.as_str()), ("memory.swap.max", "0")]
    } else {
        // The second is for both together, and never lower than the first.
        [
            ("memory.limit_in_bytes", bytes.as_str()),
            ("memory.memsw.limit_in_bytes", &bytes),
        ]
    };
    for (file, text) in files {
        let file = group.join(file);
        // A kernel without swap has no file for it.
        if file.exists() || !file.to_string_lossy().contains("sw") {
            fs::write(&file, text).expect("the group is ours");
        }
    }
}

fn is_v2(group: &Path) -> bool {
    group.join("memory.max").exists()
}

/// How many processes of the group the out-of-memory killer has ended so far.
fn kills(group: &Path) -> u64 {
    let file = match is_v2(group) {
        true => "memory.events",
        false => "memory.oom_control",
    };
    let text = fs::read_to_string(group.join(file)).expect("a group counts");
    let mut lines = text.lines();
    let count = lines.find_map(|line| line.strip_prefix("oom_kill "));
    count.and_then(|count| count.parse().ok()).expect("a count")
}

/// `memory`, `signal N` or `status N`.
fn what_ended(status: ExitStatus, kills: u64) -> String {
    match status.signal() {
        Some(libc::SIGKILL) if kills > 0 => "memory".to_owned(),
        Some(signal) => format!("signal {signal}"),
        None => format!("status {}", status.code().expect("one or the other")),
    }
}

/// The command, from its first instruction on in the group.
fn run_in(group: &Path, command: &[String]) -> ExitStatus {
    let list = File::options().write(true).open(group.join("cgroup.procs"));
    let list = list.expect("a group has a list of its processes");
    let mut start = Command::new(&command[0]);
    start.args(&command[1..]);
    // SAFETY: one write(2), of zero: the process that writes.
    unsafe { start.pre_exec(move || (&list).write_all(b"0")) };
    start.status().expect("the command can be started")
}
