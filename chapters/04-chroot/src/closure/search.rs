//! Where the loader looks for a library: the order of ld.so(8).
//!
//! DT_RPATH of the object that asks and of those that loaded it, DT_RUNPATH of the one that
//! asks, the cache, the default folders. LD_LIBRARY_PATH is the caller's and not looked at.
//! musl's loader has simpler rules, see [`Rules`].

use std::path::{Path, PathBuf};

use super::cache::{self, Entry};
use super::defaults;
use super::elf::{self, Elf, Machine};
use crate::tree::Tree;

/// Which loader searches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rules {
    /// ld.so of the GNU C library.
    Glibc,
    /// ld-musl of Alpine and others: no cache; DT_RUNPATH is inherited as DT_RPATH is.
    Musl,
}

impl Rules {
    /// By the name of the loader that a program asks for.
    fn of(loader: &Path) -> Self {
        let name = loader.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("ld-musl-") {
            Rules::Musl
        } else {
            Rules::Glibc
        }
    }
}

/// The loader's view of a tree.
#[derive(Debug)]
pub struct Search<'tree> {
    tree: &'tree Tree,
    machine: Machine,
    loader: Option<PathBuf>,
    rules: Rules,
    cache: Vec<Entry>,
    defaults: Vec<PathBuf>,
    knows_origin: bool,
}

/// An object that asks for libraries, with what the search needs of it.
#[derive(Debug, Clone)]
pub struct Asking<'object> {
    /// Where it is, for $ORIGIN: the program without links, a library as it was opened.
    pub path: &'object Path,
    /// Whether it is the program itself.
    pub is_program: bool,
    /// What it says.
    pub elf: &'object Elf,
    /// DT_RPATH folders of those that loaded it, already expanded: they are inherited.
    pub inherited: &'object [PathBuf],
}

impl<'tree> Search<'tree> {
    /// What `loader` knows of a tree; without one, what glibc's usual one knows.
    pub fn new(tree: &'tree Tree, machine: Machine, loader: Option<&Path>) -> Self {
        let rules = loader.map_or(Rules::Glibc, Rules::of);
        let file = tree.read(Path::new("/etc/ld.so.cache")).unwrap_or_default();
        Search {
            tree,
            machine,
            loader: loader.map(Path::to_owned),
            rules,
            cache: match rules {
                Rules::Glibc => cache::parse(&file),
                Rules::Musl => Vec::new(),
            },
            defaults: match (rules, loader) {
                (Rules::Musl, Some(loader)) => defaults::of_musl(tree, loader),
                _ => defaults::of_glibc(tree, machine, loader),
            },
            knows_origin: true,
        }
    }

    /// The loader learns from /proc/self/exe where the program lies. Without /proc it does
    /// not know, and leaves folders with $ORIGIN out that the program itself names.
    pub fn without_proc(mut self) -> Self {
        self.knows_origin = false;
        self
    }

    /// Whether it is the view of this loader, for programs of this machine.
    pub fn is_of(&self, machine: Machine, loader: Option<&Path>) -> bool {
        self.machine == machine && self.loader.as_deref() == loader
    }

    /// Whose programs it searches for.
    pub fn machine(&self) -> Machine {
        self.machine
    }

    /// Whose rules it follows.
    pub fn rules(&self) -> Rules {
        self.rules
    }

    /// Whether the loader brings this library itself: musl's is its C library, too, under
    /// each name that others split theirs into.
    pub fn is_in_loader(&self, name: &str) -> bool {
        const PARTS: [&str; 7] = ["c", "pthread", "rt", "m", "dl", "util", "xnet"];
        let library = name
            .strip_prefix("lib")
            .and_then(|rest| rest.split_once(".so"));
        let stem = library.map_or("", |(stem, _)| stem);
        self.rules == Rules::Musl
            && (name.starts_with("ld-musl-")
                || stem.starts_with("c.musl-")
                || PARTS.contains(&stem))
    }

