//! Why a file could not be looked at, or would not take capabilities.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use groundwork::error::{Advice, shell_word};
use groundwork::kernel::{self, CallError, Errno};
use groundwork::mountinfo;

use super::has;
use crate::set::CapSet;

/// Why there is nothing to look at.
pub(super) fn unseen(path: &Path, call: &CallError) -> Option<Advice> {
    let shown = shell_word(path);
    if let Some(pid) = process_of(path).filter(|_| call.errno() == Errno::ENOENT) {
        return Some(Advice::new(
            format!("no process has the number {pid} here"),
            "era-caps show --all, or ps, shows who is there",
        ));
    }
    match call.errno() {
        Errno::ENOENT => Some(Advice::new(
            format!("there is no {shown} here"),
            "name a file that is there",
        )),
        Errno::EACCES => Some(Advice::new(
            format!("this user may not look into {shown}, or a folder above it"),
            "run it as a user who may",
        )),
        Errno::ENOTDIR => Some(Advice::new(
            format!("on the way to {shown} there is a file where a folder has to be"),
            "name a file that is there",
        )),
        _ => None,
    }
}

/// The number in /proc/NUMBER/status.
fn process_of(path: &Path) -> Option<u32> {
    let number = path.strip_prefix("/proc").ok()?.components().next()?;
    number.as_os_str().to_str()?.parse().ok()
}

/// Why a call about the attribute was refused.
pub(super) fn refused(path: &Path, call: &CallError) -> Option<Advice> {
    match call.errno() {
        Errno::ENODATA => Some(Advice::because("it has none")),
        Errno::ENOTSUP => Some(not_supported(path)),
        Errno::EROFS => Some(Advice::new(
            "what it lies on is mounted read-only",
            "take a copy, somewhere else",
        )),
        Errno::EPERM => not_permitted(path),
        _ => None,
    }
}

/// The file system keeps no such attribute.
fn not_supported(path: &Path) -> Advice {
    let on = mount_of(path).map_or(String::new(), |(kind, at)| format!(" {kind} at {at},"));
    Advice::new(
        format!("what it lies on,{on} keeps no capabilities"),
        "take a copy, on a file system such as ext4, xfs, btrfs or tmpfs",
    )
}

/// Type and place of the mount that holds a file: the deepest that is a part of its path.
fn mount_of(path: &Path) -> Option<(String, String)> {
    let path = std::fs::canonicalize(path).ok()?;
    let mounts = mountinfo::all().into_iter();
    let holding = mounts.filter(|mount| path.starts_with(&mount.at));
    // Of two at one place, the later one lies above.
    let deepest = holding.max_by_key(|mount| mount.at.components().count())?;
    Some((deepest.fs_type.clone(), deepest.shown()))
}

/// It takes one capability, over the file as well: its owner has to exist here.
fn not_permitted(path: &Path) -> Option<Advice> {
    if !has(kernel::CAP_SETFCAP) {
        return Some(Advice::new(
            "only who has CAP_SETFCAP gives capabilities away, and this process has it not",
            "run it as root, or on a copy as root of a user namespace: era-unshare -r",
        ));
    }
    let owner = std::fs::symlink_metadata(path).ok()?.uid();
    let map = std::fs::read_to_string("/proc/self/uid_map").ok()?;
    (!is_mapped(&map, owner)).then(|| {
        Advice::new(
            "its owner does not exist in this user namespace, so its root has no say over it",
            "take a copy of your own",
        )
    })
}

/// A file whose capabilities are to be effective from the start gets all of them or does not
/// start: capabilities(7), "Safety checking for capability-dumb binaries".
pub(super) fn unwilling(program: &Path, call: &CallError) -> Option<Advice> {
    if call.errno() != Errno::EPERM {
        return None;
    }
    let caps = crate::file::get(&std::fs::canonicalize(program).ok()?).ok()??;
    let missing = caps
        .permitted
        .without(CapSet::from_bits(kernel::bounding_set()));
    (caps.effective && !missing.is_empty()).then(|| {
        Advice::new(
            format!("its file has capabilities that the bounding set has not: {missing}"),
            "keep them in the bounding set, or run a copy, which has none",
        )
    })
}

/// Whether a uid stands in the first column's ranges of a map.
fn is_mapped(map: &str, uid: u32) -> bool {
    map.lines().any(|line| {
        let mut words = line.split_whitespace().map(str::parse::<u64>);
        let (Some(Ok(first)), Some(Ok(_)), Some(Ok(count))) =
            (words.next(), words.next(), words.next())
        else {
            return false;
        };
        (first..first + count).contains(&uid.into())
    })
}

#[cfg(test)]
mod tests {
    use super::is_mapped;

    #[test]
    fn a_user_is_mapped_if_a_range_holds_it() {
        let map = "         0       1000          1\n         5     100000         10\n";
        assert!(is_mapped(map, 0) && is_mapped(map, 5) && is_mapped(map, 14));
        assert!(!is_mapped(map, 1) && !is_mapped(map, 15) && !is_mapped(map, 65534));
    }
}
