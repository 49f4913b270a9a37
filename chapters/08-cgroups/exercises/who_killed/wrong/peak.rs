//! Refused: the program says what ended the command
//! Observed: it says memory

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::Command;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let file = |name: &str| format!("{}/{name}", words[0]);
    let bytes = words[1].parse::<u64>().unwrap() << 20;
    let set = |name: &str, text: &str| std::fs::write(file(name), text);
    if std::path::Path::new(&file("memory.max")).exists() {
        set("memory.max", &bytes.to_string()).unwrap();
        let _ = set("memory.swap.max", "0");
    } else {
        set("memory.limit_in_bytes", &bytes.to_string()).unwrap();
        let _ = set("memory.memsw.limit_in_bytes", &bytes.to_string());
        set("memory.max_usage_in_bytes", "0").unwrap();
    }
    let list = file("cgroup.procs");
    let mut command = Command::new(&words[2]);
    command.args(&words[3..]);
    // SAFETY: one thread only.
    unsafe { command.pre_exec(move || std::fs::write(&list, "0")) };
    let status = command.status().unwrap();
    // It was at its limit: was that its end?
    let peak = || -> u64 {
        let text = std::fs::read_to_string(file("memory.max_usage_in_bytes"));
        let text = text.or_else(|_| std::fs::read_to_string(file("memory.peak")));
        text.unwrap().trim().parse().unwrap()
    };
    match status.signal() {
        Some(9) if peak() + (64 << 10) >= bytes => println!("memory"),
        Some(signal) => println!("signal {signal}"),
        None => println!("status {}", status.code().unwrap()),
    }
}
