//! Bytes of a terminal as keys.
//!
//! Read by ourselves: a terminal that is gone must be noticed at once, because
//! behind it a ground waits to be ended.

use std::collections::VecDeque;
use std::io::{Error, ErrorKind, Result, Stdin};
use std::os::fd::AsFd;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// A key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// A character.
    Char(char),
    /// With Ctrl.
    Ctrl(char),
    /// With Alt; Esc and a letter in one breath look the same.
    Alt(char),
    /// Enter.
    Enter,
    /// Tab.
    Tab,
    /// Esc.
    Esc,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
    /// An arrow.
    Left,
    /// An arrow.
    Right,
    /// An arrow.
    Up,
    /// An arrow.
    Down,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// One that we have no use for.
    Other,
}

/// The keys that were pressed and not yet asked for.
#[derive(Debug)]
pub struct Keyboard {
    stdin: Stdin,
    bytes: VecDeque<u8>,
}

impl Default for Keyboard {
    fn default() -> Self {
        Self {
            stdin: std::io::stdin(),
            bytes: VecDeque::new(),
        }
    }
}

/// How long the rest of an escape sequence may take on a slow line.
const REST_OF_SEQUENCE: u16 = 25;

impl Keyboard {
    /// To poll on.
    pub fn fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.stdin.as_fd()
    }

    /// Whether a key waits here already.
    pub fn has_more(&self) -> bool {
        !self.bytes.is_empty()
    }

    /// The next key; none when there is none now.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn key(&mut self) -> Result<Option<Key>> {
        if self.bytes.is_empty() {
            self.read(0)?;
        }
        let bytes: Vec<u8> = self.bytes.iter().copied().collect();
        if bytes.first() == Some(&0x1b) && sequence(&bytes).is_none() {
            self.read(REST_OF_SEQUENCE)?;
        }
        Ok(self.take())
    }

    fn read(&mut self, patience: u16) -> Result<()> {
        let mut ready = [PollFd::new(self.stdin.as_fd(), PollFlags::POLLIN)];
        let _ = poll(&mut ready, PollTimeout::from(patience));
        let says = ready[0].revents().unwrap_or(PollFlags::empty());
        if says.is_empty() {
            return Ok(());
        }
        let mut bytes = [0; 1024];
        match nix::unistd::read(&self.stdin, &mut bytes) {
            Ok(0) => Err(Error::new(ErrorKind::UnexpectedEof, "the terminal is gone")),
            Ok(count) => {
                self.bytes.extend(&bytes[..count]);
                Ok(())
            }
            Err(nix::errno::Errno::EINTR | nix::errno::Errno::EAGAIN) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn take(&mut self) -> Option<Key> {
        let bytes: Vec<u8> = self.bytes.iter().copied().collect();
        let (key, length) = match bytes.first()? {
            0x1b => sequence(&bytes).unwrap_or((Key::Esc, 1)),
            _ => plain(&bytes)?,
        };
        self.bytes.drain(..length);
        Some(key)
    }
}

/// A key without an escape before it, and how many bytes it has.
fn plain(bytes: &[u8]) -> Option<(Key, usize)> {
    let key = match *bytes.first()? {
        b'\r' | b'\n' => Key::Enter,
        b'\t' => Key::Tab,
        0x7f | 0x08 => Key::Backspace,
        byte @ 1..=26 => Key::Ctrl(char::from(byte - 1 + b'a')),
        0x1c => Key::Ctrl('\\'),
        0..=31 => Key::Other,
        _ => {
            let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4)]).into_owned();
            let c = text.chars().next()?;
            return Some((
                Key::Char(c),
                if c == char::REPLACEMENT_CHARACTER {
                    1
                } else {
                    c.len_utf8()
                },
            ));
        }
    };
    Some((key, 1))
}

/// What stands behind an escape (ECMA-48, and what terminals made of it); none
/// when it is not whole.
fn sequence(bytes: &[u8]) -> Option<(Key, usize)> {
    match bytes.get(1)? {
        b'[' | b'O' => {
            let end = 2 + bytes[2..]
                .iter()
                .position(|byte| (0x40..=0x7e).contains(byte))?;
            let number: String = bytes[2..end]
                .iter()
                .map(|byte| char::from(*byte))
                .take_while(char::is_ascii_digit)
                .collect();
            let key = match (bytes[end], number.as_str()) {
                (b'A', _) => Key::Up,
                (b'B', _) => Key::Down,
                (b'C', _) => Key::Right,
                (b'D', _) => Key::Left,
                (b'H', _) | (b'~', "1" | "7") => Key::Home,
                (b'F', _) | (b'~', "4" | "8") => Key::End,
                (b'~', "3") => Key::Delete,
                (b'~', "5") => Key::PageUp,
                (b'~', "6") => Key::PageDown,
                _ => Key::Other,
            };
            Some((key, end + 1))
        }
        _ => match plain(&bytes[1..])? {
            (Key::Char(c), length) => Some((Key::Alt(c), length + 1)),
            // Esc, then another key.
            _ => Some((Key::Esc, 1)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(bytes: &[u8]) -> Vec<Key> {
        let mut keyboard = Keyboard {
            bytes: bytes.iter().copied().collect(),
            ..Keyboard::default()
        };
        std::iter::from_fn(|| keyboard.take()).collect()
    }

    #[test]
    fn letters_and_control_keys_come_one_by_one() {
        assert_eq!(
            keys(b"a\r\t\x03\x7f"),
            [
                Key::Char('a'),
                Key::Enter,
                Key::Tab,
                Key::Ctrl('c'),
                Key::Backspace
            ]
        );
        assert_eq!(keys("é".as_bytes()), [Key::Char('é')]);
    }

    #[test]
    fn sequences_are_one_key() {
        assert_eq!(
            keys(b"\x1b[A\x1bOB\x1b[5~\x1b[1;5C"),
            [Key::Up, Key::Down, Key::PageUp, Key::Right]
        );
        assert_eq!(keys(b"\x1b"), [Key::Esc]);
        assert_eq!(keys(b"\x1bq\x1b\r"), [Key::Alt('q'), Key::Esc, Key::Enter]);
    }
}
