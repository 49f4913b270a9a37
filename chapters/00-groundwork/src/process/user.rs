//! Becoming another user: credentials(7).

use crate::error::Advice;
use crate::kernel::{self, Gid, Uid};
use crate::narrate::step;

/// Whether setgroups(2) can be called here: in a user namespace that an ordinary user made it
/// was given up for good, see user_namespaces(7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Groups {
    /// They may.
    MayBeSet,
    /// They stay as they are.
    StayAsTheyAre,
}

impl Groups {
    /// Asked where /proc is: inside a new root there may be none.
    pub fn of_this_namespace() -> Self {
        match std::fs::read_to_string("/proc/self/setgroups") {
            Ok(word) if word.trim() == "deny" => Groups::StayAsTheyAre,
            _ => Groups::MayBeSet,
        }
    }
}

/// Becomes the user `uid` with the one group `gid`. Groups first: who has given up being root
/// may not change them any more.
#[track_caller]
pub fn become_user(uid: u32, gid: u32, groups: Groups) -> kernel::Result<()> {
    step("Leave root at the door: groups first, the user last");
    if groups == Groups::MayBeSet {
        kernel::setgroups(&[])?;
    }
    kernel::setgid(Gid::from_raw(gid))?;
    kernel::setuid(Uid::from_raw(uid))
}

/// Why an id is not valid: setuid(2) has one reason for EINVAL, an id that is on no line of
/// the map of this user namespace. In a new root the map itself may be out of
/// reach.
pub fn unmapped(user: &str) -> Advice {
    let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    let lines: Vec<_> = map.lines().map(squeeze).collect();
    let says = match lines.as_slice() {
        [] => String::new(),
        lines => format!(": /proc/self/uid_map says \"{}\"", lines.join("; ")),
    };
    Advice::new(
        format!("user {user} does not exist in this user namespace{says}"),
        "name a user that is mapped, such as 0",
    )
}

fn squeeze(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}
