//! Outside: starts the machine, hands it its job, and is its terminal until it ends.

use std::fs;
use std::io::{self, IsTerminal, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::Child;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use groundwork::host::GuestKernel;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGWINCH};
use signal_hook::iterator::Signals;

use super::error::Error;
use super::qemu::{self, Hardware};
use super::wire::{Job, Message, Parts};

/// A file or folder that the guest gets a copy of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// Here.
    pub from: PathBuf,
    /// There.
    pub to: PathBuf,
}

/// Everything that a machine is started with.
#[derive(Debug)]
pub struct Plan {
    /// Its kernel.
    pub kernel: GuestKernel,
    /// Its root.
    pub image: PathBuf,
    /// What it is made of.
    pub hardware: Hardware,
    /// What it is to do.
    pub job: Job,
    /// Files for it.
    pub share: Vec<Share>,
    /// Where what it leaves arrives.
    pub out: Option<PathBuf>,
    /// How long it may take.
    pub limit: Option<u64>,
}

/// A machine that is not up by then has come to a halt somewhere, however slow its host.
const TO_START: Duration = Duration::from_secs(180);

enum Event {
    Said(Message),
    Unsent(io::Error),
    Gone,
    Signal(i32),
}

/// Runs the machine to its end and gives the command's status.
///
/// # Errors
/// It did not start, took too long, or ended without a word.
pub fn run(plan: &Plan) -> Result<u8, Error> {
    let (ours, theirs) = UnixStream::pair().map_err(Error::Emulator)?;
    let emulator = qemu::start(&plan.kernel, &plan.image, &plan.hardware, &theirs)?;
    drop(theirs);
    let mut machine =
        Running::new(emulator, &ours, plan.hardware.verbose).map_err(Error::Emulator)?;
    let line = Arc::new(Mutex::new(ours));
    send_job(plan, Arc::clone(&line), machine.speaker.clone());
    let outcome = machine.follow(plan, &line);
    machine.end();
    outcome
}

/// The emulator, and who listens to it.
struct Running {
    emulator: Child,
    events: Receiver<Event>,
    /// For whoever has something to say.
    speaker: Sender<Event>,
    /// The end of what its console and qemu itself said.
    said: Arc<Mutex<Vec<u8>>>,
    ready: bool,
    raw: Option<Raw>,
    back: Option<Unpacking>,
}

/// Files that come back: where their archive goes, and who unpacks it.
type Unpacking = (Sender<Vec<u8>>, JoinHandle<io::Result<()>>);

