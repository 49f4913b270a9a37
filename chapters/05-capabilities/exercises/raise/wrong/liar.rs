//! Refused: cap_net_bind_service is effective at bind
//! Observed: bind was never called

use std::process::{Command, exit};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    println!("raised; listening; lowered");
    exit(
        Command::new(&words[1])
            .args(&words[2..])
            .status()
            .unwrap()
            .code()
            .unwrap(),
    );
}
