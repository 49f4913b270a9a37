//! What a run left that was killed itself.
//!
//! Beside the group of each run lies an empty group with a name of its own: which process
//! looks after it. When that process is gone, the group is nobody's, and what is in it may be
//! ended. Groups that somebody made to stay have no such mark.

use std::fs;
use std::path::PathBuf;

use groundwork::process::identity;
use groundwork::step;

use crate::error::Result;
use crate::group::{Group, children, make_in, remove};
use crate::home::Home;
use crate::name::Name;

/// What a mark begins with; no [`Name`] begins with a dot.
const PREFIX: &str = ".run-";

/// The mark of a run.
#[derive(Debug)]
pub(crate) struct Mark(PathBuf);

impl Mark {
    /// Marks a group, that is yet to be made, as this process's.
    pub(crate) fn set(home: &Home, name: &Name) -> Result<Mark> {
        let pid = std::process::id().to_string();
        let started = identity::started(&pid).unwrap_or_default();
        let mark = format!("{PREFIX}{pid}-{started}-{}-{name}", numbers());
        step("An empty group says which process looks after ours: a mark for era clean");
        make_in(&home.places[0], &mark, &[]).map(|place| Mark(place.folder))
    }

    /// Takes it off.
    pub(crate) fn remove(self) -> Result<()> {
        remove(&self.0)
    }
}

/// Which PID namespace our numbers are of: those of others are not ours to judge.
fn numbers() -> String {
    let link = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    let text = link.to_string_lossy().into_owned();
    text.chars().filter(char::is_ascii_digit).collect()
}

/// A group whose run is gone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Left {
    /// Its name.
    pub name: Name,
    /// The process that looked after it.
    pub pid: i32,
    mark: PathBuf,
}

impl Left {
    /// Ends who is in it, and removes it.
    ///
    /// # Errors
    /// Somebody does not end, or the kernel refuses.
    pub fn end(&self, home: &Home) -> Result<()> {
        if let Ok(group) = Group::open(home, &self.name) {
            group.kill()?;
            group.remove(home, true)?;
        }
        remove(&self.mark)?;
        home.leave();
        Ok(())
    }
}

/// Every group whose run is gone.
pub fn all(home: &Home) -> Vec<Left> {
    let marks = home.places.iter().flat_map(|place| children(&place.folder));
    marks.filter_map(left).collect()
}

fn left(mark: PathBuf) -> Option<Left> {
    let mut parts = mark
        .file_name()?
        .to_str()?
        .strip_prefix(PREFIX)?
        .splitn(4, '-');
    let (pid, started, numbers) = (parts.next()?, parts.next()?, parts.next()?);
    let name = parts.next()?.parse().ok()?;
    let is_there = identity::started(pid).as_deref() == Some(started) && identity::is_alive(pid);
    (!is_there && numbers == self::numbers()).then_some(Left {
        name,
        pid: pid.parse().ok()?,
        mark,
    })
}
