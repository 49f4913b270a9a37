//! Writes file after file.

fn main() {
    let block = vec![1_u8; 1 << 20];
    for number in 0.. {
        if let Err(error) = std::fs::write(format!("file-{number}"), &block) {
            panic!("{error}");
        }
    }
}
