//! The terminal: taken, drawn on, and always given back.

use std::io::{Read, Result, Write, stdin, stdout};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crossterm::{cursor, execute, queue, terminal};
use signal_hook::consts::{SIGHUP, SIGTERM};

/// How soon a new size of the window is seen, or that we are asked to end.
const SOON: Duration = Duration::from_millis(50);

/// A terminal in raw mode, on its second screen.
pub(super) struct Screen {
    colour: bool,
    ended: Arc<AtomicBool>,
    /// Bytes of the keyboard; closed when the terminal is gone.
    keys: Receiver<u8>,
}

/// Why a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// The time has come.
    Nothing,
    /// The window has another size.
    Draw,
    /// q, Ctrl-C, a signal, or the terminal is gone.
    End,
}

impl Screen {
    /// Takes the terminal. A panic, SIGTERM and SIGHUP give it back, too.
    pub(super) fn take() -> Result<Self> {
        let ended = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGHUP] {
            signal_hook::flag::register(signal, Arc::clone(&ended))?;
        }
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            give_back();
            before(panic);
        }));
        terminal::enable_raw_mode()?;
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let screen = Self {
            colour: !no_colour,
            ended,
            keys: keys(),
        };
        execute!(stdout(), terminal::EnterAlternateScreen, cursor::Hide)?;
        Ok(screen)
    }

    pub(super) fn has_colour(&self) -> bool {
        self.colour
    }

    pub(super) fn columns(&self) -> usize {
        usize::from(size().0)
    }

    /// Draws a frame in one write: a bar, then rows, as many as there is room for.
    pub(super) fn draw(&self, title: &str, rows: &[String]) -> Result<()> {
        let (columns, lines) = size();
        let mut out = Vec::new();
        queue!(
            out,
            terminal::BeginSynchronizedUpdate,
            terminal::Clear(terminal::ClearType::All),
            cursor::MoveTo(0, 0)
        )?;
        let width = usize::from(columns);
        let title: String = title.chars().take(width).collect();
        match self.colour {
            true => write!(out, "\x1b[7m{title:<width$}\x1b[0m")?,
            false => write!(out, "{title}")?,
        }
        for (row, line) in rows.iter().zip(1..lines) {
            queue!(out, cursor::MoveTo(0, line))?;
            write!(out, "{}", cut(row, width))?;
        }
        queue!(out, terminal::EndSynchronizedUpdate)?;
        let mut terminal = stdout().lock();
        terminal.write_all(&out)?;
        terminal.flush()
    }

    /// Waits until `until`, or for somebody to ask for something.
    pub(super) fn wait(&self, until: Instant) -> Asked {
        let before = size();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.keys.recv_timeout(left.min(SOON)) {
                Ok(b'q' | b'Q' | 0x03 | 0x1b) | Err(RecvTimeoutError::Disconnected) => {
                    return Asked::End;
                }
                _ if self.ended.load(Ordering::Relaxed) => return Asked::End,
                _ if size() != before => return Asked::Draw,
                _ if left.is_zero() => return Asked::Nothing,
                _ => {}
            }
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Reads the keyboard beside us: it is asked for no longer than somebody types.
fn keys() -> Receiver<u8> {
    let (sender, keys) = channel();
    std::thread::spawn(move || {
        for byte in stdin().lock().bytes() {
            let Ok(byte) = byte else { return };
            if sender.send(byte).is_err() {
                return;
            }
        }
    });
    keys
}

fn size() -> (u16, u16) {
    terminal::size().unwrap_or((80, 24))
}

fn give_back() {
    let _ = execute!(stdout(), terminal::LeaveAlternateScreen, cursor::Show);
    let _ = terminal::disable_raw_mode();
}

/// As much of a row as has room; a colour takes none.
fn cut(row: &str, width: usize) -> String {
    let (mut kept, mut shown, mut in_colour) = (String::new(), 0, false);
    for letter in row.chars() {
        match letter {
            '\x1b' => in_colour = true,
            'm' if in_colour => in_colour = false,
            _ if in_colour => {}
            _ if shown == width => continue,
            _ => {
                shown += 1;
                kept.push(letter);
                continue;
            }
        }
        kept.push(letter);
    }
    kept
}
