//! Which views two processes share.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use serde::Serialize;

use crate::error::{Error, Result};
use crate::kinds::Kind;

/// A process to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// This one, and so the shell that started it.
    Myself,
    /// The one with this number.
    Pid(i32),
}

impl Who {
    fn folder(self) -> PathBuf {
        match self {
            Who::Myself => PathBuf::from("/proc/self"),
            Who::Pid(pid) => PathBuf::from(format!("/proc/{pid}")),
        }
    }
}

// ANCHOR: compare
/// What came of comparing one view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Both look at the same thing.
    Shared,
    /// Each has its own.
    Different,
    /// We may not look: it could be either.
    Unknown,
    /// This kernel has no such namespaces, so there is nothing but to share.
    Absent,
}

/// One of the eight views of two processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct View {
    /// Which one.
    pub kind: Kind,
    /// The inodes of their links, where we may see them.
    pub ids: [Option<u64>; 2],
    /// Whether they are one.
    pub verdict: Verdict,
}

/// Compares the eight views of two processes. A link that we may not read says nothing:
/// unknown is never "different".
pub fn compare(one: Who, other: Who) -> Result<Vec<View>> {
    let view = |kind| {
        let ids = [id(one, kind)?, id(other, kind)?];
        let verdict = match ids {
            [Link::Is(one), Link::Is(other)] if one == other => Verdict::Shared,
            [Link::Is(_), Link::Is(_)] => Verdict::Different,
            [Link::Absent, _] | [_, Link::Absent] => Verdict::Absent,
            [Link::Hidden, _] | [_, Link::Hidden] => Verdict::Unknown,
        };
        let ids = ids.map(Link::id);
        Ok(View { kind, ids, verdict })
    };
    Kind::ALL.into_iter().map(view).collect()
}
// ANCHOR_END: compare

/// What a link in /proc/PID/ns says.
#[derive(Clone, Copy)]
enum Link {
    Is(u64),
    /// Only who might trace a process may look at these links: proc_pid_ns(5).
    Hidden,
    Absent,
}

impl Link {
    fn id(self) -> Option<u64> {
        match self {
            Link::Is(id) => Some(id),
            Link::Hidden | Link::Absent => None,
        }
    }
}

fn id(who: Who, kind: Kind) -> Result<Link> {
    let folder = who.folder();
    match fs::metadata(folder.join("ns").join(kind.name())) {
        Ok(link) => Ok(Link::Is(link.ino())),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(Link::Hidden),
        Err(error) if !folder.exists() => Err(Error::from_io(folder, &error)),
        Err(_) if PathBuf::from("/proc/self/ns").join(kind.name()).exists() => Ok(Link::Hidden),
        Err(_) => Ok(Link::Absent),
    }
}
