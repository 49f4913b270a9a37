//! Takes memory until there is none.

fn main() {
    let mut all: Vec<Vec<u8>> = Vec::new();
    loop {
        all.push(vec![0; 64 << 20]);
    }
}
