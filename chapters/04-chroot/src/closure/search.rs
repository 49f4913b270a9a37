//! Where the loader looks for a library: the order of ld.so(8).
//!
//! DT_RPATH of the object that asks and of those that loaded it, DT_RUNPATH of the one that
//! asks, the cache, the default folders. LD_LIBRARY_PATH is the caller's and not looked at.

use std::path::{Path, PathBuf};

use super::cache::{self, Entry};
use super::elf::{self, Elf, Machine};
use crate::tree::Tree;

/// The loader's view of a tree.
#[derive(Debug)]
pub struct Search<'tree> {
    tree: &'tree Tree,
    machine: Machine,
    cache: Vec<Entry>,
    defaults: Vec<PathBuf>,
}

/// An object that asks for libraries, with what the search needs of it.
#[derive(Debug, Clone)]
pub struct Asking<'object> {
    /// Where it is, for $ORIGIN.
    pub path: &'object Path,
    /// What it says.
    pub elf: &'object Elf,
    /// DT_RPATH folders of those that loaded it, already expanded: they are inherited.
    pub inherited: &'object [PathBuf],
}

impl<'tree> Search<'tree> {
    /// Reads the cache of a tree.
    pub fn new(tree: &'tree Tree, machine: Machine) -> Self {
        let file = tree.read(Path::new("/etc/ld.so.cache")).unwrap_or_default();
        Search {
            tree,
            machine,
            cache: cache::parse(&file),
            defaults: default_folders(machine),
        }
    }

    /// Whose programs it searches for.
    pub fn machine(&self) -> Machine {
        self.machine
    }

    /// The file that `name` means to `asking`; None if the loader would not find one.
    pub fn find(&self, name: &str, asking: &Asking<'_>) -> Option<PathBuf> {
        if name.contains('/') {
            let path = PathBuf::from(self.expand(name, asking.path));
            return self.fits(&path).then_some(path);
        }
        let inherited = asking
            .elf
            .runpath
            .is_empty()
            .then(|| self.inheritance(asking));
        self.in_folders(name, &inherited.unwrap_or_default())
            .or_else(|| self.in_folders(name, &self.folders(&asking.elf.runpath, asking.path)))
            .or_else(|| self.in_cache(name))
            .or_else(|| self.in_folders(name, &self.defaults))
    }

    /// The DT_RPATH folders that hold for what `asking` loads: its own first, then those of
    /// its ancestors. With a DT_RUNPATH its own DT_RPATH counts for nothing.
    pub fn inheritance(&self, asking: &Asking<'_>) -> Vec<PathBuf> {
        let own = if asking.elf.runpath.is_empty() {
            self.folders(&asking.elf.rpath, asking.path)
        } else {
            Vec::new()
        };
        [own, asking.inherited.to_vec()].concat()
    }

    /// A library that no part of the search finds, and that lies in a folder of
    /// /etc/ld.so.conf: ldconfig(8) was not run since.
    pub fn uncached(&self, name: &str) -> Option<PathBuf> {
        let folders = conf_folders(self.tree, Path::new("/etc/ld.so.conf"), 0);
        self.in_folders(name, &folders)
    }

    fn folders(&self, texts: &[String], object: &Path) -> Vec<PathBuf> {
        let expanded = texts
            .iter()
            .map(|text| PathBuf::from(self.expand(text, object)));
        expanded.collect()
    }

    /// $ORIGIN is the folder of the object, $LIB and $PLATFORM are fixed when the loader is
    /// built.
    fn expand(&self, text: &str, object: &Path) -> String {
        let origin = object.parent().unwrap_or(Path::new("/")).to_string_lossy();
        let library = match multiarch(self.machine) {
            Some(tuple) if self.tree.metadata(&Path::new("/lib").join(tuple)).is_some() => {
                format!("lib/{tuple}")
            }
            _ if self.machine.wide => "lib64".to_owned(),
            _ => "lib".to_owned(),
        };
        let values = [
            ("ORIGIN", origin.into_owned()),
            ("LIB", library),
            ("PLATFORM", self.machine.name()),
        ];
        values.iter().fold(text.to_owned(), |text, (name, value)| {
            text.replace(&format!("${{{name}}}"), value)
                .replace(&format!("${name}"), value)
        })
    }

    fn in_folders(&self, name: &str, folders: &[PathBuf]) -> Option<PathBuf> {
        let candidates = folders.iter().flat_map(|folder| {
            let best = levels(self.machine).into_iter();
            best.map(|level| folder.join("glibc-hwcaps").join(level).join(name))
                .chain([folder.join(name)])
        });
        candidates.into_iter().find(|path| self.fits(path))
    }

