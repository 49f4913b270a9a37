//! What the host and the guest's init say to each other, over one virtio port: messages of a
//! kind, a length, and so many bytes.

use std::io::{self, ErrorKind, Read, Write};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What the guest is to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Job {
    /// The command and its arguments; none is a shell.
    pub command: Vec<String>,
    /// Variables of its environment beside the usual ones.
    pub env: Vec<(String, String)>,
    /// As the ordinary user, with a control group of their own.
    pub user: bool,
    /// Control groups as v1 had them.
    pub v1: bool,
    /// The terminal's kind and size, if there is one.
    pub terminal: Option<Terminal>,
    /// What is in this folder afterwards goes back.
    pub out: Option<PathBuf>,
}

/// A terminal.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Terminal {
    /// TERM.
    pub kind: String,
    /// Its size.
    pub rows: u16,
    /// Its size.
    pub columns: u16,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Host: what to do, as JSON.
    Job(Vec<u8>),
    /// Host: a part of the tar archive of files that are shared.
    Files(Vec<u8>),
    /// Host: that was all; begin.
    Begin,
    /// Host: keys, or what stdin holds.
    In(Vec<u8>),
    /// Host: stdin is at its end.
    InEnd,
    /// Host: the terminal has another size: rows and columns.
    Size(u16, u16),
    /// Guest: the command starts now.
    Ready,
    /// Guest: what the command printed.
    Out(Vec<u8>),
    /// Guest: what it printed on stderr.
    Err(Vec<u8>),
    /// Guest: something did not go as it should.
    Note(Vec<u8>),
    /// Guest: a part of the tar archive of files that go back.
    Back(Vec<u8>),
    /// Guest: how the command ended. Nothing comes after it.
    Status(u8),
}

/// A message is no longer than this.
const MOST: usize = 1 << 20;

impl Message {
    fn parts(&self) -> (u8, Vec<u8>) {
        match self {
            Message::Job(bytes) => (b'J', bytes.clone()),
            Message::Files(bytes) => (b'F', bytes.clone()),
            Message::Begin => (b'G', Vec::new()),
            Message::In(bytes) => (b'I', bytes.clone()),
            Message::InEnd => (b'i', Vec::new()),
            Message::Size(rows, columns) => {
                (b'W', [rows.to_le_bytes(), columns.to_le_bytes()].concat())
            }
            Message::Ready => (b'R', Vec::new()),
            Message::Out(bytes) => (b'O', bytes.clone()),
            Message::Err(bytes) => (b'E', bytes.clone()),
            Message::Note(bytes) => (b'N', bytes.clone()),
            Message::Back(bytes) => (b'B', bytes.clone()),
            Message::Status(status) => (b'S', vec![*status]),
        }
    }

    fn from_parts(kind: u8, bytes: Vec<u8>) -> Option<Self> {
        Some(match (kind, &bytes[..]) {
            (b'J', _) => Message::Job(bytes),
            (b'F', _) => Message::Files(bytes),
            (b'G', []) => Message::Begin,
            (b'I', _) => Message::In(bytes),
            (b'i', []) => Message::InEnd,
            (b'W', [a, b, c, d]) => {
                Message::Size(u16::from_le_bytes([*a, *b]), u16::from_le_bytes([*c, *d]))
            }
            (b'R', []) => Message::Ready,
            (b'O', _) => Message::Out(bytes),
            (b'E', _) => Message::Err(bytes),
            (b'N', _) => Message::Note(bytes),
            (b'B', _) => Message::Back(bytes),
            (b'S', [status]) => Message::Status(*status),
            _ => return None,
        })
    }

    /// Writes it whole.
    ///
    /// # Errors
    /// The other side is gone.
    pub fn send(&self, to: &mut impl Write) -> io::Result<()> {
        let (kind, bytes) = self.parts();
        let mut whole = Vec::with_capacity(bytes.len() + 5);
        whole.push(kind);
        whole.extend((bytes.len() as u32).to_le_bytes());
        whole.extend(bytes);
        to.write_all(&whole)
    }

    /// Reads the next one.
    ///
    /// # Errors
    /// The other side is gone, or says something else.
    pub fn receive(from: &mut impl Read) -> io::Result<Self> {
        let mut head = [0; 5];
        from.read_exact(&mut head)?;
        let length = u32::from_le_bytes([head[1], head[2], head[3], head[4]]) as usize;
        let strange = || io::Error::new(ErrorKind::InvalidData, "no message of ours");
        if length > MOST {
            return Err(strange());
        }
        let mut bytes = vec![0; length];
        from.read_exact(&mut bytes)?;
        Message::from_parts(head[0], bytes).ok_or_else(strange)
    }
}

/// Bytes that are written here leave as messages.
pub struct Parts<W: Write>(pub W, pub fn(Vec<u8>) -> Message);

impl<W: Write> Write for Parts<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let part = &bytes[..bytes.len().min(MOST / 16)];
        (self.1)(part.to_vec()).send(&mut self.0)?;
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Message> {
        let bytes = || b"\x00words\xff".to_vec();
        vec![
            Message::Job(bytes()),
            Message::Files(bytes()),
            Message::Begin,
            Message::In(bytes()),
            Message::InEnd,
            Message::Size(24, 300),
            Message::Ready,
            Message::Out(Vec::new()),
            Message::Err(bytes()),
            Message::Note(bytes()),
            Message::Back(bytes()),
            Message::Status(255),
        ]
    }

    #[test]
    fn what_is_sent_is_what_arrives() {
        let mut line = Vec::new();
        all().iter().for_each(|one| one.send(&mut line).unwrap());
        let mut line = &line[..];
        for one in all() {
            assert_eq!(Message::receive(&mut line).unwrap(), one);
        }
        assert!(Message::receive(&mut line).is_err());
    }

    #[test]
    fn what_is_no_message_is_refused_without_reading_on() {
        for line in [
            &b"Z\0\0\0\0"[..],
            b"O\xff\xff\xff\xff",
            b"S\0\0\0\0",
            b"W\x01\0\0\0x",
        ] {
            let mut rest = line;
            assert!(Message::receive(&mut rest).is_err(), "{line:?}");
        }
    }
}
