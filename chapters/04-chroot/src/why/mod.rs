//! "No such file or directory", of a program that is there: which link of the chain is
//! missing?
//!
//! execve(2) says ENOENT for the program itself, for the interpreter of its `#!` line, and
//! for its ELF loader; the loader has words of its own for a library. Here the chain is
//! walked from outside, as a process inside would meet it, and the first gap is named.

use std::collections::HashSet;
use std::fs::Metadata;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::closure::data;
use crate::closure::elf::{self, Elf};
use crate::closure::needed;
use crate::closure::packages::Packages;
use crate::closure::script;
use crate::closure::search::Search;
use crate::tree::{Link, Tree, Trouble};

mod gap;
pub use gap::{Gap, new_with};

/// A link of the chain that holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Holds {
    /// What it is: program, interpreter, loader, library.
    pub part: &'static str,
    /// Where it is inside.
    pub path: PathBuf,
}

/// What the walk found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The parts that hold, in the order in which they are needed.
    pub holds: Vec<Holds>,
    /// The first gaps: one, or several libraries. None: it starts.
    pub gaps: Vec<Gap>,
    /// Folders that it will look for when it runs, and that are not inside.
    pub later: Vec<Later>,
}

/// Asks why `command` does not start in `tree`. A name is looked for in the folders of
/// `path`; `host` is this machine, whose packages know what programs read later.
pub fn why(tree: &Tree, host: &Tree, command: &Path, path: &str) -> Answer {
    let mut walk = Walk {
        tree,
        scripts: 0,
        answer: Answer::default(),
    };
    if command.as_os_str().is_empty() {
        walk.answer.gaps.push(Gap::NoName);
        return walk.answer;
    }
    let program = if command.components().count() > 1 || command.is_absolute() {
        Some(Path::new("/").join(command))
    } else {
        walk.look_up(command, path)
    };
    if let Some(program) = program {
        let started = walk.program("program", &program);
        if started.is_ok() {
            walk.later(host);
        }
    }
    walk.answer
}

/// A folder that a program reads when it runs, and of which files are missing inside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Later {
    /// The folder.
    pub folder: PathBuf,
    /// The program.
    pub of: PathBuf,
    /// The packages that fill it on this machine.
    pub packages: Vec<String>,
    /// How many of their files are not inside.
    pub missing: usize,
}

struct Walk<'tree> {
    tree: &'tree Tree,
    /// How many scripts stand above: an interpreter may be one, too.
    scripts: usize,
    answer: Answer,
}

/// A script that is run by a script, and so on: execve(2) gives up with ELOOP.
const MOST_SCRIPTS: usize = 5;

/// The gap has been written down; nothing further can be said.
struct Stopped;

