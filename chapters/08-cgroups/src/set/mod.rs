//! Limits, written into the files of v2 or v1.
//!
//! Everything is looked at before anything is written, and what a refused write comes after is
//! taken back: a group has all of the limits that were asked for, or those that it had.

use std::fmt;
use std::path::{Path, PathBuf};

use groundwork::host::Version;
use serde::Serialize;

use crate::error::{Error, Result};
use crate::files;
use crate::group::Group;
use crate::home::Home;
use crate::limits::{CpuSet, Limit, Limits};
use crate::name::Name;

mod v1;
mod v2;

/// Something that whoever sets a limit has to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Note {
    /// Memory is limited, and what goes to swap is not.
    SwapIsNotCounted,
    /// v1 sees only who goes past the page cache.
    OnlyDirectIo,
}

impl fmt::Display for Note {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Note::SwapIsNotCounted => {
                "this kernel does not count swap: what a group has there is not limited"
            }
            Note::OnlyDirectIo => {
                "v1 limits O_DIRECT and reading only: what is written through the cache, by \
                 others and later, is not the group's"
            }
        })
    }
}

impl Group {
    /// Makes a group with these limits.
    ///
    /// # Errors
    /// As [`Group::create`] and [`Group::set`]; then there is no such group.
    pub fn with_limits(home: &Home, name: &Name, limits: &Limits) -> Result<(Group, Vec<Note>)> {
        check(home, limits)?;
        let mut group = Group::create(home, name, &limits.controllers())?;
        match group.set(home, limits) {
            Ok(notes) => Ok((group, notes)),
            Err(error) => {
                let _ = group.remove(home, false);
                Err(error)
            }
        }
    }

    /// Limits the group.
    ///
    /// # Errors
    /// A limit that this machine cannot keep, or that the kernel refuses. Then nothing is
    /// changed.
    pub fn set(&mut self, home: &Home, limits: &Limits) -> Result<Vec<Note>> {
        check(home, limits)?;
        self.extend(home, &limits.controllers())?;
        self.check_above(limits)?;
        let mut files = Written::default();
        let written = self.write(limits, &mut files);
        if written.is_err() {
            files.take_back();
        }
        written.map(|()| self.notes(home, limits))
    }

    fn write(&self, limits: &Limits, files: &mut Written) -> Result<()> {
        let place = |controller: &str| {
            self.place(controller).ok_or_else(|| Error::Unsupported {
                what: controller.to_owned(),
                why: format!("{} has no folder in its tree", self.name),
            })
        };
        for controller in limits.controllers() {
            let place = place(controller)?;
            match place.version {
                Version::V2 => v2::write(&place.folder, controller, limits, files)?,
                Version::V1 => v1::write(&place.folder, controller, limits, files)?,
            }
        }
        Ok(())
    }

    /// A group cannot have a CPU that the one above does not have. v2 would take the list, and
    /// use none of it.
    fn check_above(&self, limits: &Limits) -> Result<()> {
        let (Some(wanted), Some(place)) = (&limits.cpuset, self.place("cpuset")) else {
            return Ok(());
        };
        let file = match place.version {
            Version::V2 => "cpuset.cpus.effective",
            Version::V1 => "cpuset.effective_cpus",
        };
        let above = place.folder.parent().unwrap_or(Path::new("/"));
        let has = files::read(above, file).and_then(|list| list.parse::<CpuSet>().ok());
        match has {
            Some(has) if wanted.0.iter().any(|cpu| !has.0.contains(cpu)) => {
                Err(Error::Unsupported {
                    what: format!("the CPUs to {wanted}"),
                    why: format!("the group above has {has}"),
                })
            }
            _ => Ok(()),
        }
    }

    fn notes(&self, home: &Home, limits: &Limits) -> Vec<Note> {
        let mut notes = Vec::new();
        let swap = home.machine.swap > 0 && self.memory().swap_limit.is_none();
        if limits.memory.is_some() && swap {
            notes.push(Note::SwapIsNotCounted);
        }
        let io = self.place("io").map(|place| place.version);
        if !limits.io.is_empty() && io == Some(Version::V1) {
            notes.push(Note::OnlyDirectIo);
        }
        notes
    }
}

/// Whether this machine can keep these limits, as far as can be told beforehand.
pub(crate) fn check(home: &Home, limits: &Limits) -> Result<()> {
    home.machine.check(limits)?;
    for controller in limits.controllers() {
        home.of(controller)?;
    }
    let Some(swap) = limits.swap else {
        return Ok(());
    };
    let place = home.of("memory")?;
    let unsupported = |why: &str| {
        Err(Error::Unsupported {
            what: format!("swap to {swap}"),
            why: why.to_owned(),
        })
    };
    match (place.version, limits.memory) {
        (Version::V1, None) => {
            unsupported("v1 limits memory and swap together: give both, memory and swap")
        }
        (Version::V1, Some(Limit::Max)) if swap != Limit::Max => {
            unsupported("v1 limits memory and swap together, and memory has no limit here")
        }
        (Version::V1, _) => {
            let top = &place.hierarchy.mount;
            match top.join("memory.memsw.limit_in_bytes").exists() {
                true => Ok(()),
                false => unsupported("this kernel does not count swap: swapaccount=1 turns it on"),
            }
        }
        (Version::V2, _) => Ok(()),
    }
}

/// The files that were written, with what stood there before.
#[derive(Debug, Default)]
struct Written {
    before: Vec<(PathBuf, &'static str, Vec<String>)>,
}

impl Written {
    /// Writes a file that holds one value.
    fn write(&mut self, what: &str, folder: &Path, file: &'static str, text: &str) -> Result<()> {
        let before = files::read(folder, file).into_iter().collect();
        self.write_over(what, folder, file, text, before)
    }

    /// Writes a file of which `before` would write the present value.
    fn write_over(
        &mut self,
        what: &str,
        folder: &Path,
        file: &'static str,
        text: &str,
        before: Vec<String>,
    ) -> Result<()> {
        files::write(what, folder, file, text)?;
        self.before.push((folder.to_owned(), file, before));
        Ok(())
    }

    /// Writes back what stood there, the last first. What the kernel took before it takes
    /// again.
    fn take_back(self) {
        for (folder, file, lines) in self.before.into_iter().rev() {
            for line in lines {
                let _ = files::write("take a limit back", &folder, file, &line);
            }
        }
    }
}