impl Running {
    fn new(mut emulator: Child, line: &UnixStream, verbose: bool) -> io::Result<Self> {
        let said = Arc::default();
        if let Some(console) = emulator.stdout.take() {
            keep_end(console, Arc::clone(&said), verbose);
        }
        if let Some(errors) = emulator.stderr.take() {
            keep_end(errors, Arc::clone(&said), verbose);
        }
        let (events, receiver) = mpsc::channel();
        let mut line = line.try_clone()?;
        let guest = events.clone();
        std::thread::spawn(move || {
            while let Ok(message) = Message::receive(&mut line) {
                let _ = guest.send(Event::Said(message));
            }
            let _ = guest.send(Event::Gone);
        });
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGWINCH])?;
        let speaker = events.clone();
        std::thread::spawn(move || {
            signals
                .forever()
                .for_each(|signal| drop(events.send(Event::Signal(signal))));
        });
        Ok(Running {
            emulator,
            events: receiver,
            speaker,
            said,
            ready: false,
            raw: None,
            back: None,
        })
    }

    /// Until the status has come.
    fn follow(&mut self, plan: &Plan, line: &Arc<Mutex<UnixStream>>) -> Result<u8, Error> {
        let started = Instant::now();
        let limit = plan.limit.map(Duration::from_secs);
        loop {
            let most = match limit {
                Some(limit) => limit,
                None if self.ready => Duration::MAX,
                None => TO_START,
            };
            let left = most.saturating_sub(started.elapsed());
            match self.events.recv_timeout(left) {
                Ok(Event::Said(Message::Status(status))) => {
                    return self.files_are_back(plan).map(|()| status);
                }
                Ok(Event::Said(message)) => self.heed(message, plan, line),
                Ok(Event::Signal(SIGWINCH)) => resize(plan, line),
                Ok(Event::Signal(signal)) => return Ok(128 + signal as u8),
                Ok(Event::Unsent(error)) => {
                    return Err(Error::Wrong(format!("cannot copy files in: {error}")));
                }
                Ok(Event::Gone) => return Err(self.silent()),
                Err(_) if limit.is_none() => return Err(self.silent()),
                Err(_) => return Err(Error::Late(plan.limit.unwrap_or_default())),
            }
        }
    }

    fn heed(&mut self, message: Message, plan: &Plan, line: &Arc<Mutex<UnixStream>>) {
        match message {
            Message::Ready => {
                self.ready = true;
                if plan.job.terminal.is_some() {
                    self.raw = Raw::enter().ok();
                    resize(plan, line);
                }
                send_input(plan.job.terminal.is_some(), Arc::clone(line));
            }
            // A reader that went away has seen enough.
            Message::Out(bytes) => print(&mut io::stdout(), &bytes),
            Message::Err(bytes) => print(&mut io::stderr(), &bytes),
            Message::Note(text) => {
                let text = String::from_utf8_lossy(&text).into_owned();
                let _ = writeln!(io::stderr(), "era machine: {text}");
            }
            Message::Back(part) => {
                if let Some(out) = &plan.out {
                    let (parts, _) = self.back.get_or_insert_with(|| unpack_into(out.clone()));
                    let _ = parts.send(part);
                }
            }
            _ => {}
        }
    }

    fn files_are_back(&mut self, plan: &Plan) -> Result<(), Error> {
        let (Some((parts, unpacking)), Some(out)) = (self.back.take(), &plan.out) else {
            return Ok(());
        };
        drop(parts);
        let unpacked = unpacking
            .join()
            .unwrap_or_else(|_| Err(io::Error::other("it broke off")));
        unpacked.map_err(|error| Error::file(out, error))
    }

    /// What is known of a machine that ended by itself, or never began.
    fn silent(&mut self) -> Error {
        let _ = self.emulator.kill();
        let _ = self.emulator.wait();
        // Those who listen to it need a moment for its last words.
        std::thread::sleep(Duration::from_millis(50));
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        Error::Silent {
            said: String::from_utf8_lossy(&said).replace('\r', ""),
        }
    }

    fn end(&mut self) {
        let _ = self.emulator.kill();
        let _ = self.emulator.wait();
        self.raw = None;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

/// A terminal that hands every key on, until this is dropped.
struct Raw;

impl Raw {
    fn enter() -> io::Result<Self> {
        crossterm::terminal::enable_raw_mode()?;
        Ok(Raw)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let _ = crossterm::terminal::disable_raw_mode();
    }
}

fn print(out: &mut impl Write, bytes: &[u8]) {
    let _ = out.write_all(bytes).and_then(|()| out.flush());
}

fn send(line: &Arc<Mutex<UnixStream>>, message: &Message) -> io::Result<()> {
    let mut line = line.lock().unwrap_or_else(PoisonError::into_inner);
    message.send(&mut *line)
}

fn resize(plan: &Plan, line: &Arc<Mutex<UnixStream>>) {
    if plan.job.terminal.is_some() {
        if let Ok((columns, rows)) = crossterm::terminal::size() {
            let _ = send(line, &Message::Size(rows, columns));
        }
    }
}

/// The end of what comes out of the emulator, for the case that nothing else does.
fn keep_end(mut from: impl Read + Send + 'static, said: Arc<Mutex<Vec<u8>>>, verbose: bool) {
    const MOST: usize = 2000;
    std::thread::spawn(move || {
        let mut part = [0; 1024];
        while let Ok(count @ 1..) = from.read(&mut part) {
            if verbose {
                print(&mut io::stderr(), &part[..count]);
            }
            let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
            said.extend(&part[..count]);
            let surplus = said.len().saturating_sub(MOST);
            said.drain(..surplus);
        }
    });
}

/// The job and its files, while the machine starts.
fn send_job(plan: &Plan, line: Arc<Mutex<UnixStream>>, events: Sender<Event>) {
    let job = serde_json::to_vec(&plan.job).expect("plain data");
    let share = plan.share.clone();
    std::thread::spawn(move || {
        let mut line = line.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = Message::Job(job).send(&mut *line);
        let sent = sent.and_then(|()| send_files(&share, &mut line));
        // Where the machine is gone it is that which is told.
        use io::ErrorKind::{BrokenPipe, ConnectionReset};
        let gone = |error: &io::Error| [BrokenPipe, ConnectionReset].contains(&error.kind());
        if let Some(error) = sent.err().filter(|error| !gone(error)) {
            let _ = events.send(Event::Unsent(error));
        }
    });
}

fn send_files(share: &[Share], line: &mut UnixStream) -> io::Result<()> {
    let mut archive = tar::Builder::new(Parts(&mut *line, Message::Files));
    archive.follow_symlinks(false);
    for Share { from, to } in share {
        let name = to.strip_prefix("/").unwrap_or(to);
        if from.is_dir() {
            archive.append_dir_all(name, from)?;
        } else {
            // The file, and not a link to it, is what was meant.
            archive.append_file(name, &mut fs::File::open(from)?)?;
        }
    }
    archive.finish()?;
    drop(archive);
    Message::Begin.send(line)
}

/// Three times in a row it ends the machine, whatever happens inside: Ctrl-].
const WAY_OUT: u8 = 0x1d;

fn send_input(is_terminal: bool, line: Arc<Mutex<UnixStream>>) {
    std::thread::spawn(move || {
        let (mut part, mut in_a_row) = ([0; 4096], 0);
        while let Ok(count @ 1..) = io::stdin().lock().read(&mut part) {
            for key in &part[..count] {
                in_a_row = if *key == WAY_OUT { in_a_row + 1 } else { 0 };
            }
            if is_terminal && in_a_row >= 3 {
                let _ = nix::sys::signal::raise(nix::sys::signal::Signal::SIGTERM);
            }
            if send(&line, &Message::In(part[..count].to_vec())).is_err() {
                return;
            }
        }
        let _ = send(&line, &Message::InEnd);
    });
}

/// Unpacks what comes back. The archive is made by somebody who may be root of the guest: the
/// crate lets no path leave the folder, and gives no set-user-id bits.
fn unpack_into(out: PathBuf) -> Unpacking {
    let (sender, parts) = mpsc::channel();
    let unpack = move || {
        fs::create_dir_all(&out)?;
        let mut archive = tar::Archive::new(Incoming {
            parts,
            part: io::Cursor::default(),
        });
        archive.set_preserve_ownerships(false);
        archive.unpack(&out)?;
        io::copy(&mut archive.into_inner(), &mut io::sink()).map(drop)
    };
    (sender, std::thread::spawn(unpack))
}

struct Incoming {
    parts: Receiver<Vec<u8>>,
    part: io::Cursor<Vec<u8>>,
}

impl Read for Incoming {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.part.read(bytes)? {
                0 if !bytes.is_empty() => match self.parts.recv() {
                    Ok(part) => self.part = io::Cursor::new(part),
                    Err(_) => return Ok(0),
                },
                count => return Ok(count),
            }
        }
    }
}

/// Whether keys can be handed on: a terminal on both sides.
pub fn is_on_a_terminal() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}
