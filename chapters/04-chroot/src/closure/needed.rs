//! Following DT_NEEDED from a program to everything that it loads.

use std::collections::{HashSet, VecDeque};
use std::path::{Path, PathBuf};

use super::elf::{self, Elf};
use super::search::{Asking, Search};
use crate::tree::Tree;

/// One entry of DT_NEEDED, looked for.
#[derive(Debug)]
pub struct Needed<'walk> {
    /// What it says: `libc.so.6`.
    pub name: &'walk str,
    /// The file that says it, free of links.
    pub by: &'walk Path,
    /// How it asks.
    pub asking: &'walk Asking<'walk>,
    /// What the loader would find; None if nothing.
    pub library: Option<Library>,
}

/// A library that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Library {
    /// The path that the loader opens.
    pub opened: PathBuf,
    /// Where that leads: no name in it is a link.
    pub real: PathBuf,
}

/// An object whose libraries are still to be found.
struct Waiting {
    library: Library,
    elf: Elf,
    inherited: Vec<PathBuf>,
}

/// Looks for every library that `program` needs, directly or through others, breadth first
/// as the loader does it, so that of two files with one name the same one is found.
///
/// `loaded` are the names that are there already: those of the loader. `each` is told of
/// every entry once, and may end the walk.
pub fn follow<E>(
    tree: &Tree,
    search: &Search<'_>,
    program: (&Path, Elf),
    mut loaded: HashSet<String>,
    mut each: impl FnMut(&Needed<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let (path, elf) = (program.0.to_owned(), program.1);
    let library = Library {
        opened: path.clone(),
        real: path,
    };
    let mut waiting = VecDeque::from([Waiting {
        library,
        elf,
        inherited: Vec::new(),
    }]);
    let mut is_program = true;
    while let Some(object) = waiting.pop_front() {
        let asking = Asking {
            path: &object.library.opened,
            is_program,
            elf: &object.elf,
            inherited: &object.inherited,
        };
        is_program = false;
        for name in &object.elf.needed {
            if !loaded.insert(name.clone()) || search.is_in_loader(name) {
                continue;
            }
            let library = find(tree, search, name, &asking);
            if let Some((library, Some(elf))) = &library {
                loaded.extend(elf.soname.clone());
                waiting.push_back(Waiting {
                    library: library.clone(),
                    elf: elf.clone(),
                    inherited: search.inheritance(&asking),
                });
            }
            each(&Needed {
                name,
                by: &object.library.real,
                asking: &asking,
                library: library.map(|(library, _)| library),
            })?;
        }
    }
    Ok(())
}

fn find(
    tree: &Tree,
    search: &Search<'_>,
    name: &str,
    asking: &Asking<'_>,
) -> Option<(Library, Option<Elf>)> {
    let opened = search.find(name, asking)?;
    let real = tree.walk(&opened).ok()?.path;
    let elf = tree.read(&real).and_then(|file| elf::parse(&file).ok());
    Some((Library { opened, real }, elf))
}
