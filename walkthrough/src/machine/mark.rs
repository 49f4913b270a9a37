//! A mark for a machine, as a ground has one: so `era clean` finds what was left of it.

use std::fs;
use std::path::{Path, PathBuf};

use nix::unistd::{Gid, Uid};

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
    pub fn new(state: &Path) -> Result<Self, Error> {
        // Nobody but us has to find a way to it.
        let me = Learner {
            name: String::new(),
            uid: Uid::effective().as_raw(),
            gid: Gid::effective().as_raw(),
            other: false,
        };
        let grounds = place::choose(state, &me).map_err(|error| Error::Wrong(error.to_string()))?;
        let nonce = ground::nonce();
        let folder = grounds.join(&nonce);
        let made = fs::create_dir(&folder).and_then(|()| ground::write_mark(&folder, &nonce, &me));
        made.map_err(|error| Error::file(&folder, error))?;
        Ok(Self { folder, nonce })
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}
