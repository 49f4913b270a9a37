//! Refused: nobody is left in the group after a second
//! Observed: of them

fn main() {
    let group = std::env::args().nth(1).unwrap();
    println!("{group} is empty: populated 0");
}
