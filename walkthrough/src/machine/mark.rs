//! A mark for a machine, as a ground has one: so `era clean` finds what was left of it.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::Error;
use crate::ground::{self, Learner, place};

/// A folder with a mark, which goes when this goes.
#[derive(Debug)]
pub struct Mark {
    folder: PathBuf,
    /// What the machine's process carries.
    pub nonce: String,
}

impl Mark {
    /// Makes one where grounds lie.
    ///
    /// # Errors
    /// There is no place, or it cannot be written.
    pub fn new(state: &Path, learner: &Learner) -> Result<Self, Error> {
        let grounds =
            place::choose(state, learner).map_err(|error| Error::Wrong(error.to_string()))?;
        let nonce = ground::nonce();
        let folder = grounds.join(&nonce);
        let made =
            fs::create_dir(&folder).and_then(|()| ground::write_mark(&folder, &nonce, learner));
        made.map_err(|error| Error::file(&folder, error))?;
        Ok(Self { folder, nonce })
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}
