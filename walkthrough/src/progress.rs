//! How far the learner has come: a small file in the state folder.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Every page that was begun, by the stem of its file.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Progress {
    pages: BTreeMap<String, Place>,
    #[serde(skip)]
    file: PathBuf,
}

/// How far on a page.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The step, counted from 1.
    pub step: usize,
    /// The end was reached once.
    pub done: bool,
}

impl Progress {
    /// Reads it. A file that cannot be read is the same as none.
    pub fn read(state: &Path) -> Self {
        let file = state.join("progress.json");
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let read: Self = serde_json::from_str(&text).unwrap_or_default();
        Self { file, ..read }
    }

    /// How far on this page.
    pub fn of(&self, page: &str) -> Place {
        self.pages.get(page).copied().unwrap_or_default()
    }

    /// Remembers a step. The file is whole at every moment: a new one takes the
    /// old one's name.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn reach(&mut self, page: &str, step: usize, end: bool) -> std::io::Result<()> {
        let place = self.pages.entry(page.to_owned()).or_default();
        *place = Place {
            step,
            done: place.done || end,
        };
        let folder = self.file.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let mut new = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer_pretty(&mut new, self)?;
        new.write_all(b"\n")?;
        new.persist(&self.file)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_remembered_and_the_end_stays_reached() {
        let state = tempfile::tempdir().unwrap();
        let mut progress = Progress::read(state.path());
        progress.reach("04-chroot", 9, true).unwrap();
        progress.reach("04-chroot", 2, false).unwrap();
        assert_eq!(
            Progress::read(state.path()).of("04-chroot"),
            Place {
                step: 2,
                done: true
            }
        );
        assert_eq!(
            Progress::read(state.path()).of("06-namespaces"),
            Place::default()
        );
    }
}
