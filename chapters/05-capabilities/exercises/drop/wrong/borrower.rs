//! Refused: the program does it itself
//! Observed: done by another program: it started /usr/bin/setpriv

use std::os::unix::process::CommandExt;
use std::process::Command;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let mut keep = "-all".to_owned();
    for bit in words[0].split(',') {
        keep += &format!(",+cap_{bit}");
    }
    let mut setpriv = Command::new("setpriv");
    setpriv.args(["--bounding-set", &keep, "--inh-caps", "-all"]);
    panic!("{}", setpriv.args(&words[1..]).exec());
}
