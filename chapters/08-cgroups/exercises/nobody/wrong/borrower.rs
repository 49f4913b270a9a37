//! Refused: the program does it itself
//! Observed: done by another program: it started /

fn main() {
    let group = std::env::args().nth(1).unwrap();
    let mut sh = std::process::Command::new("/bin/sh");
    sh.args(["-c", "kill -9 $(cat $0/cgroup.procs)", &group]);
    sh.status().unwrap();
}
