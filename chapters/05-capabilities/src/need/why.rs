//! Why a run could not be made: looked up, never guessed from the errno alone.

use groundwork::error::Advice;
use groundwork::host::{self, Facts};
use groundwork::kernel::{CallError, Errno};
use groundwork::mountinfo;
use groundwork::process;

use super::Refused;

/// Why a part of a run was refused.
pub(crate) fn refused(refused: &Refused) -> Option<Advice> {
    match refused {
        Refused::Sandbox { call, .. } => sandbox(call),
        Refused::Become { user, call } if call.errno() == Errno::EINVAL => {
            Some(process::unmapped(user))
        }
        _ => None,
    }
}

fn sandbox(call: &CallError) -> Option<Advice> {
    let in_place = "--in-place   (without a sandbox: what it changes stays)";
    let is_proc = call
        .call
        .args
        .first()
        .is_some_and(|word| word == "\"proc\"");
    match (call.call.name.as_str(), call.errno()) {
        ("mount_setattr", Errno::ENOSYS) => Some(Advice::new(
            "this kernel cannot make mounts read-only with all below them (before Linux 5.12)",
            in_place,
        )),
        ("mount", Errno::EPERM) if is_proc => covered_proc(in_place),
        ("mount", Errno::ENODEV) => {
            host::probe(&Facts::here(), "overlay").and_then(|finding| finding.advice())
        }
        _ => None,
    }
}

fn covered_proc(in_place: &str) -> Option<Advice> {
    let covered = mountinfo::all();
    let covered = covered.iter().find(|point| point.is_below("/proc"))?;
    process::in_a_user_namespace().then(|| {
        Advice::new(
            format!(
                "parts of /proc are covered ({}): the kernel gives no fuller view",
                covered.shown()
            ),
            in_place,
        )
    })
}

/// What to do without anything to give.
pub(crate) fn nothing_to_give() -> Advice {
    Advice::new(
        "an ordinary user has none, and in place there is no user namespace to have them in",
        "leave out --in-place, or be root: sudo era-caps need",
    )
}
