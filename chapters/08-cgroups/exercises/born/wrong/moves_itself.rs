//! Refused: nobody else is in the group when the command begins
//! Observed: 1 more

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let group = format!("{}/{}", words[0], words[1]);
    std::fs::create_dir(&group).unwrap();
    std::fs::write(format!("{group}/cgroup.procs"), "0").unwrap();
    let mut command = std::process::Command::new(&words[2]);
    let mut child = command.args(&words[3..]).spawn().unwrap();
    // Out again, so that the folder can be removed: on v2 into a leaf.
    let beside = format!("{}/{}-out", words[0], words[1]);
    std::fs::create_dir(&beside).unwrap();
    std::fs::write(format!("{beside}/cgroup.procs"), "0").unwrap();
    let status = child.wait().unwrap();
    std::fs::remove_dir(&group).unwrap();
    std::process::exit(status.code().unwrap_or(1));
}
