//! Refused: the command is in the group from its first instruction on
//! Observed: it began outside

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let group = format!("{}/{}", words[0], words[1]);
    std::fs::create_dir(&group).unwrap();
    let mut command = std::process::Command::new(&words[2]);
    let mut child = command.args(&words[3..]).spawn().unwrap();
    std::fs::write(format!("{group}/cgroup.procs"), child.id().to_string()).unwrap();
    let status = child.wait().unwrap();
    std::fs::remove_dir(&group).unwrap();
    std::process::exit(status.code().unwrap_or(1));
}