    /// The file that `name` means to `asking`; None if the loader would not find one.
    pub fn find(&self, name: &str, asking: &Asking<'_>) -> Option<PathBuf> {
        if name.contains('/') {
            let path = PathBuf::from(self.expand(name, asking)?);
            return self.fits(&path).then_some(path);
        }
        if self.rules == Rules::Musl {
            return self
                .in_folders(name, &self.inheritance(asking))
                .or_else(|| self.in_folders(name, &self.defaults));
        }
        let by_rpath = asking.elf.runpath.is_empty();
        let by_default = !asking.elf.no_default;
        by_rpath
            .then(|| self.in_folders(name, &self.inheritance(asking)))
            .flatten()
            .or_else(|| self.in_folders(name, &self.folders(&asking.elf.runpath, asking)))
            .or_else(|| self.in_cache(name, by_default))
            .or_else(|| by_default.then(|| self.in_folders(name, &self.defaults))?)
    }

    /// The DT_RPATH folders that hold for what `asking` loads: its own first, then those of
    /// its ancestors. With a DT_RUNPATH its own DT_RPATH counts for nothing.
    pub fn inheritance(&self, asking: &Asking<'_>) -> Vec<PathBuf> {
        let own = match (self.rules, asking.elf.runpath.is_empty()) {
            (_, true) => &asking.elf.rpath[..],
            (Rules::Glibc, false) => &[],
            (Rules::Musl, false) => &asking.elf.runpath[..],
        };
        [self.folders(own, asking), asking.inherited.to_vec()].concat()
    }

    /// A library that no part of the search finds, and that lies in a folder of
    /// /etc/ld.so.conf: ldconfig(8) was not run since.
    pub fn uncached(&self, name: &str) -> Option<PathBuf> {
        let folders = defaults::of_administrator(self.tree);
        self.in_folders(name, &folders)
    }

    /// Empty folders mean the current one, which is nobody's promise inside a jail.
    fn folders(&self, texts: &[String], asking: &Asking<'_>) -> Vec<PathBuf> {
        let expanded = texts.iter().filter_map(|text| self.expand(text, asking));
        expanded
            .map(PathBuf::from)
            .filter(|folder| folder.is_absolute())
            .collect()
    }

    /// $ORIGIN is the folder of the object, $LIB and $PLATFORM are fixed when the loader is
    /// built. None if the loader cannot know.
    fn expand(&self, text: &str, asking: &Asking<'_>) -> Option<String> {
        let named = |name: &str| {
            text.contains(&format!("${name}")) || text.contains(&format!("${{{name}}}"))
        };
        if named("ORIGIN") && asking.is_program && !self.knows_origin {
            return None;
        }
        let origin = asking.path.parent().unwrap_or(Path::new("/"));
        // The C library was built for one folder below /, the first that it looks into.
        let library = self.defaults.first().map(|first| first.to_string_lossy());
        let library = library.unwrap_or_default().trim_matches('/').to_owned();
        let values = [
            ("ORIGIN", origin.to_string_lossy().into_owned()),
            ("LIB", library),
            ("PLATFORM", self.machine.name()),
        ];
        Some(values.iter().fold(text.to_owned(), |text, (name, value)| {
            text.replace(&format!("${{{name}}}"), value)
                .replace(&format!("${name}"), value)
        }))
    }

    fn in_folders(&self, name: &str, folders: &[PathBuf]) -> Option<PathBuf> {
        let candidates = folders.iter().flat_map(|folder| {
            let best = match self.rules {
                Rules::Glibc => levels(self.machine).into_iter(),
                Rules::Musl => Vec::new().into_iter(),
            };
            best.map(|level| folder.join("glibc-hwcaps").join(level).join(name))
                .chain([folder.join(name)])
        });
        candidates.into_iter().find(|path| self.fits(path))
    }

    /// Of several entries for a name, the one for the best CPU level that this CPU has.
    /// Without `by_default` nothing from the built-in folders counts.
    fn in_cache(&self, name: &str, by_default: bool) -> Option<PathBuf> {
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
            .filter(|(_, path)| by_default || !self.is_default(path))
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

/// The glibc-hwcaps folders for this CPU, the best first.
#[cfg(target_arch = "x86_64")]
fn levels(machine: Machine) -> Vec<&'static str> {
    use std::arch::is_x86_feature_detected as has;
    if machine.number != object::elf::EM_X86_64 {
        return Vec::new();
    }
    // The psABI's levels, by the features that tell them apart.
    macro_rules! all {
        ($($feature:tt),*) => { $(has!($feature))&&* };
    }
    let two = all!("cmpxchg16b", "popcnt", "sse3", "ssse3", "sse4.1", "sse4.2");
    let three = two
        && all!(
            "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "lzcnt", "movbe"
        );
    let four = three && all!("avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl");
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
