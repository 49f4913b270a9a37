//! The terminal: taken, drawn on, and always given back.

use std::cell::RefCell;
use std::io::{ErrorKind, Write, stdout};
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossterm::{cursor, execute, queue, terminal};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use signal_hook::consts::{SIGHUP, SIGTERM, SIGWINCH};

use super::keyboard::{Key, Keyboard};
use super::text::{Paint, Row, Style};

/// A terminal in raw mode, on its second screen.
#[derive(Debug)]
pub struct Screen {
    paint: Paint,
    ended: Arc<AtomicBool>,
    keyboard: RefCell<Keyboard>,
}

/// What is drawn: a bar, lines, a bar.
#[derive(Debug, Default)]
pub struct Frame {
    /// Left and right of the upper bar.
    pub title: (String, String),
    /// What is between the bars, from the top.
    pub rows: Vec<Row>,
    /// The keys.
    pub keys: String,
    /// Where the cursor stands: row and column between the bars.
    pub cursor: Option<(usize, usize)>,
}

impl Screen {
    /// Takes the terminal. A panic, SIGTERM and SIGHUP give it back, too.
    ///
    /// # Errors
    /// There is no terminal.
    pub fn take(colour: bool) -> std::io::Result<Self> {
        let ended = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGHUP] {
            signal_hook::flag::register(signal, Arc::clone(&ended))?;
        }
        // Caught only so that it ends a wait: the next drawing asks for the size.
        signal_hook::flag::register(SIGWINCH, Arc::default())?;
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            give_back();
            before(panic);
        }));
        let keyboard = RefCell::default();
        let screen = Self {
            paint: Paint { colour },
            ended,
            keyboard,
        };
        screen.enter()?;
        Ok(screen)
    }

    fn enter(&self) -> std::io::Result<()> {
        terminal::enable_raw_mode()?;
        execute!(stdout(), terminal::EnterAlternateScreen, cursor::Hide)
    }

    /// Lends the terminal to somebody else.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn lend<T>(&self, to: impl FnOnce() -> T) -> std::io::Result<T> {
        give_back();
        let result = to();
        self.enter()?;
        Ok(result)
    }

    /// Columns and rows, as a page can use them.
    pub fn size() -> (usize, usize) {
        let (columns, rows) = terminal::size().unwrap_or((80, 24));
        (usize::from(columns.max(20)), usize::from(rows.max(6)))
    }

    /// How many lines fit between the bars.
    pub fn room() -> usize {
        Self::size().1 - 2
    }

    /// Draws everything anew.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn draw(&self, frame: &Frame) -> std::io::Result<()> {
        let (columns, rows) = Self::size();
        // One write a frame: nobody sees half of it.
        let mut out = Vec::with_capacity(8192);
        queue!(
            out,
            terminal::BeginSynchronizedUpdate,
            cursor::Hide,
            cursor::MoveTo(0, 0)
        )?;
        let (left, right) = &frame.title;
        let gap = columns.saturating_sub(left.chars().count() + right.chars().count() + 2);
        let title = fit(&format!(" {left}{}{right} ", " ".repeat(gap)), columns);
        write!(out, "{}", self.paint.row(&Row::new(Style::Bar, title)))?;
        for i in 0..rows - 2 {
            queue!(
                out,
                cursor::MoveTo(0, (i + 1) as u16),
                terminal::Clear(terminal::ClearType::CurrentLine)
            )?;
            if let Some(row) = frame.rows.get(i) {
                write!(out, "{}", self.paint.row(row))?;
            }
        }
        queue!(out, cursor::MoveTo(0, (rows - 1) as u16))?;
        write!(
            out,
            "{}",
            self.paint.row(&Row::new(
                Style::Bar,
                fit(&format!(" {}", frame.keys), columns)
            ))
        )?;
        if let Some((row, column)) = frame.cursor {
            queue!(
                out,
                cursor::MoveTo(column.min(columns - 1) as u16, (row + 1) as u16),
                cursor::Show
            )?;
        }
        queue!(out, terminal::EndSynchronizedUpdate)?;
        let mut terminal = stdout().lock();
        terminal.write_all(&out)?;
        terminal.flush()
    }

    /// Waits for a key, a new size, or one of `others` to have something to say.
    /// None when it was no key.
    ///
    /// # Errors
    /// The terminal is gone, or somebody asked us to end.
    pub fn key(
        &self,
        others: &[BorrowedFd<'_>],
        at_most: Duration,
    ) -> std::io::Result<Option<Key>> {
        if self.ended.load(Ordering::Relaxed) {
            return Err(std::io::Error::new(ErrorKind::Interrupted, "asked to end"));
        }
        let mut keyboard = self.keyboard.borrow_mut();
        if !keyboard.has_more() {
            let all = [&[keyboard.fd()], others].concat();
            let mut ready: Vec<_> = all
                .into_iter()
                .map(|fd| PollFd::new(fd, PollFlags::POLLIN))
                .collect();
            // A signal ends this early: a new size is one.
            let _ = poll(
                &mut ready,
                PollTimeout::try_from(at_most).unwrap_or(PollTimeout::MAX),
            );
        }
        keyboard.key()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

fn give_back() {
    let _ = execute!(stdout(), terminal::LeaveAlternateScreen, cursor::Show);
    let _ = terminal::disable_raw_mode();
}

/// Exactly `columns` wide.
fn fit(text: &str, columns: usize) -> String {
    let cut: String = text.chars().take(columns).collect();
    format!("{cut:<columns$}")
}
