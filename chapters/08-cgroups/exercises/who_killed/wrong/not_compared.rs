//! Refused: the program says what ended the command
//! Observed: memory

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::Command;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let file = |name: &str| format!("{}/{name}", words[0]);
    let bytes = (words[1].parse::<u64>().unwrap() << 20).to_string();
    if std::path::Path::new(&file("memory.max")).exists() {
        std::fs::write(file("memory.max"), &bytes).unwrap();
        let _ = std::fs::write(file("memory.swap.max"), "0");
    } else {
        std::fs::write(file("memory.limit_in_bytes"), &bytes).unwrap();
        let _ = std::fs::write(file("memory.memsw.limit_in_bytes"), &bytes);
    }
    let kills = || -> u64 {
        let text = std::fs::read_to_string(file("memory.events"));
        let text = text.or_else(|_| std::fs::read_to_string(file("memory.oom_control")));
        let text = text.unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("oom_kill "));
        line.unwrap().parse().unwrap()
    };
    let list = file("cgroup.procs");
    let mut command = Command::new(&words[2]);
    command.args(&words[3..]);
    // SAFETY: one thread only.
    unsafe { command.pre_exec(move || std::fs::write(&list, "0")) };
    let status = command.status().unwrap();
    match status.signal() {
        Some(9) if kills() > 0 => println!("memory"),
        Some(signal) => println!("signal {signal}"),
        None => println!("status {}", status.code().unwrap()),
    }
}
