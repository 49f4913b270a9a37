//! User namespaces and subordinate ids: user_namespaces(7), subuid(5).

use nix::mount::MsFlags;

use super::child::{At, Stopped};
use super::reasons;
use super::{Facts, Seen};
use crate::kernel::{self, CloneFlags, Gid, Propagation, Uid};

const MAN: &str = "user_namespaces(7)";

/// Makes this process root of a new user namespace, each step by its name. Who refuses user
/// namespaces does it at different steps: Debian's sysctl and seccomp at the first, a user
/// limit too, AppArmor on Ubuntu at a later one.
pub(super) fn become_root() -> Result<(), Stopped> {
    // Asked before: inside, and without a map yet, everybody is nobody.
    let (uid, gid) = (Uid::effective(), Gid::effective());
    kernel::unshare(CloneFlags::CLONE_NEWUSER).at("unshare")?;
    kernel::write_file("/proc/self/uid_map", &format!("0 {uid} 1"), MAN).at("uid_map")?;
    kernel::write_file("/proc/self/setgroups", "deny", MAN).at("setgroups")?;
    kernel::write_file("/proc/self/gid_map", &format!("0 {gid} 1"), MAN).at("gid_map")
}

/// Takes a mount namespace of its own, from which no mount gets out.
pub(super) fn own_mounts() -> Result<(), Stopped> {
    kernel::unshare(CloneFlags::CLONE_NEWNS).at("mount namespace")?;
    kernel::mount_propagation("/", Propagation::Private).at("mount")
}

/// The whole way: a namespace, its maps, and a mount that only its root may make.
pub(super) fn user_namespaces(facts: &Facts) -> Seen {
    let tried = facts.attempt("userns", || {
        become_root()?;
        own_mounts()?;
        kernel::mount_new("tmpfs", "/", MsFlags::empty(), None).at("mount")?;
        Ok("unshare, uid_map, setgroups, gid_map and a mount".to_owned())
    });
    match tried {
        Ok(what) => Seen::works(what),
        Err(stopped) => reasons::of_user_namespaces(facts, &stopped),
    }
}
