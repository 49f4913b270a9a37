//! Refused: the program does it itself
//! Observed: done by another program: it started /

const KINDS: [&str; 8] = ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"];

fn main() {
    let pids: Vec<String> = std::env::args().skip(1).collect();
    let [one, other] = pids.as_slice() else {
        eprintln!("usage: answer PID PID");
        std::process::exit(2);
    };
    for kind in KINDS {
        println!("{kind} {}", compare(kind, one, other));
    }
}

/// `same`, `different` or `unknown`.
fn compare(kind: &str, one: &str, other: &str) -> &'static str {
    let link = |pid: &str| {
        let mut readlink = std::process::Command::new("readlink");
        readlink
            .arg(format!("/proc/{pid}/ns/{kind}"))
            .output()
            .unwrap()
            .stdout
    };
    match (link(one), link(other)) {
        (one, other) if one.is_empty() || other.is_empty() => "unknown",
        (one, other) if one == other => "same",
        _ => "different",
    }
}
