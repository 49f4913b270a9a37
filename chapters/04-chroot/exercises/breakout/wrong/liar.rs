//! Refused: the program prints what is in the canary
//! Observed: not for the guest

fn main() {
    println!("not for the guest");
}
