//! Inside: the first program of the machine. It mounts what a system has, takes its job from
//! the host, runs it, sends back what came of it, and switches the machine off.
//!
//! # Layout
//!
//! - [`mounts`]: modules, the root, and what is mounted on it.
//! - [`groups`]: control groups, as v2 or as v1, and the ordinary user's own.
//! - [`port`]: the way to the host.
//! - [`session`]: the command, its user, and its terminal or pipes.

use std::fs::File;
use std::path::Path;

use groundwork::kernel;
use nix::unistd::getpid;

use super::wire::{Job, Message, Parts};
use port::Port;

pub mod groups;
pub mod mounts;
pub mod port;
pub mod session;

/// What a host calls this machine.
const NAME: &str = "machine";

/// Whether this process is the first of a machine that we made.
pub fn is_init(called: &str) -> bool {
    called == "init" && getpid().as_raw() == 1
}

/// Everything from the first instruction to the last. Init must not return: that would be a
/// panic of the kernel.
pub fn main() -> u8 {
    if let Err(error) = live() {
        // The console is all there is, and the host shows its end.
        eprintln!("machine: {error}");
    }
    let _ = kernel::power_off();
    1
}

fn live() -> Result<(), Box<dyn std::error::Error>> {
    let mut notes = Notes::default();
    notes.take("the root", mounts::root());
    notes.all(mounts::load_modules());
    notes.all(mounts::system());
    let mut port = Port::open()?;
    let job: Job = match port.receive()? {
        Message::Job(text) => serde_json::from_slice(&text)?,
        other => return Err(format!("a job was to come first, and not {other:?}").into()),
    };
    notes.take("files", port::take_files(&mut port, &job));
    notes.all(groups::mount(job.v1));
    if job.user {
        notes.take("a group for the user", groups::delegate(job.v1));
    }
    notes.take("the host name", kernel::sethostname(NAME));
    notes.take("the link lo", kernel::link_up("lo"));
    notes.take("swap", mounts::swap());
    for note in notes.0 {
        Message::Note(note.into_bytes()).send(&mut port)?;
    }
    let status = session::run(&job, &port)?;
    if let Some(out) = &job.out {
        send_back(&mut port, out)?;
    }
    Message::Status(status).send(&mut port)?;
    // The host ends the machine when it has read this.
    std::thread::sleep(std::time::Duration::from_secs(2));
    Ok(())
}

/// What did not go as it should, to be told when there is somebody to tell.
#[derive(Debug, Default)]
struct Notes(Vec<String>);

impl Notes {
    fn take<E: std::fmt::Display>(&mut self, what: &str, outcome: Result<(), E>) {
        self.0
            .extend(outcome.err().map(|error| format!("{what}: {error}")));
    }

    fn all(&mut self, notes: Vec<String>) {
        self.0.extend(notes);
    }
}

/// The folder that the host wants back, as a tar archive.
fn send_back(port: &mut Port, out: &Path) -> std::io::Result<()> {
    let mut archive = tar::Builder::new(Parts(port.writer(), Message::Back));
    archive.follow_symlinks(false);
    archive.append_dir_all(".", out)?;
    archive.finish()
}

/// Opens a file for reading, and says which where that fails.
fn open(path: &Path) -> Result<File, String> {
    File::open(path).map_err(|error| format!("{}: {error}", path.display()))
}
