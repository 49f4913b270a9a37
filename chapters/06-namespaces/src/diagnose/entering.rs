//! Namespaces that could not be entered.

use std::fs;
use std::path::Path;

use groundwork::error::Advice;
use groundwork::kernel::{self, CallError};
use nix::errno::Errno;

use super::{Capability, has, without};
use crate::kinds::{Kind, listed};

pub(super) fn target(pid: i32) -> Option<Advice> {
    (!Path::new(&format!("/proc/{pid}")).exists()).then(|| {
        Advice::new(
            format!("no process has the number {pid} here"),
            "era-lsns, or ps, shows who is there",
        )
    })
}

/// To look at a namespace of a process wants as much right over it as a debugger needs.
pub(super) fn open_namespace(path: &Path) -> Option<Advice> {
    use std::os::unix::fs::MetadataExt;
    let parts = path.ancestors();
    let process = parts
        .filter(|part| part.parent() == Some(Path::new("/proc")))
        .last();
    let Some(process) = process else {
        return (fs::symlink_metadata(path).is_err())
            .then(|| Advice::because(format!("there is no {}", path.display())));
    };
    let pid = process.file_name()?.to_str()?.parse().ok()?;
    target(pid).or_else(|| {
        let owner = fs::metadata(process).ok()?.uid();
        (owner != kernel::Uid::effective().as_raw()).then(|| {
            Advice::new(
                format!("process {pid} belongs to user {owner}, and we are somebody else"),
                "as that user, or as root",
            )
        })
    })
}

pub(super) fn enter(kinds: &[Kind], pid: Option<i32>, call: &CallError) -> Option<Advice> {
    let pid = pid?;
    let link = |process: &str| fs::read_link(format!("/proc/{process}/ns/user")).ok();
    let (ours, theirs) = (link("self")?, link(&pid.to_string()));
    let Some(theirs) = theirs else {
        return open_namespace(Path::new(&format!("/proc/{pid}/ns/user")));
    };
    if call.errno() == Errno::EINVAL && kinds.contains(&Kind::User) && ours == theirs {
        return Some(Advice::new(
            "we are in that user namespace already, and setns(2) refuses to enter it again",
            "leave out --user",
        ));
    }
    if call.errno() != Errno::EPERM {
        return None;
    }
    if ours != theirs && !kinds.contains(&Kind::User) && !has(Capability::SysAdmin) {
        return Some(Advice::new(
            "these views belong to another user namespace, where we have no capability",
            "add --user: entering it first gives its capabilities, if you made it",
        ));
    }
    let advice = without(Capability::SysAdmin)?;
    let (same, other) = shared_with(pid);
    if kinds.contains(&Kind::User) && kinds.iter().any(|kind| same.contains(kind)) {
        let options: Vec<_> = other.iter().map(|kind| kind.option()).collect();
        return Some(Advice::new(
            format!(
                "its {} are ours already, and not ours to enter",
                listed(&same)
            ),
            format!("name the others: {}", options.join(" ")),
        ));
    }
    Some(Advice::new(advice.why, "as root"))
}

/// Which views a process shares with us, and which not.
fn shared_with(pid: i32) -> (Vec<Kind>, Vec<Kind>) {
    let id = |process: &str, kind| fs::read_link(format!("/proc/{process}/ns/{kind}")).ok();
    let pid = pid.to_string();
    let is_shared = |kind: &Kind| id("self", *kind) == id(&pid, *kind);
    Kind::ALL.into_iter().partition(is_shared)
}
