//! Why the sets of a process cannot be as asked for.

use groundwork::error::Advice;
use groundwork::kernel::{CAP_SETPCAP, Errno};

use super::{Error, has};
use crate::set::CapSet;

/// Why, by the rules of capabilities(7), "Programmatically adjusting capability sets".
pub(super) fn refused(error: &Error) -> Option<Advice> {
    match error {
        Error::Contradiction { set, caps } => Some(Advice::new(
            "what is dropped leaves all five sets",
            format!("take it out of --drop or of --{set}: {}", caps.names()),
        )),
        Error::NotHeld { set, .. } => Some(Advice::because(format!(
            "the {set} set of a process can shrink, never grow"
        ))),
        Error::NotWithin { set, of, caps } => Some(not_within(set, of, caps.names())),
        Error::NeedsFirst { missing, dropped } => Some(needs_first(*missing, *dropped)),
        Error::NoAmbientRaise => Some(Advice::because(
            "whoever started this process has set it, perhaps for good: era-caps show",
        )),
        Error::Bounding { call, .. } | Error::Capset(call)
            if call.errno() == Errno::EPERM && !has(CAP_SETPCAP) =>
        {
            Some(Advice::because(
                "it takes CAP_SETPCAP, and it is not effective here",
            ))
        }
        _ => None,
    }
}

fn not_within(set: &str, of: &str, names: String) -> Advice {
    let why = match (set, of) {
        ("effective", _) => "what is on has to be permitted first",
        ("ambient", _) => "what is ambient has to be both permitted and inheritable first",
        _ => "what becomes inheritable has to be in the bounding set",
    };
    Advice::new(why, format!("--{of} {names}   (and what it has already)"))
}

fn needs_first(missing: CapSet, dropped: CapSet) -> Advice {
    let bounding = missing.bits() >> CAP_SETPCAP & 1 == 1 && !dropped.is_empty();
    match bounding {
        true => Advice::new(
            "only who has CAP_SETPCAP takes from the bounding set",
            "--bounding all leaves that as it is; --no-new-privs keeps the rest from coming back",
        ),
        false => Advice::new(
            "who becomes another user, or makes inheritable what is not permitted, needs them",
            "run it as root, or as root of a user namespace: era-unshare -r",
        ),
    }
}
