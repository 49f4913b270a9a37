//! Test builds only: break one call, to see what is said, what is left behind, and whether
//! anybody notices.
//!
//! - `child:mount:2=EPERM` refuses the second mount(2) that a child makes: role, call,
//!   occurrence, errno.
//! - `chroot=EPERM` lets the kernel itself refuse every chroot(2), by a seccomp filter.
//! - `chroot=omitted` never makes the call and pretends that it succeeded.
//! - `cpu.max=omitted` likewise, for each write(2) to a file of this name.
//! - `CLONE_INTO_CGROUP=omitted` and `CLONE_NEWPID=omitted` take this flag out of every
//!   clone3(2) and unshare(2).
//!
//! The last three take a mechanism out while every word about it stays: a test that still
//! passes then has proven nothing.

use std::str::FromStr;
use std::sync::Mutex;

use nix::errno::Errno;

use crate::kernel::{self, CLONE_NEWTIME, CloneFlags, impossible};

/// What to break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// One call fails.
    Refuse {
        /// Which process: `parent`, or `child` for one that groundwork made.
        role: String,
        /// The call, as in its man page.
        call: String,
        /// Counted from 1, in each role.
        occurrence: u32,
        /// The number that it fails with.
        errno: i32,
    },
    /// The kernel refuses every such call, of ours and of our children.
    Filter {
        /// The call, as in its man page.
        call: String,
        /// The number that it fails with.
        errno: i32,
    },
    /// A call is not made at all and seems to succeed.
    Omit(String),
    /// A flag is taken out of clone3(2) and unshare(2).
    OmitFlag(CloneFlags),
}

struct State {
    role: &'static str,
    fault: Fault,
    seen: u32,
}

static STATE: Mutex<Option<State>> = Mutex::new(None);

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted =
            || format!("want ROLE:CALL:OCCURRENCE=ERRNO, CALL=ERRNO or NAME=omitted, not {text}");
        let (what, how) = text.split_once('=').ok_or_else(wanted)?;
        if how == "omitted" {
            return Ok(match flag_by_name(what) {
                Some(flag) => Fault::OmitFlag(flag),
                None => Fault::Omit(what.to_owned()),
            });
        }
        let errno = errno_by_name(how).ok_or_else(wanted)?;
        if !what.contains(':') {
            return Ok(Fault::Filter {
                call: what.to_owned(),
                errno,
            });
        }
        let mut parts = what.split(':');
        let mut part = || parts.next().map(str::to_owned).ok_or_else(wanted);
        Ok(Fault::Refuse {
            role: part()?,
            call: part()?,
            occurrence: part()?.parse().map_err(|_| wanted())?,
            errno,
        })
    }
}

fn flag_by_name(name: &str) -> Option<CloneFlags> {
    if name == "CLONE_NEWTIME" {
        return Some(CLONE_NEWTIME);
    }
    CloneFlags::from_name(name)
}

/// The number of an errno by its name: nix has the names, so ask each number for its own.
fn errno_by_name(name: &str) -> Option<i32> {
    (1..134).find(|number| format!("{:?}", Errno::from_raw(*number)) == name)
}

/// From now on this is broken.
pub fn install(fault: Fault) {
    if let Fault::Filter { call, errno } = &fault {
        let number = impossible::number(call).expect("a call that the filter knows");
        let filter = kernel::refusal(&[number], Errno::from_raw(*errno));
        kernel::prctl_set_no_new_privs().expect("nobody forbids it");
        kernel::seccomp_set_mode_filter(&[], &filter).expect("a filter can be had");
    }
    *STATE.lock().expect("no holder panics") = Some(State {
        role: "parent",
        fault,
        seen: 0,
    });
}

/// This process is another one now: its calls are counted from the start.
pub fn enter_role(role: &'static str) {
    if let Some(state) = STATE.lock().expect("no holder panics").as_mut() {
        state.role = role;
        state.seen = 0;
    }
}

/// The errno to refuse this call with, if it is the one.
pub(crate) fn refuse(name: &str) -> Option<Errno> {
    let mut state = STATE.lock().expect("no holder panics");
    let state = state.as_mut()?;
    let Fault::Refuse {
        role,
        call,
        occurrence,
        errno,
    } = &state.fault
    else {
        return None;
    };
    if state.role != role || name != call {
        return None;
    }
    state.seen += 1;
    (state.seen == *occurrence).then(|| Errno::from_raw(*errno))
}

/// Whether this call is to be left out.
pub(crate) fn omits(name: &str) -> bool {
    let state = STATE.lock().expect("no holder panics");
    state
        .as_ref()
        .is_some_and(|state| matches!(&state.fault, Fault::Omit(call) if call == name))
}

/// The flags that are left of these.
pub(crate) fn kept(flags: CloneFlags) -> CloneFlags {
    match STATE.lock().expect("no holder panics").as_ref() {
        Some(State {
            fault: Fault::OmitFlag(flag),
            ..
        }) => flags - *flag,
        _ => flags,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_understood() {
        assert_eq!(
            "child:mount:2=EPERM".parse(),
            Ok(Fault::Refuse {
                role: "child".to_owned(),
                call: "mount".to_owned(),
                occurrence: 2,
                errno: Errno::EPERM as i32,
            })
        );
        assert_eq!(
            "chroot=omitted".parse(),
            Ok(Fault::Omit("chroot".to_owned()))
        );
        assert_eq!(
            "CLONE_NEWPID=omitted".parse(),
            Ok(Fault::OmitFlag(CloneFlags::CLONE_NEWPID))
        );
        assert_eq!(
            "CLONE_NEWTIME=omitted".parse(),
            Ok(Fault::OmitFlag(CLONE_NEWTIME))
        );
        assert_eq!(
            "chroot=EACCES".parse(),
            Ok(Fault::Filter {
                call: "chroot".to_owned(),
                errno: Errno::EACCES as i32,
            })
        );
        assert!("mount".parse::<Fault>().is_err());
        assert!("child:mount:2=ENOTHING".parse::<Fault>().is_err());
    }
}
