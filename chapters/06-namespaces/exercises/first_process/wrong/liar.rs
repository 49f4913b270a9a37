//! Refused: the command is in a new PID namespace
//! Observed: numbers

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    println!("NSpid: 4711 1");
    let status = std::process::Command::new(&words[0])
        .args(&words[1..])
        .status()
        .unwrap();
    std::process::exit(status.code().unwrap_or(1));
}