impl Walk<'_> {
    fn stop<T>(&mut self, gap: Gap) -> Result<T, Stopped> {
        self.answer.gaps.push(gap);
        Err(Stopped)
    }

    /// What is missing of the folders that the programs of the chain will read.
    fn later(&mut self, host: &Tree) {
        let packages = Packages::of(host);
        let paths = |wanted: &[&str]| -> Vec<PathBuf> {
            let parts = self.answer.holds.iter();
            let parts = parts.filter(|holds| wanted.contains(&holds.part));
            parts.map(|holds| holds.path.clone()).collect()
        };
        let libraries = paths(&["library"]);
        let mut later = Vec::new();
        for program in paths(&["program", "interpreter"]) {
            for data in data::of_program(host, &packages, &program, &libraries) {
                let missing = |file: &&PathBuf| host.has_file(file) && !self.tree.has_file(file);
                let missing = data.files.iter().filter(missing).count();
                later.push(Later {
                    folder: data.folder,
                    of: program.clone(),
                    packages: data.packages,
                    missing,
                });
            }
        }
        later.retain(|later| later.missing > 0);
        self.answer.later = later;
    }

    fn look_up(&mut self, name: &Path, path: &str) -> Option<PathBuf> {
        let folders = path
            .split(':')
            .map(|folder| Path::new("/").join(folder).join(name));
        let files: Vec<_> = folders.filter(|file| self.tree.has_file(file)).collect();
        let runs = |file: &&PathBuf| {
            let found = self.tree.metadata(file);
            found.is_some_and(|found| found.permissions().mode() & 0o111 != 0)
        };
        let found = files.iter().find(runs).or(files.first()).cloned();
        if found.is_none() {
            // As execvp(3): a folder that may not be searched counts if nothing else is found.
            let mut folders = path.split(':').map(|folder| Path::new("/").join(folder));
            let closed = folders.find_map(|folder| self.closed("program", &folder.join(name)));
            self.answer
                .gaps
                .push(closed.unwrap_or_else(|| Gap::NotInPath {
                    name: name.display().to_string(),
                    path: path.to_owned(),
                }));
        }
        found
    }

    /// The folder on the way that this user may not go through, if there is one.
    fn closed(&self, part: &'static str, path: &Path) -> Option<Gap> {
        let Err(Trouble::Denied(folder)) = self.tree.walk(path) else {
            return None;
        };
        let found = std::fs::symlink_metadata(self.tree.outside(&folder)).ok()?;
        Some(Gap::Closed {
            part,
            path: path.to_owned(),
            folder,
            mode: found.permissions().mode() & 0o7777,
        })
    }

    /// What the kernel does with a file that it is asked to run.
    fn program(&mut self, part: &'static str, path: &Path) -> Result<(), Stopped> {
        let (real, found) = self.reach(part, path)?;
        self.may_be_run(&real, &found)?;
        self.answer.holds.push(Holds {
            part,
            path: real.clone(),
        });
        let Some(file) = self.tree.program(&real) else {
            // It may be run and not be read: nothing more can be found out.
            return Ok(());
        };
        if elf::is_elf(&file) {
            return self.elf(&real, &file);
        }
        match script::parse(&file) {
            Some(line) => self.script(&real, &line),
            None => self.plain(&real, &file),
        }
    }

    fn reach(&mut self, part: &'static str, path: &Path) -> Result<(PathBuf, Metadata), Stopped> {
        let pair = |link: Link| (link.path, link.target);
        let walked = match self.tree.walk(path) {
            Ok(walked) => walked,
            Err(Trouble::Missing { by, .. }) => {
                let of = self.answer.holds.last().map_or(path, |holds| &holds.path);
                return self.stop(Gap::Missing {
                    part,
                    path: path.to_owned(),
                    of: of.to_owned(),
                    by: by.map(pair),
                });
            }
            Err(other) => {
                let gap = self.closed(part, path).unwrap_or_else(|| Gap::Unreachable {
                    part,
                    path: path.to_owned(),
                    why: other.to_string(),
                });
                return self.stop(gap);
            }
        };
        match std::fs::symlink_metadata(self.tree.outside(&walked.path)) {
            Ok(found) => Ok((walked.path, found)),
            Err(error) => self.stop(Gap::Unreachable {
                part,
                path: walked.path,
                why: error.to_string(),
            }),
        }
    }

    fn may_be_run(&mut self, real: &Path, found: &Metadata) -> Result<(), Stopped> {
        use nix::sys::statvfs::{FsFlags, statvfs};
        use nix::unistd::{AccessFlags, access};
        let path = real.to_owned();
        if !found.is_file() {
            let is = if found.is_dir() {
                "a folder"
            } else {
                "a device, pipe or socket"
            };
            return self.stop(Gap::NoFile { path, is });
        }
        let outside = self.tree.outside(real);
        let flags = statvfs(&outside).map(|system| system.flags());
        if flags.is_ok_and(|flags| flags.contains(FsFlags::ST_NOEXEC)) {
            return self.stop(Gap::Noexec { path });
        }
        let mode = found.permissions().mode() & 0o7777;
        if mode & 0o111 == 0 || access(&outside, AccessFlags::X_OK).is_err() {
            return self.stop(Gap::NotExecutable { path, mode });
        }
        Ok(())
    }

    fn script(&mut self, script: &Path, line: &script::Line) -> Result<(), Stopped> {
        self.scripts += 1;
        if self.scripts > MOST_SCRIPTS {
            let script = script.to_owned();
            return self.stop(Gap::Circle { script });
        }
        let carriage_return = line.interpreter.to_string_lossy().ends_with('\r');
        if carriage_return && !self.tree.has_file(&line.interpreter) {
            return self.stop(Gap::CarriageReturn {
                script: script.to_owned(),
                interpreter: line.interpreter.clone(),
            });
        }
        self.program("interpreter", &Path::new("/").join(&line.interpreter))?;
        match line.by_env() {
            Some(name) => match self.look_up(Path::new(name), DEFAULT_PATH) {
                Some(program) => self.program("interpreter", &program),
                None => Err(Stopped),
            },
            None => Ok(()),
        }
    }

    /// Neither ELF nor `#!`: the kernel says ENOEXEC, and a shell then reads it itself.
    fn plain(&mut self, real: &Path, file: &[u8]) -> Result<(), Stopped> {
        let path = real.to_owned();
        if file.is_empty() {
            return self.stop(Gap::NoProgram {
                path,
                what: "it is empty".to_owned(),
            });
        }
        if file.iter().take(256).any(|byte| *byte == 0) {
            let what = "it is neither ELF nor text".to_owned();
            return self.stop(Gap::NoProgram { path, what });
        }
        self.program("shell for a text without #!", Path::new("/bin/sh"))
    }

    fn elf(&mut self, path: &Path, file: &[u8]) -> Result<(), Stopped> {
        let elf = match elf::parse(file) {
            Ok(elf) => elf,
            Err(broken) => {
                let path = path.to_owned();
                return self.stop(Gap::NoProgram {
                    path,
                    what: broken.to_string(),
                });
            }
        };
        if !elf.machine.is_native() {
            return self.stop(Gap::Foreign {
                path: path.to_owned(),
                machine: elf.machine.name(),
            });
        }
        // A loader is an ELF file without a loader: there the chain ends.
        let mut loaded = HashSet::new();
        if let Some(loader) = &elf.interpreter {
            let loader = Path::new("/").join(loader);
            let (real, found) = self.reach("loader", &loader)?;
            self.may_be_run(&real, &found)?;
            let names = [&loader, &real];
            loaded.extend(names.iter().filter_map(|path| {
                path.file_name()
                    .map(|name| name.to_string_lossy().into_owned())
            }));
            self.answer.holds.push(Holds {
                part: "loader",
                path: real,
            });
        }
        self.libraries(path, elf, loaded)
    }

    /// Every library that is missing, not only the first: the loader names one at a time.
    fn libraries(&mut self, path: &Path, elf: Elf, loaded: HashSet<String>) -> Result<(), Stopped> {
        let loader = elf.interpreter.as_deref().map(PathBuf::from);
        let search = || Search::new(self.tree, elf.machine, loader.as_deref());
        // The loader finds out by /proc/self/exe where the program lies.
        let has_proc = self.tree.walk(Path::new("/proc/self")).is_ok();
        let (search, with_proc) = match has_proc {
            true => (search(), None),
            false => (search().without_proc(), Some(search())),
        };
        let (mut holds, mut gaps) = (Vec::new(), Vec::new());
        let told = needed::follow(self.tree, &search, (path, elf), loaded, |one| {
            let (name, of) = (one.name.to_owned(), one.asking.path.to_owned());
            let by_proc = || with_proc.as_ref()?.find(one.name, one.asking);
            match (&one.library, by_proc()) {
                (Some(library), _) => holds.push(Holds {
                    part: "library",
                    path: library.real.clone(),
                }),
                (None, Some(path)) => gaps.push(Gap::NoProc { name, of, path }),
                (None, None) => gaps.push(Gap::Library { name, of }),
            }
            Ok::<(), std::convert::Infallible>(())
        });
        let Ok(()) = told;
        self.answer.holds.extend(holds);
        let complete = gaps.is_empty();
        self.answer.gaps.extend(gaps);
        if complete { Ok(()) } else { Err(Stopped) }
    }
}

/// What execvp(3) and env(1) fall back to, and what a root without settings has.
pub const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
