//! Refused: the program does it itself
//! Observed: done by another program: it started /

use std::process::Command;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let script = "echo $$ > $0/cgroup.procs; shift; \"$@\"; echo status $?";
    let mut sh = Command::new("/bin/sh");
    sh.args(["-c", script]).args(&words);
    sh.status().unwrap();
}
