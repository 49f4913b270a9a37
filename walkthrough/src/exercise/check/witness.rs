//! What /proc says of a process in a cell, read from outside: proc(5).

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use groundwork::kernel::{self, CloneFlags, OFlag, Pid};

use super::{Checked, Refusal};

/// A file or folder, whatever its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Inode {
    /// The device.
    pub device: u64,
    /// The number on it.
    pub number: u64,
}

impl Inode {
    /// Of what a path leads to.
    ///
    /// # Errors
    /// It leads nowhere, or we may not look.
    pub fn of(path: impl AsRef<Path>) -> std::io::Result<Self> {
        let meta = fs::metadata(path)?;
        Ok(Self {
            device: meta.dev(),
            number: meta.ino(),
        })
    }
}

impl std::fmt::Display for Inode {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "inode {} on device {}", self.number, self.device)
    }
}

/// A process in a cell, by its PID outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Witness {
    /// The PID.
    pub pid: Pid,
}

/// A mount as a process sees it: a line of mountinfo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Device as `major:minor`, and which folder of it.
    pub source: (String, String),
    /// Where.
    pub point: String,
    /// The type of file system.
    pub kind: String,
}

impl Witness {
    /// A file in its folder of /proc.
    pub fn path(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{name}", self.pid))
    }

    fn read(&self, name: &str) -> Checked<String> {
        let path = self.path(name);
        let told = |error| Refusal::Undone(format!("cannot read {}: {error}", path.display()));
        let bytes = fs::read(&path).map_err(told)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// What a link of /proc leads to: `root`, `cwd`, `ns/pid`.
    ///
    /// # Errors
    /// It is gone, or we may not look.
    pub fn inode(&self, link: &str) -> Checked<Inode> {
        let path = self.path(link);
        Inode::of(&path)
            .map_err(|error| Refusal::Undone(format!("cannot look at {}: {error}", path.display())))
    }

    /// A line of `status`, blanks as one.
    ///
    /// # Errors
    /// It is gone.
    pub fn status(&self, key: &str) -> Checked<String> {
        let text = self.read("status")?;
        let mut lines = text.lines();
        let value = lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
        Ok(words(value.unwrap_or_default()))
    }

    /// Another file of its folder, blanks as one.
    ///
    /// # Errors
    /// It is gone, or we may not look.
    pub fn text(&self, name: &str) -> Checked<String> {
        Ok(words(&self.read(name)?))
    }

    /// Its command line.
    ///
    /// # Errors
    /// It is gone.
    pub fn arguments(&self) -> Checked<Vec<String>> {
        let line = self.read("cmdline")?;
        let words = line.trim_end_matches('\0').split('\0');
        Ok(words.map(str::to_owned).collect())
    }

    /// Its command line to the byte, also what is no text, and empty words.
    ///
    /// # Errors
    /// It is gone.
    pub fn exact_arguments(&self) -> Checked<Vec<OsString>> {
        let mut words = fs::read(self.path("cmdline"))?;
        words.pop();
        let words = words.split(|byte| *byte == 0);
        Ok(words
            .map(|word| OsString::from_vec(word.to_vec()))
            .collect())
    }

    /// Its open descriptors.
    ///
    /// # Errors
    /// It is gone, or we may not look.
    pub fn descriptors(&self) -> Checked<Vec<u32>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(self.path("fd"))? {
            let name = entry?.file_name();
            found.extend(name.to_str().and_then(|name| name.parse::<u32>().ok()));
        }
        found.sort_unstable();
        Ok(found)
    }

    /// The mounts that it sees.
    ///
    /// # Errors
    /// It is gone, or we may not look.
    pub fn mounts(&self) -> Checked<Vec<Mount>> {
        Ok(self.read("mountinfo")?.lines().filter_map(mount).collect())
    }

    /// Its number in each PID namespace that it is in, the innermost last.
    ///
    /// # Errors
    /// It is gone.
    pub fn numbers(&self) -> Checked<Vec<u32>> {
        let line = self.status("NSpid")?;
        Ok(line
            .split(' ')
            .filter_map(|number| number.parse().ok())
            .collect())
    }

    /// Its parent.
    ///
    /// # Errors
    /// It is gone.
    pub fn parent(&self) -> Checked<Witness> {
        let parent = self.status("PPid")?.parse().unwrap_or(0);
        Ok(Witness {
            pid: Pid::from_raw(parent),
        })
    }

    /// The TCP ports of its network at which somebody listens, each with what a link to the
    /// socket says.
    ///
    /// # Errors
    /// It is gone.
    pub fn ports(&self) -> Checked<Vec<(u16, String)>> {
        let tables = self.read("net/tcp")? + &self.read("net/tcp6").unwrap_or_default();
        Ok(tables.lines().filter_map(listening).collect())
    }

    /// What one of its descriptors leads to: a path, or `socket:[INODE]`. Where it runs as
    /// somebody who is not us, root of its user namespace is asked.
    ///
    /// # Errors
    /// It is gone.
    pub fn held(&self, descriptor: u32) -> Checked<String> {
        let (ours, mut theirs) = UnixStream::pair()?;
        let Some(child) = kernel::fork()? else {
            let users = kernel::open(self.path("ns/user"), OFlag::O_RDONLY);
            let entered = users.and_then(|users| kernel::setns(users, CloneFlags::CLONE_NEWUSER));
            let link = fs::read_link(self.path(&format!("fd/{descriptor}")));
            let text = entered
                .map(|()| link.unwrap_or_default())
                .unwrap_or_default();
            let _ = write!(theirs, "{}", text.display());
            kernel::exit_now(0)
        };
        drop(theirs);
        let text = std::io::read_to_string(ours);
        nix::sys::wait::waitpid(child, None)?;
        Ok(text?)
    }

    /// Writes an order over its first argument; it has to be stopped.
    pub(super) fn write_order(&self, order: &str) -> Checked {
        let bytes = [order.as_bytes(), &[0]].concat();
        Ok(kernel::trace_write(
            self.pid,
            self.argument_place()?,
            &bytes,
        )?)
    }

    /// Where its first argument is in its memory.
    pub(super) fn argument_place(&self) -> Checked<usize> {
        let stat = self.read("stat")?;
        // After the name in parentheses come the fields from the third on; 48 is arg_start.
        let fields = &stat[stat.rfind(')').map_or(0, |end| end + 1)..];
        let start: usize = fields
            .split_whitespace()
            .nth(45)
            .and_then(|field| field.parse().ok())
            .unwrap_or(0);
        let name = self.arguments()?.first().map_or(0, String::len);
        Ok(start + name + 1)
    }
}

fn mount(line: &str) -> Option<Mount> {
    let fields: Vec<&str> = line.split(' ').collect();
    let kind = line.split_once(" - ")?.1.split(' ').next()?;
    Some(Mount {
        source: ((*fields.get(2)?).to_owned(), (*fields.get(3)?).to_owned()),
        point: (*fields.get(4)?).to_owned(),
        kind: kind.to_owned(),
    })
}

/// A line of net/tcp in state LISTEN, 0A.
fn listening(line: &str) -> Option<(u16, String)> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (_, port) = fields.get(1)?.rsplit_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    (fields.get(3) == Some(&"0A")).then_some((port, format!("socket:[{}]", fields.get(9)?)))
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
