//! Names and numbers that nobody can know before: urandom(4).

use std::io::Read;
use std::ops::Range;

/// A number of the range.
pub fn number(range: Range<u32>) -> u32 {
    let mut bytes = [0_u8; 4];
    let read = std::fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
    read.expect("there is a /dev/urandom");
    let width = range.end - range.start;
    range.start + u32::from_ne_bytes(bytes) % width
}

/// A word of eight letters.
pub fn word() -> String {
    (0..8)
        .map(|_| char::from(b'a' + number(0..26) as u8))
        .collect()
}

/// One of several.
pub fn pick<T: Clone>(of: &[T]) -> T {
    of[number(0..of.len() as u32) as usize].clone()
}

/// An exit status that no failure has by itself.
pub fn code() -> u8 {
    number(2..100) as u8
}

/// Many numbers at once, of 64 bits each.
pub fn numbers(count: usize) -> Vec<u64> {
    let mut bytes = vec![0_u8; count * 8];
    let read = std::fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
    read.expect("there is a /dev/urandom");
    let words = bytes.chunks_exact(8);
    words
        .map(|word| u64::from_ne_bytes(word.try_into().expect("eight bytes")))
        .collect()
}
