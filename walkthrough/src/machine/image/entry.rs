//! The archive that the kernel unpacks as its first root: cpio, in the form "newc", see
//! Documentation/driver-api/early-userspace/buffer-format.rst of the kernel.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use cpio::newc::{Builder, ModeFileType, trailer};

/// What is at a path of the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A folder.
    Folder,
    /// A copy of this file of the host's.
    Copy(PathBuf),
    /// A file with these bytes.
    Bytes(Vec<u8>),
    /// A symbolic link to there.
    Link(PathBuf),
}

/// One entry: what it is, its permission bits, whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub what: What,
    /// Permission bits.
    pub mode: u32,
    /// User and group. Nobody has to be root to write a zero here.
    pub owner: u32,
}

/// All of them by their paths, so that a folder comes before what is in it.
pub type Entries = BTreeMap<PathBuf, Entry>;

impl Entry {
    /// Something of root's.
    pub fn new(what: What, mode: u32) -> Self {
        Entry {
            what,
            mode,
            owner: 0,
        }
    }
}

/// Writes the archive.
///
/// # Errors
/// A file cannot be read, or the archive not written.
pub fn write(entries: &Entries, out: &mut impl Write) -> io::Result<()> {
    for (number, (path, entry)) in (1..).zip(entries) {
        let name = path.strip_prefix("/").unwrap_or(path);
        let builder = Builder::new(&name.to_string_lossy())
            .ino(number)
            .nlink(1)
            .uid(entry.owner)
            .gid(entry.owner)
            .mode(entry.mode);
        match &entry.what {
            What::Folder => put(
                builder.set_mode_file_type(ModeFileType::Directory),
                &[],
                out,
            )?,
            What::Bytes(bytes) => put(
                builder.set_mode_file_type(ModeFileType::Regular),
                bytes,
                out,
            )?,
            What::Link(target) => {
                let target = target.to_string_lossy().into_owned();
                put(
                    builder.set_mode_file_type(ModeFileType::Symlink),
                    target.as_bytes(),
                    out,
                )?;
            }
            What::Copy(from) => {
                let bytes = whole(from)?;
                put(
                    builder.set_mode_file_type(ModeFileType::Regular),
                    &bytes,
                    out,
                )?;
            }
        }
    }
    trailer(out)?;
    Ok(())
}

fn put(builder: Builder, bytes: &[u8], out: &mut impl Write) -> io::Result<()> {
    let mut file = builder.write(out, bytes.len() as u32);
    file.write_all(bytes)?;
    file.finish().map(drop)
}

fn whole(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let named =
        |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", file.display()));
    File::open(file)
        .and_then(|mut open| open.read_to_end(&mut bytes))
        .map_err(named)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_keeps_owners_modes_and_links() {
        let mut entries = Entries::new();
        let mut put = |path: &str, what, mode| {
            entries.insert(PathBuf::from(path), Entry::new(what, mode));
        };
        put("/bin", What::Folder, 0o755);
        put("/bin/su", What::Bytes(b"su".to_vec()), 0o4755);
        put("/bin/sh", What::Link("su".into()), 0o777);
        let mut archive = Vec::new();
        write(&entries, &mut archive).unwrap();
        let mut rest = io::Cursor::new(archive);
        let mut found = Vec::new();
        loop {
            let mut reader = cpio::newc::Reader::new(rest).unwrap();
            if reader.entry().is_trailer() {
                break;
            }
            let mut bytes = String::new();
            reader.read_to_string(&mut bytes).unwrap();
            let entry = reader.entry();
            found.push((entry.name().to_owned(), entry.mode(), entry.uid(), bytes));
            rest = reader.finish().unwrap();
        }
        let is = |name: &str, mode, bytes: &str| (name.to_owned(), mode, 0, bytes.to_owned());
        assert_eq!(
            found,
            [
                is("bin", 0o040_755, ""),
                is("bin/sh", 0o120_777, "su"),
                is("bin/su", 0o104_755, "su"),
            ]
        );
    }
}
