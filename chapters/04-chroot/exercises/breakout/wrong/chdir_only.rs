//! Refused: the program prints what is in the canary
//! Observed: No such file or directory

fn main() {
    let canary = std::env::args().nth(1).unwrap();
    for _ in 0..100 {
        nix::unistd::chdir("..").unwrap();
    }
    match std::fs::read_to_string(format!(".{canary}")) {
        Ok(text) => print!("{text}"),
        Err(error) => eprintln!("{error}"),
    }
}
