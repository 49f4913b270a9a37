//! Refused: the group is made before the command begins
//! Observed: it is not

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    println!("0::{}/{}", words[0], words[1]);
    let status = std::process::Command::new(&words[2])
        .args(&words[3..])
        .status()
        .unwrap();
    std::process::exit(status.code().unwrap_or(1));
}
