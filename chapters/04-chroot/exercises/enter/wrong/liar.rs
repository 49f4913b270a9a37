//! Refused: the command is started
//! Observed: it said: root, working directory and descriptors are as they should be

fn main() {
    println!("root, working directory and descriptors are as they should be");
}
