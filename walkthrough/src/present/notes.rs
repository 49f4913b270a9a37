//! Speaker notes: the presentation tells where it is, a second terminal shows
//! what to say. They meet at a socket in the runtime folder: unix(7).

use std::io::{BufRead, BufReader, IsTerminal, Write};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::player::markdown;
use crate::player::text::{Paint, Row, Style};

/// What the second terminal shows.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Card {
    place: String,
    clock: String,
    notes: String,
    next: Option<String>,
}

/// Those who listen, and what they were told last.
type Audience = Arc<Mutex<(Card, Vec<UnixStream>)>>;

/// The presentation's side.
#[derive(Debug)]
pub struct Speaker {
    audience: Audience,
    socket: PathBuf,
}

impl Speaker {
    /// Opens the socket; a presentation that is gone is replaced.
    ///
    /// # Errors
    /// The runtime folder cannot be written, or another presentation runs.
    pub fn open(runtime: &Path) -> std::io::Result<Self> {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(runtime)?;
        let socket = runtime.join("notes");
        if UnixStream::connect(&socket).is_ok() {
            return Err(std::io::Error::new(
                std::io::ErrorKind::AddrInUse,
                "another presentation runs",
            ));
        }
        let _ = std::fs::remove_file(&socket);
        let listener = UnixListener::bind(&socket)?;
        let audience = Audience::default();
        let theirs = Arc::clone(&audience);
        std::thread::spawn(move || {
            for reader in listener.incoming().flatten() {
                // A reader that does not read must not stop the presentation.
                let _ = reader.set_nonblocking(true);
                let Ok(mut audience) = theirs.lock() else {
                    return;
                };
                let card = audience.0.clone();
                if send(&reader, &card) {
                    audience.1.push(reader);
                }
            }
        });
        Ok(Self { audience, socket })
    }

    /// Tells where the presentation is, what to say, and what comes next.
    pub fn say(&self, title: &(String, String), notes: &str, next: Option<&str>) {
        let Ok(mut audience) = self.audience.lock() else {
            return;
        };
        let notes = if notes.is_empty() {
            audience.0.notes.clone()
        } else {
            notes.to_owned()
        };
        let card = Card {
            place: title.0.clone(),
            clock: title.1.clone(),
            notes,
            next: next.map(str::to_owned),
        };
        audience.1.retain(|reader| send(reader, &card));
        audience.0 = card;
    }
}

impl Drop for Speaker {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.socket);
    }
}

fn send(mut reader: &UnixStream, card: &Card) -> bool {
    let line = serde_json::to_string(card).unwrap_or_default() + "\n";
    reader.write_all(line.as_bytes()).is_ok()
}

/// The second terminal: shows each card. On a terminal it waits for a presentation, and,
/// when one has ended or lost its own terminal, for the next one; Ctrl-C ends it.
///
/// # Errors
/// Nobody can read, or, in a pipe, no presentation runs.
pub fn follow(runtime: &Path, colour: bool) -> std::io::Result<()> {
    let socket = runtime.join("notes");
    let waits = std::io::stdout().is_terminal();
    let mut told = false;
    loop {
        match UnixStream::connect(&socket) {
            Ok(stream) => {
                for line in BufReader::new(stream).lines() {
                    let card: Card = serde_json::from_str(&line?).unwrap_or_default();
                    show(&card, colour)?;
                }
                println!("\nThe presentation has ended.");
                told = false;
            }
            Err(error) if !waits => {
                let text = format!(
                    "no presentation runs here ({}: {error}); start one with: era present PAGE",
                    socket.display()
                );
                return Err(std::io::Error::new(error.kind(), text));
            }
            Err(_) => std::thread::sleep(Duration::from_millis(200)),
        }
        if !waits {
            return Ok(());
        }
        if !std::mem::replace(&mut told, true) {
            println!("Waiting for: era present PAGE [--from STEP].  Ctrl-C ends.");
        }
    }
}

fn show(card: &Card, colour: bool) -> std::io::Result<()> {
    let paint = Paint { colour };
    let mut rows = vec![
        Row::new(Style::Bar, format!(" {}   {} ", card.place, card.clock)),
        Row::default(),
    ];
    rows.extend(markdown::render(&card.notes, 76));
    if let Some(next) = &card.next {
        rows.extend([
            Row::default(),
            Row::new(Style::Dim, "next: ").with(Style::Strong, next.as_str()),
        ]);
    }
    let mut out = std::io::stdout().lock();
    // Over what is there, then away with the rest: the clock ticks without a flicker.
    write!(out, "\x1b[H")?;
    for row in rows {
        writeln!(out, "{}\x1b[K", paint.row(&row))?;
    }
    write!(out, "\x1b[J")?;
    out.flush()
}
