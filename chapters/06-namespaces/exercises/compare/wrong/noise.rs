//! Refused: it prints eight lines, in the order of the task, and nothing else
//! Observed: 32 lines

const KINDS: [&str; 8] = ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"];

fn main() {
    let pids: Vec<String> = std::env::args().skip(1).collect();
    let [one, other] = pids.as_slice() else {
        eprintln!("usage: answer PID PID");
        std::process::exit(2);
    };
    for kind in KINDS {
        println!("{kind} {}", compare(kind, one, other));
        println!("{kind}\n\nnoise");
    }
}

/// `same`, `different` or `unknown`.
fn compare(kind: &str, one: &str, other: &str) -> &'static str {
    let link = |pid: &str| std::fs::read_link(format!("/proc/{pid}/ns/{kind}"));
    match (link(one), link(other)) {
        (Ok(one), Ok(other)) if one == other => "same",
        (Ok(_), Ok(_)) => "different",
        _ => "unknown",
    }
}
