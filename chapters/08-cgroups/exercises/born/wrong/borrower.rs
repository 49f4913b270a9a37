//! Refused: the program does it itself
//! Observed: done by another program: it started /

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let group = format!("{}/{}", words[0], words[1]);
    std::fs::create_dir(&group).unwrap();
    let mut sh = std::process::Command::new("/bin/sh");
    sh.args(["-c", "echo $$ > $0/cgroup.procs; exec \"$@\"", &group]);
    let status = sh.args(&words[2..]).status().unwrap();
    std::fs::remove_dir(&group).unwrap();
    std::process::exit(status.code().unwrap_or(1));
}
