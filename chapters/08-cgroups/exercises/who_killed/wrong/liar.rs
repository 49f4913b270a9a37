//! Refused: the group has its limit of memory when the command begins
//! Observed: it is

use std::os::unix::process::CommandExt;
use std::process::Command;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let file = |name: &str| format!("{}/{name}", words[0]);
    let bytes = (words[1].parse::<u64>().unwrap() << 20).to_string();
    println!("limit {bytes} for {}", file(""));
    let list = file("cgroup.procs");
    let mut command = Command::new(&words[2]);
    command.args(&words[3..]);
    // SAFETY: one thread only.
    unsafe { command.pre_exec(move || std::fs::write(&list, "0")) };
    let status = command.status().unwrap();
    println!("memory; {status}");
}
