//! Another way: the inodes that the links lead to, without reading any text.

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
    use std::os::unix::fs::MetadataExt;
    let number = |pid: &str| {
        let meta = std::fs::metadata(format!("/proc/{pid}/ns/{kind}")).ok()?;
        Some((meta.dev(), meta.ino()))
    };
    let Some((one, other)) = number(one).zip(number(other)) else {
        return "unknown";
    };
    if one == other { "same" } else { "different" }
}
