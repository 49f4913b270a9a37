//! The way to the host: a port of virtio-serial, which is a file in /dev.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::lchown;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::groups::USER;
use crate::machine::wire::{Job, Message};

/// The port. Several may write, each a whole message.
#[derive(Debug, Clone)]
pub struct Port {
    file: Arc<File>,
    writing: Arc<Mutex<()>>,
}

impl Port {
    /// Opens the one that bears our name, once the host has one.
    ///
    /// # Errors
    /// There is none.
    pub fn open() -> io::Result<Self> {
        for _ in 0..500 {
            if let Some(path) = find() {
                let file = OpenOptions::new().read(true).write(true).open(path)?;
                return Ok(Port {
                    file: Arc::new(file),
                    writing: Arc::default(),
                });
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Err(io::Error::other("the host gave this machine no port"))
    }

    /// The next message.
    ///
    /// # Errors
    /// The host is gone.
    pub fn receive(&mut self) -> io::Result<Message> {
        Message::receive(self)
    }

    /// For whoever writes beside us.
    pub fn writer(&self) -> Port {
        self.clone()
    }
}

/// The device whose name in /sys is ours.
fn find() -> Option<PathBuf> {
    let ports = fs::read_dir("/sys/class/virtio-ports").ok()?;
    let is_ours = |folder: &PathBuf| {
        fs::read_to_string(folder.join("name")).is_ok_and(|name| name.trim_end() == "era")
    };
    let ours = ports.flatten().map(|entry| entry.path()).find(is_ours)?;
    let device = Path::new("/dev").join(ours.file_name()?);
    device.exists().then_some(device)
}

impl Read for Port {
    /// Nothing at all is read until the host's end is known to be open.
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        for _ in 0..500 {
            match (&*self.file).read(bytes)? {
                0 if !bytes.is_empty() => std::thread::sleep(Duration::from_millis(10)),
                count => return Ok(count),
            }
        }
        Ok(0)
    }
}

impl Write for Port {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let _whole = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        (&*self.file).write_all(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The messages of an archive, as one file to read.
struct Archive<'a> {
    port: &'a mut Port,
    part: io::Cursor<Vec<u8>>,
    done: bool,
}

impl Read for Archive<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.part.read(bytes)? {
                0 if !self.done && !bytes.is_empty() => match self.port.receive()? {
                    Message::Files(part) => self.part = io::Cursor::new(part),
                    Message::Begin => self.done = true,
                    _ => return Err(io::Error::other("files were to come")),
                },
                count => return Ok(count),
            }
        }
    }
}

/// Unpacks the files that come with the job, for whoever is to have them.
pub fn take_files(port: &mut Port, job: &Job) -> io::Result<()> {
    let archive = Archive {
        port,
        part: io::Cursor::default(),
        done: false,
    };
    let mut archive = tar::Archive::new(archive);
    archive.set_preserve_permissions(true);
    archive.set_overwrite(true);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = Path::new("/").join(entry.path()?);
        entry.unpack_in("/")?;
        if job.user {
            lchown(&path, Some(USER), Some(USER))?;
        }
    }
    // The archive may end before the message that says so.
    io::copy(&mut archive.into_inner(), &mut io::sink())?;
    if let Some(out) = &job.out {
        fs::create_dir_all(out)?;
        if job.user {
            lchown(out, Some(USER), Some(USER))?;
        }
    }
    Ok(())
}
