//! Refused: the program does it itself
//! Observed: done by another program: it started /

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let mut unshare = std::process::Command::new("unshare");
    unshare.args(["--user", "--map-user", &words[0], "--map-group", &words[1]]);
    let status = unshare.args(&words[2..]).status().unwrap();
    std::process::exit(status.code().unwrap_or(1));
}