    /// Of several entries for a name, the one for the best CPU level that this CPU has.
    fn in_cache(&self, name: &str) -> Option<PathBuf> {
        let levels = levels(self.machine);
        let rank = |entry: &&Entry| match &entry.hwcaps {
            None => Some(levels.len()),
            Some(level) => levels.iter().position(|known| known == level),
        };
        let mut fitting: Vec<_> = self
            .cache
            .iter()
            .filter(|entry| entry.name == name)
            .filter_map(|entry| rank(&entry).map(|rank| (rank, PathBuf::from(&entry.path))))
            .filter(|(_, path)| self.fits(path))
            .collect();
        fitting.sort_by_key(|(rank, _)| *rank);
        fitting.into_iter().next().map(|(_, path)| path)
    }

    /// Whether there is a library for our machine: the loader passes over others.
    fn fits(&self, path: &Path) -> bool {
        let elf = self.tree.read(path).and_then(|file| elf::parse(&file).ok());
        elf.is_some_and(|elf| elf.machine == self.machine)
    }

    /// Whether only the cache leads to this folder: a jail then needs the cache, too.
    pub fn is_default(&self, path: &Path) -> bool {
        let real = |path: &Path| self.tree.walk(path).ok().map(|walked| walked.path);
        let folder = path.parent().and_then(real);
        self.defaults
            .iter()
            .any(|default| folder.is_some() && real(default) == folder)
    }
}

/// The folders that are built into the loader: Debian's multiarch ones, and those of others.
fn default_folders(machine: Machine) -> Vec<PathBuf> {
    let tuple = multiarch(machine);
    let of_debian = tuple
        .into_iter()
        .flat_map(|tuple| ["/lib", "/usr/lib"].map(|folder| Path::new(folder).join(tuple)));
    let wide = ["/lib64", "/usr/lib64"].iter().filter(|_| machine.wide);
    let plain = wide.chain(&["/lib", "/usr/lib"]).map(PathBuf::from);
    of_debian.chain(plain).collect()
}

fn multiarch(machine: Machine) -> Option<&'static str> {
    match (machine.number, machine.wide) {
        (object::elf::EM_X86_64, true) => Some("x86_64-linux-gnu"),
        (object::elf::EM_386, _) => Some("i386-linux-gnu"),
        (object::elf::EM_AARCH64, _) => Some("aarch64-linux-gnu"),
        _ => None,
    }
}

/// The glibc-hwcaps folders for this CPU, the best first.
#[cfg(target_arch = "x86_64")]
fn levels(machine: Machine) -> Vec<&'static str> {
    use std::arch::is_x86_feature_detected as has;
    if machine.number != object::elf::EM_X86_64 {
        return Vec::new();
    }
    // The psABI's levels, by the features that tell them apart.
    let two = has!("sse4.2") && has!("popcnt") && has!("ssse3");
    let three = two && has!("avx2") && has!("bmi2") && has!("fma") && has!("movbe");
    let four = three && has!("avx512f") && has!("avx512bw") && has!("avx512vl");
    let known = [
        (four, "x86-64-v4"),
        (three, "x86-64-v3"),
        (two, "x86-64-v2"),
    ];
    known
        .into_iter()
        .filter(|(has, _)| *has)
        .map(|(_, name)| name)
        .collect()
}

/// Other machines' levels are not told apart here.
#[cfg(not(target_arch = "x86_64"))]
fn levels(_machine: Machine) -> Vec<&'static str> {
    Vec::new()
}

/// The folders of an ld.so.conf, with what it includes: ldconfig(8).
fn conf_folders(tree: &Tree, file: &Path, depth: usize) -> Vec<PathBuf> {
    const DEEPEST: usize = 8;
    let text = tree.read(file).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let lines = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or("").trim());
    let mut folders = Vec::new();
    for line in lines.filter(|line| !line.is_empty()) {
        match line.strip_prefix("include") {
            Some(pattern) if depth < DEEPEST => {
                for file in glob(tree, &file.with_file_name("").join(pattern.trim())) {
                    folders.extend(conf_folders(tree, &file, depth + 1));
                }
            }
            Some(_) => {}
            None => folders.push(PathBuf::from(line)),
        }
    }
    folders
}

/// Files that a pattern with one `*` in its last name means, sorted: all that ld.so.conf
/// files use.
fn glob(tree: &Tree, pattern: &Path) -> Vec<PathBuf> {
    let (Some(folder), Some(name)) = (pattern.parent(), pattern.file_name()) else {
        return Vec::new();
    };
    let name = name.to_string_lossy();
    let Some((before, after)) = name.split_once('*') else {
        return vec![pattern.to_owned()];
    };
    let outside = tree.find(folder).unwrap_or_default();
    let entries = std::fs::read_dir(outside).into_iter().flatten().flatten();
    let mut found: Vec<_> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.starts_with(before) && name.ends_with(after))
        .map(|name| folder.join(name))
        .collect();
    found.sort();
    found
}
