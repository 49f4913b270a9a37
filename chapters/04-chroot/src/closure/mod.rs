//! What a program needs in order to start: the closure of its files.
//!
//! # Layout
//!
//! - [`elf`]: what an ELF file says of itself.
//! - [`search`]: where the loader looks for a library; [`cache`]: its index;
//!   [`defaults`]: folders that nobody has to name.
//! - [`needed`]: from a program to everything that it loads.
//! - [`script`]: the `#!` line.
//! - [`names`]: what looking up a user's name needs.
//! - [`data`]: folders that no ELF file names; [`packages`]: who brought them.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, Metadata};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

pub mod cache;
pub mod data;
pub mod defaults;
pub mod elf;
pub mod names;
pub mod needed;
pub mod packages;
pub mod script;
pub mod search;

use crate::error::Error;
use crate::files;
use crate::tree::{self, Tree};
use elf::{Elf, Machine};
use packages::Packages;
use search::Search;

/// Why something is in the closure.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// It was asked for by name.
    Program,
    /// PT_INTERP of the program above.
    Loader,
    /// DT_NEEDED of the object above.
    Library,
    /// `#!` of the script above.
    Interpreter,
    /// A link on the way to what is above.
    Link,
    /// Looking up names of users, groups and hosts.
    Names,
    /// The loader's index, for libraries that only it leads to.
    Cache,
    /// Part of a folder or package that was asked for.
    Tree,
}

/// What kind of file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A folder that must be there.
    Folder,
    /// A file with these permission bits and this many bytes.
    File {
        /// Bytes.
        size: u64,
    },
    /// A symbolic link.
    Link(PathBuf),
}

/// A file of the closure.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Item {
    /// What it is.
    pub kind: Kind,
    /// Permission bits, without set-user-id and its like: a jail with them would be a way
    /// to become root.
    pub mode: u32,
    /// Why it is here: the first reason there was.
    pub reason: Reason,
    /// Which other file asked for it.
    pub asked_by: Option<PathBuf>,
}

/// Everything to copy, by the path that it has on both sides. No name in a path is a link.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Closure {
    /// The files, folders before what is in them.
    pub items: BTreeMap<PathBuf, Item>,
    /// What was found odd and left alone.
    pub notes: Vec<String>,
}

/// What to collect.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Names, looked up in `path`, or paths.
    pub programs: Vec<PathBuf>,
    /// Whole folders.
    pub trees: Vec<PathBuf>,
    /// Debian packages, by name.
    pub packages: Vec<String>,
    /// Folders to look for programs in: the caller's PATH.
    pub path: Vec<PathBuf>,
    /// Without the folders that programs read when they run.
    pub bare: bool,
}

/// Collects what `wanted` needs, from this machine's files. Nothing is executed.
pub fn collect<'tree>(tree: &'tree Tree, wanted: &'tree Wanted) -> Result<Closure, Error> {
    let mut collector = Collector {
        tree,
        search: Search::new(tree, Machine::NATIVE, None),
        wanted,
        packages: None,
        closure: Closure::default(),
    };
    for program in &wanted.programs {
        let file = collector.look_up(program)?;
        collector.program(&file, Reason::Program, None)?;
    }
    collector.names()?;
    for folder in &wanted.trees {
        collector.folder(folder)?;
    }
    for package in &wanted.packages {
        collector.package(package)?;
    }
    collector.cache()?;
    collector.merged_folders()?;
    Ok(collector.closure)
}

struct Collector<'tree> {
    tree: &'tree Tree,
    search: Search<'tree>,
    wanted: &'tree Wanted,
    /// Read when they are asked for first: it takes a moment.
    packages: Option<Packages>,
    closure: Closure,
}

