//! Refused: two namespaces are the same if their inodes are
//! Observed: same

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
    let name = |pid: &str| {
        let text = std::fs::read_link(format!("/proc/{pid}/ns/{kind}")).ok()?;
        Some(text.to_string_lossy().split(':').next()?.to_owned())
    };
    match (name(one), name(other)) {
        (Some(one), Some(other)) if one == other => "same",
        (Some(_), Some(_)) => "different",
        _ => "unknown",
    }
}
