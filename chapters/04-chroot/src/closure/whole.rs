//! What is taken whole: name lookup, folders, packages.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::packages::Packages;
use super::search::Asking;
use super::{Collector, Kind, Reason, elf, names};
use crate::error::Error;

impl Collector<'_> {
    /// The files and libraries of name lookup, where programs of the C library are. A root
    /// without them works; numbers stay numbers there.
    pub(super) fn names(&mut self) -> Result<(), Error> {
        for file in names::FILES {
            if self.tree.has_file(Path::new(file)) {
                self.file(Path::new(file), Reason::Names, None)?;
            }
        }
        let glibc = self
            .closure
            .items
            .keys()
            .any(|path| path.ends_with("libc.so.6"));
        let nsswitch = self
            .tree
            .read(Path::new("/etc/nsswitch.conf"))
            .unwrap_or_default();
        if !glibc {
            return Ok(());
        }
        // The C library loads them, so it is the one that asks.
        let asker = Path::new("/lib/libc.so.6");
        let nobody = elf::Elf::empty(self.search.machine());
        let asking = Asking {
            path: asker,
            is_program: false,
            elf: &nobody,
            inherited: &[],
        };
        for name in names::libraries(&String::from_utf8_lossy(&nsswitch)) {
            if let Some(found) = self.search.find(&name, &asking) {
                let (real, _) = self.file(&found, Reason::Names, None)?;
                self.object(&real)?;
            }
        }
        Ok(())
    }

    /// A folder with all that is in it.
    pub(super) fn folder(&mut self, folder: &Path) -> Result<(), Error> {
        let folder = std::path::absolute(folder).map_err(|error| Error::read(folder, &error))?;
        let (real, _) = self.file(&folder, Reason::Tree, None)?;
        let mut waiting = vec![real];
        while let Some(folder) = waiting.pop() {
            let entries = fs::read_dir(self.tree.outside(&folder));
            let entries = entries.map_err(|error| Error::read(&folder, &error))?;
            for entry in entries.flatten() {
                let path = folder.join(entry.file_name());
                if self.part(&path, &folder)? {
                    waiting.push(path);
                }
            }
        }
        Ok(())
    }

    /// The files of a Debian package but its documentation.
    pub(super) fn package(&mut self, package: &str) -> Result<(), Error> {
        let files = Packages::of(self.tree).files(package);
        let files = files.ok_or_else(|| Error::NoPackage(package.to_owned()))?;
        for file in files {
            // A list names the folders above a file, links of the merged /usr among them.
            let walked = file.parent().and_then(|folder| self.tree.walk(folder).ok());
            let (Some(walked), Some(name)) = (walked, file.file_name()) else {
                continue;
            };
            self.part(&walked.path.join(name), &PathBuf::from(package))?;
        }
        Ok(())
    }

    /// One entry of a folder, as it is; says whether it is a folder itself. What an ELF
    /// file in it needs comes along.
    fn part(&mut self, path: &Path, of: &Path) -> Result<bool, Error> {
        let Ok(found) = fs::symlink_metadata(self.tree.outside(path)) else {
            return Ok(false);
        };
        let of = Some(of);
        if found.is_symlink() {
            let target = fs::read_link(self.tree.outside(path));
            let target = target.map_err(|error| Error::read(path, &error))?;
            self.put(path, Kind::Link(target), 0o777, Reason::Tree, of)?;
            // What the link means comes along, unless it means nothing here either.
            if self.tree.has_file(path) {
                let (real, new) = self.file(path, Reason::Tree, of)?;
                if new {
                    self.object(&real)?;
                }
            }
        } else if found.is_dir() {
            self.put(path, Kind::Folder, super::bits(&found), Reason::Tree, of)?;
            return Ok(true);
        } else if found.is_file() {
            self.put(
                path,
                Kind::File { size: found.len() },
                super::bits(&found),
                Reason::Tree,
                of,
            )?;
            self.object(path)?;
        } else {
            self.closure
                .notes
                .push(format!("{}: no file or folder, left out", path.display()));
        }
        Ok(false)
    }

    /// The libraries of a file that is loaded later, if it is an ELF file for us. One that
    /// is missing stops nothing: plug-ins are often for things that are not installed.
    fn object(&mut self, path: &Path) -> Result<(), Error> {
        let head = read_head(&self.tree.outside(path));
        if !elf::is_elf(&head) {
            return Ok(());
        }
        let file = fs::read(self.tree.outside(path)).map_err(|error| Error::read(path, &error))?;
        let parsed = elf::parse(&file);
        let Some(elf) = parsed
            .ok()
            .filter(|elf| elf.machine == self.search.machine())
        else {
            return Ok(());
        };
        if let Some(loader) = &elf.interpreter {
            self.file(Path::new(loader), Reason::Loader, Some(path))?;
        }
        let loaders = elf
            .interpreter
            .iter()
            .filter_map(|loader| super::file_name(Path::new(loader)));
        let loaded: HashSet<_> = loaders.collect();
        match self.libraries(path, elf, loaded) {
            Err(error @ Error::NoLibrary { .. }) => {
                self.closure.notes.push(error.to_string());
                Ok(())
            }
            other => other,
        }
    }

    /// The links of the merged /usr: a program that was found as /usr/bin/bash is /bin/bash
    /// to every script.
    pub(super) fn merged_folders(&mut self) -> Result<(), Error> {
        for name in ["/bin", "/sbin", "/lib", "/lib32", "/lib64"] {
            let Ok(walked) = self.tree.walk(Path::new(name)) else {
                continue;
            };
            if walked.links.is_empty() || !self.closure.items.contains_key(&walked.path) {
                continue;
            }
            for link in walked.links {
                let of = Some(walked.path.as_path());
                self.put(&link.path, Kind::Link(link.target), 0o777, Reason::Link, of)?;
            }
        }
        Ok(())
    }

    /// The loader's index, if a library lies where only the index leads.
    pub(super) fn cache(&mut self) -> Result<(), Error> {
        let by_index = |(path, item): (&PathBuf, &super::Item)| {
            item.reason == Reason::Library && !self.search.is_default(path)
        };
        let cache = Path::new("/etc/ld.so.cache");
        if self.closure.items.iter().any(by_index) && self.tree.has_file(cache) {
            self.file(cache, Reason::Cache, None)?;
        }
        Ok(())
    }
}

/// The first bytes of a file: enough to know its kind. Trees hold thousands of files.
fn read_head(path: &Path) -> Vec<u8> {
    use std::io::Read;
    let mut head = [0; 4];
    let read = fs::File::open(path).and_then(|mut file| file.read(&mut head));
    head[..read.unwrap_or(0)].to_vec()
}