impl Collector<'_> {
    /// A program by its name, as a shell would find it.
    fn look_up(&self, name: &Path) -> Result<PathBuf, Error> {
        if name.components().count() > 1 {
            return std::path::absolute(name).map_err(|error| Error::read(name, &error));
        }
        let mut candidates = self.wanted.path.iter().map(|folder| folder.join(name));
        candidates
            .find(|file| self.tree.has_file(file))
            .ok_or_else(|| Error::NoProgram {
                name: name.to_owned(),
            })
    }

    // ANCHOR: program
    /// A program with all that must be there before its first instruction.
    fn program(
        &mut self,
        path: &Path,
        reason: Reason,
        by: Option<&Path>,
    ) -> Result<PathBuf, Error> {
        let (real, new) = self.file(path, reason.clone(), by)?;
        if !new {
            return Ok(real);
        }
        let file = self.contents(&real)?;
        if elf::is_elf(&file) {
            let is_loader = reason == Reason::Loader;
            let libraries = self.elf(&real, &file)?;
            if !self.wanted.bare && !is_loader {
                self.data(&real, &libraries)?;
            }
        } else if let Some(line) = script::parse(&file) {
            self.script(&real, &line)?;
        }
        Ok(real)
    }

    /// What is in a program. What is none is not even opened: a pipe has no end to wait for.
    fn contents(&self, real: &Path) -> Result<Vec<u8>, Error> {
        let is = match self.metadata(real)?.file_type() {
            kind if kind.is_file() => {
                let file = self.tree.outside(real);
                return tree::program(&file).map_err(|error| Error::read(real, &error));
            }
            kind if kind.is_dir() => "a folder",
            kind => files::special(kind),
        };
        let path = real.to_owned();
        Err(Error::NoFile { path, is })
    }

    /// What runs a script: the interpreter of its first line, and whom env(1) looks for.
    fn script(&mut self, script: &Path, line: &script::Line) -> Result<(), Error> {
        let missing = |interpreter: &Path| Error::NoInterpreter {
            script: script.to_owned(),
            interpreter: interpreter.to_owned(),
        };
        if !self.tree.has_file(&line.interpreter) {
            return Err(missing(&line.interpreter));
        }
        self.program(&line.interpreter, Reason::Interpreter, Some(script))?;
        if let Some(name) = line.by_env().map(Path::new) {
            let interpreter = self.look_up(name).map_err(|_| missing(name))?;
            self.program(&interpreter, Reason::Interpreter, Some(script))?;
        }
        Ok(())
    }

    /// Gives the libraries that it loads.
    fn elf(&mut self, path: &Path, file: &[u8]) -> Result<Vec<PathBuf>, Error> {
        let elf = elf::parse(file).map_err(|broken| Error::Broken {
            path: path.to_owned(),
            broken,
        })?;
        if !elf.machine.is_native() {
            return Err(Error::Foreign {
                path: path.to_owned(),
                machine: elf.machine.name(),
            });
        }
        let loader = elf.interpreter.as_deref().map(Path::new);
        if loader.is_some() && !self.search.is_of(elf.machine, loader) {
            self.search = Search::new(self.tree, elf.machine, loader);
        }
        let mut loaded = HashSet::new();
        if let Some(loader) = &elf.interpreter {
            let real = self.program(Path::new(loader), Reason::Loader, Some(path))?;
            let known = [Path::new(loader), &real];
            loaded.extend(known.iter().filter_map(|path| file_name(path)));
        }
        self.libraries(path, elf, loaded)
    }
    // ANCHOR_END: program

    /// The libraries of an object, put in; says which they are.
    fn libraries(
        &mut self,
        path: &Path,
        elf: Elf,
        loaded: HashSet<String>,
    ) -> Result<Vec<PathBuf>, Error> {
        let mut needed = Vec::new();
        needed::follow(self.tree, &self.search, (path, elf), loaded, |one| {
            let Some(library) = &one.library else {
                return Err(self.no_library(one.name, one.by));
            };
            needed.push((library.clone(), one.by.to_owned()));
            Ok(())
        })?;
        for (library, by) in &needed {
            self.file(&library.opened, Reason::Library, Some(by))?;
        }
        Ok(needed
            .into_iter()
            .map(|(library, _)| library.real)
            .collect())
    }

    fn no_library(&self, name: &str, of: &Path) -> Error {
        Error::NoLibrary {
            name: name.to_owned(),
            of: of.to_owned(),
            uncached: self.search.uncached(name),
        }
    }

    /// One file: the links that lead to it, the folders above it, and itself. Says whether
    /// it is new here.
    fn file(
        &mut self,
        path: &Path,
        reason: Reason,
        by: Option<&Path>,
    ) -> Result<(PathBuf, bool), Error> {
        let walked = self.tree.walk(path).map_err(|trouble| Error::Lost {
            path: path.to_owned(),
            trouble,
        })?;
        for link in &walked.links {
            self.put(
                &link.path,
                Kind::Link(link.target.clone()),
                0o777,
                Reason::Link,
                Some(&walked.path),
            )?;
        }
        let found = self.metadata(&walked.path)?;
        let new = !self.closure.items.contains_key(&walked.path);
        let kind = if found.is_dir() {
            Kind::Folder
        } else {
            Kind::File { size: found.len() }
        };
        self.put(&walked.path, kind, bits(&found), reason, by)?;
        Ok((walked.path, new))
    }

    /// Puts one item in, and the folders above it. The first reason stays.
    fn put(
        &mut self,
        path: &Path,
        kind: Kind,
        mode: u32,
        reason: Reason,
        by: Option<&Path>,
    ) -> Result<(), Error> {
        for folder in path
            .ancestors()
            .skip(1)
            .filter(|folder| *folder != Path::new("/"))
        {
            if !self.closure.items.contains_key(folder) {
                let item = Item {
                    kind: Kind::Folder,
                    mode: bits(&self.metadata(folder)?),
                    reason: reason.clone(),
                    asked_by: by.map(Path::to_owned),
                };
                self.closure.items.insert(folder.to_owned(), item);
            }
        }
        self.closure.items.entry(path.to_owned()).or_insert(Item {
            kind,
            mode,
            reason,
            asked_by: by.map(Path::to_owned),
        });
        Ok(())
    }

    fn metadata(&self, path: &Path) -> Result<Metadata, Error> {
        fs::symlink_metadata(self.tree.outside(path)).map_err(|error| Error::read(path, &error))
    }
}

/// Permission bits without set-user-id, set-group-id; the sticky bit of /tmp stays.
fn bits(found: &Metadata) -> u32 {
    found.permissions().mode() & 0o1777
}

fn file_name(path: &Path) -> Option<String> {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
}

mod whole;
