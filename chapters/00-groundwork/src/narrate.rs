//! Kernel calls tell what they do, while they do it.
//!
//! Narration is not a story printed beside the code: [`kernel`](crate::kernel) performs a
//! call and then reports that very call, with its arguments decoded and its result. A
//! chapter adds the *why* with [`step`]. Nobody listens unless a program installs a
//! [`Sink`]; then the cost is one load of an atomic per call.

use std::io::Write;
use std::panic::Location;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use colored::{Color, Colorize};
use serde::{Deserialize, Serialize};

/// Something that happened, in the order in which it happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Event {
    /// Why the next calls are made.
    Step {
        /// One short sentence.
        why: String,
        /// The line of the chapter that says so.
        #[serde(flatten)]
        at: Place,
    },
    /// A system call that returned.
    Call {
        /// Which process made it, as its parent names it.
        pid: i32,
        /// The call and its arguments.
        #[serde(flatten)]
        call: Call,
        /// What it returned.
        result: Returned,
        /// The line of the chapter that made it.
        #[serde(flatten)]
        at: Place,
    },
    /// execve(2) is about to be called. If it succeeds it does not return, so nobody in
    /// this process can tell; a parent can, see [`Event::Started`].
    Exec {
        /// Which process calls it.
        pid: i32,
        /// The call and its arguments.
        #[serde(flatten)]
        call: Call,
        /// The line of the chapter that calls it.
        #[serde(flatten)]
        at: Place,
    },
    /// The close-on-exec pipe of a child came to its end: its execve(2) succeeded.
    Started {
        /// Which process became a program.
        pid: i32,
    },
}

/// A system call, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Its name, as in the man page: `chroot`.
    pub name: String,
    /// Its arguments, decoded: `"jail"`, `CLONE_NEWPID|CLONE_NEWNS`.
    pub args: Vec<String>,
    /// The man page that explains it: `chroot(2)`.
    pub man: String,
}

impl std::fmt::Display for Call {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}({})", self.name, self.args.join(", "))
    }
}

/// What a system call returned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Returned {
    /// Success, with the number that the kernel gave.
    Ok(i64),
    /// The name of the errno, as in errno(3).
    Errno(String),
}

/// A line of our source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Path from the root of the project.
    pub file: String,
    /// Counted from 1.
    pub line: u32,
}

impl From<&Location<'_>> for Place {
    fn from(at: &Location<'_>) -> Self {
        Place {
            file: at.file().to_owned(),
            line: at.line(),
        }
    }
}

/// Somebody who listens.
pub trait Sink: Send {
    /// Called once for each event, in order.
    fn event(&mut self, event: &Event);
}

/// Whether anybody listens: the one thing that is looked at when nobody does.
static LISTENING: AtomicBool = AtomicBool::new(false);
static SINK: Mutex<Option<Box<dyn Sink>>> = Mutex::new(None);

/// The number of this process; 0 before it was asked for.
static MYSELF: AtomicI32 = AtomicI32::new(0);

/// The number of this process, asked for once: where strict mode holds us, see seccomp(2),
/// not even getpid(2) may be called.
pub(crate) fn myself() -> i32 {
    let known = MYSELF.load(Ordering::Relaxed);
    if known != 0 {
        return known;
    }
    let pid = std::process::id() as i32;
    MYSELF.store(pid, Ordering::Relaxed);
    pid
}

/// In a child that has just been made: its number is not that of its parent.
pub(crate) fn another_process() {
    MYSELF.store(0, Ordering::Relaxed);
}

/// Installs a listener in place of the one before it.
pub fn install(sink: Box<dyn Sink>) {
    *SINK.lock().expect("no listener panics") = Some(sink);
    LISTENING.store(true, Ordering::Relaxed);
}

/// Sends the listener away: what follows is told to nobody.
pub fn silence() {
    LISTENING.store(false, Ordering::Relaxed);
    *SINK.lock().expect("no listener panics") = None;
}

