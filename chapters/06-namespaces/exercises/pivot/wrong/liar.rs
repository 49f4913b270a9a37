//! Refused: the command is in a new mount namespace
//! Observed: the mount namespace of before

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    println!("the old root is gone: / is {} now", words[0]);
    let command = format!("{}{}", words[0], words[1]);
    let status = std::process::Command::new(command)
        .args(&words[2..])
        .status()
        .unwrap();
    std::process::exit(status.code().unwrap_or(1));
}
