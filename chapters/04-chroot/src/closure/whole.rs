//! What is taken whole: name lookup, folders, packages.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::data;
use super::packages::{self, Packages};
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
        let libraries = self.closure.items.keys();
        let mut glibc = libraries.filter(|path| path.ends_with("libc.so.6"));
        let glibc = glibc.next().and_then(|path| self.tree.read(path));
        let nsswitch = self
            .tree
            .read(Path::new("/etc/nsswitch.conf"))
            .unwrap_or_default();
        let Some(glibc) = glibc else {
            return Ok(());
        };
        // The C library loads them, so it is the one that asks.
        let asker = Path::new("/lib/libc.so.6");
        let nobody = elf::Elf::empty(self.search.machine());
        let asking = Asking {
            path: asker,
            is_program: false,
            elf: &nobody,
            inherited: &[],
        };
        for service in names::services(&String::from_utf8_lossy(&nsswitch)) {
            if names::is_built_in(&service, &glibc) {
                continue;
            }
            let name = format!("libnss_{service}.so.2");
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
        let (top, _) = self.file(&folder, Reason::Tree, None)?;
        let mut waiting = vec![top.clone()];
        while let Some(folder) = waiting.pop() {
            let entries = fs::read_dir(self.tree.outside(&folder));
            let entries = entries.map_err(|error| Error::read(&folder, &error))?;
            for entry in entries.flatten() {
                let path = folder.join(entry.file_name());
                if self.part(&path, &top)? {
                    waiting.push(path);
                }
            }
        }
        Ok(())
    }

    /// The files of a Debian package but its documentation.
    pub(super) fn package(&mut self, package: &str) -> Result<(), Error> {
        let files = self.packages().files(package);
        let files = files.ok_or_else(|| Error::NoPackage(package.to_owned()))?;
        let needed = files.iter().filter(|file| !data::is_for_people(file));
        self.listed(needed, &PathBuf::from(package))
    }

    /// The folders that a program reads when it runs, as its packages filled them.
    pub(super) fn data(&mut self, program: &Path, libraries: &[PathBuf]) -> Result<(), Error> {
        let tree = self.tree;
        let packages = self.packages();
        if packages.owner(program).is_none() {
            let folders = data::named_by(tree, program);
            self.point_at(program, &folders);
            return Ok(());
        }
        for data in data::of_program(tree, packages, program, libraries) {
            if tree.metadata(&data.folder).is_none() {
                continue;
            }
            self.file(&data.folder, Reason::Tree, Some(program))?;
            let folder = data.folder.clone();
            self.listed(data.files.iter(), &folder)?;
        }
        Ok(())
    }

    fn point_at(&mut self, program: &Path, folders: &[PathBuf]) {
        let program = program.display();
        if let Some(keeper) = packages::other_keeper(self.tree) {
            self.note(format!(
                "packages here are {keeper}'s, whose lists are not read: folders that \
                 programs read later come by --tree"
            ));
        }
        if !folders.is_empty() {
            let folders: Vec<_> = folders
                .iter()
                .map(|folder| folder.to_string_lossy())
                .collect();
            self.note(format!(
                "{program} names folders; those that it reads come by --tree: {}",
                folders.join(" ")
            ));
        }
    }

    fn note(&mut self, note: String) {
        if !self.closure.notes.contains(&note) {
            self.closure.notes.push(note);
        }
    }

    fn packages(&mut self) -> &Packages {
        let tree = self.tree;
        self.packages.get_or_insert_with(|| Packages::of(tree))
    }

    /// Files of a package's list, as far as they are there: dpkg can be told to leave some
    /// out. A list names the folders above a file, links of the merged /usr among them.
    fn listed<'a>(
        &mut self,
        files: impl Iterator<Item = &'a PathBuf>,
        of: &Path,
    ) -> Result<(), Error> {
        for file in files {
            let above = file.parent().and_then(|folder| self.tree.walk(folder).ok());
            if let (Some(above), Some(name)) = (above, file.file_name()) {
                self.part(&above.path.join(name), of)?;
            }
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
            self.note(format!("{}: no file or folder, left out", path.display()));
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
                self.note(error.to_string());
                Ok(())
            }
            other => other.map(drop),
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