/// Whether calls are being narrated.
pub fn enabled() -> bool {
    LISTENING.load(Ordering::Relaxed)
}

/// Says why the calls that follow are made. Nothing happens unless somebody listens.
#[track_caller]
pub fn step(why: &str) {
    if enabled() {
        tell(&Event::Step {
            why: why.to_owned(),
            at: Location::caller().into(),
        });
    }
}

/// Hands one event to the listener, if there is one.
pub fn tell(event: &Event) {
    if let Some(sink) = SINK.lock().expect("no listener panics").as_mut() {
        sink.event(event);
    }
}

/// One line of JSON an event, for programs.
pub struct Json<W: Write + Send>(pub W);

impl<W: Write + Send> Sink for Json<W> {
    fn event(&mut self, event: &Event) {
        let line = serde_json::to_string(event).expect("an event is plain data") + "\n";
        // A listener that went away must not stop the container.
        let _ = self.0.write_all(line.as_bytes());
    }
}

/// Where the result stands: two columns of four and a call that fills most of the line.
const RESULT_COLUMN: usize = 54;
const RESULT_WIDTH: usize = 12;
const TERMINAL_WIDTH: usize = 80;

/// For people: steps flush left, their calls below them, results in a column.
pub struct Human<W: Write + Send> {
    out: W,
    colour: bool,
    /// Man pages named already: each is named once.
    named: Vec<String>,
    /// An execve that has not been heard of since.
    pending: Option<Call>,
}

impl<W: Write + Send> Human<W> {
    /// `colour` is the caller's to decide: it knows the terminal and NO_COLOR.
    pub fn new(out: W, colour: bool) -> Self {
        Human {
            out,
            colour,
            named: Vec::new(),
            pending: None,
        }
    }

    fn paint(&self, text: &str, colour: Color) -> String {
        if self.colour {
            text.color(colour).to_string()
        } else {
            text.to_owned()
        }
    }

    fn line(&mut self, call: &Call, result: &str, colour: Color) {
        let shown = format!("    {call}");
        // Padding is measured on the bare words, and stays outside the colour.
        // A man page with a long name moves to the left rather than past the edge.
        let words = result.chars().count();
        let free = TERMINAL_WIDTH.saturating_sub(RESULT_COLUMN + words + 1 + call.man.len());
        let padding = " ".repeat(RESULT_WIDTH.saturating_sub(words).min(free));
        let result = self.paint(result, colour);
        let man = if self.named.contains(&call.man) {
            String::new()
        } else {
            self.named.push(call.man.clone());
            format!("{padding} {}", self.paint(&call.man, Color::BrightBlack))
        };
        // A call that is too long for its column has its result on the next line.
        let shown = if shown.chars().count() < RESULT_COLUMN {
            format!("{shown:<RESULT_COLUMN$}")
        } else {
            format!("{shown}\n{:RESULT_COLUMN$}", "")
        };
        let _ = writeln!(self.out, "{shown}{result}{man}");
    }
}

impl<W: Write + Send> Sink for Human<W> {
    fn event(&mut self, event: &Event) {
        match event {
            Event::Step { why, .. } => {
                let mark = self.paint("▸", Color::Cyan);
                let _ = writeln!(self.out, "{mark} {why}");
            }
            Event::Call { call, result, .. } => {
                self.pending = None;
                match result {
                    Returned::Ok(number) => self.line(call, &format!("= {number}"), Color::Green),
                    Returned::Errno(name) => self.line(call, &format!("= {name}"), Color::Red),
                }
            }
            Event::Exec { pid, call, .. } if *pid == myself() => {
                self.line(call, "= no return", Color::Green);
            }
            Event::Exec { call, .. } => self.pending = Some(call.clone()),
            Event::Started { .. } => {
                if let Some(call) = self.pending.take() {
                    self.line(&call, "= started", Color::Green);
                }
            }
        }
        let _ = self.out.flush();
    }
}

#[cfg(test)]
mod tests;
