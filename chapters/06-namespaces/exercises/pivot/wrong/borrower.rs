//! Refused: the program does it itself
//! Observed: done by another program: it started /

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let mut unshare = std::process::Command::new("unshare");
    unshare
        .args(["--mount", "--root", &words[0]])
        .args(&words[1..]);
    std::process::exit(unshare.status().unwrap().code().unwrap_or(1));
}
