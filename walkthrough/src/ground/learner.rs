//! Who the learner is.
//!
//! Root sees refusals that nobody else sees, and misses those that everybody
//! else sees. A page looks the same to everybody because its `$` shell never
//! belongs to root: a tour that root started plays as the user that sudo names,
//! else as nobody.

use nix::unistd::{Gid, Uid, User};

/// What the kernel calls nobody where no user is known: `overflowuid`.
const NOBODY: u32 = 65534;

/// The learner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Learner {
    /// Name, or the number where nobody has given one.
    pub name: String,
    /// User id outside the ground.
    pub uid: u32,
    /// Group id outside the ground.
    pub gid: u32,
    /// Somebody else than who started the tour: a change of user is needed.
    pub other: bool,
}

impl Learner {
    /// Whoever started this process, or, for root, the user behind sudo.
    pub fn current(sudo_uid: Option<&str>) -> Self {
        let me = Uid::effective();
        if !me.is_root() {
            return Self::named(me.as_raw(), Gid::effective().as_raw(), false);
        }
        let behind_sudo = sudo_uid
            .and_then(|uid| uid.parse().ok())
            .filter(|uid| *uid != 0);
        let uid = behind_sudo.unwrap_or(NOBODY);
        if !is_mapped(uid) {
            return Self::named(0, 0, false);
        }
        let gid = user(uid).map_or(uid, |user| user.gid.as_raw());
        Self::named(uid, gid, true)
    }

    fn named(uid: u32, gid: u32, other: bool) -> Self {
        let name = user(uid).map_or_else(|| uid.to_string(), |user| user.name);
        Self {
            name,
            uid,
            gid,
            other,
        }
    }
}

/// Root of a user namespace (user_namespaces(7)) may be the only user there is.
fn is_mapped(uid: u32) -> bool {
    let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    let mut ranges = map.lines().map(|line| {
        let mut numbers = line
            .split_whitespace()
            .map(|word| word.parse().unwrap_or(0_u64));
        (numbers.next().unwrap_or(0), numbers.nth(1).unwrap_or(0))
    });
    map.is_empty() || ranges.any(|(first, count)| (first..first + count).contains(&uid.into()))
}

fn user(uid: u32) -> Option<User> {
    User::from_uid(Uid::from_raw(uid)).ok().flatten()
}
