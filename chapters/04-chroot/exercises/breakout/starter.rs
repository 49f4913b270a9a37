//! answer CANARY: out of the jail, and back with what is in CANARY.

fn main() {
    let Some(canary) = std::env::args().nth(1) else {
        eprintln!("usage: answer CANARY");
        std::process::exit(2);
    };
    break_out();
    let text = std::fs::read_to_string(canary).expect("outside there is a canary");
    println!("{}", text.trim_end());
}

/// From here on `/` is the machine's.
fn break_out() {
    todo!("leave the jail");
}
