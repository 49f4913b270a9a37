//! Test builds only: make one call fail, to see what is said and what is left behind.
//!
//! A call is named by the role of the process that makes it, its own name, and which
//! occurrence it is: `child:mount:2=EPERM` refuses the second mount(2) of a child.

use std::str::FromStr;
use std::sync::Mutex;

use nix::errno::Errno;

/// One call to refuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    role: String,
    call: String,
    occurrence: u32,
    errno: i32,
}

struct State {
    role: &'static str,
    refusal: Refusal,
    seen: u32,
}

static STATE: Mutex<Option<State>> = Mutex::new(None);

impl FromStr for Refusal {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = || format!("want ROLE:CALL:OCCURRENCE=ERRNO, not {text}");
        let (site, errno) = text.split_once('=').ok_or_else(wanted)?;
        let mut parts = site.split(':');
        let mut part = || parts.next().map(str::to_owned).ok_or_else(wanted);
        Ok(Refusal {
            role: part()?,
            call: part()?,
            occurrence: part()?.parse().map_err(|_| wanted())?,
            errno: errno_by_name(errno).ok_or_else(wanted)?,
        })
    }
}

/// The number of an errno by its name: nix has the names, so ask each number for its own.
fn errno_by_name(name: &str) -> Option<i32> {
    (1..134).find(|number| format!("{:?}", Errno::from_raw(*number)) == name)
}

/// From now on refuses that one call.
pub fn install(refusal: Refusal) {
    *STATE.lock().expect("no holder panics") = Some(State {
        role: "parent",
        refusal,
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
pub(crate) fn refuse(call: &str) -> Option<Errno> {
    let mut state = STATE.lock().expect("no holder panics");
    let state = state.as_mut()?;
    if state.role != state.refusal.role || call != state.refusal.call {
        return None;
    }
    state.seen += 1;
    (state.seen == state.refusal.occurrence).then(|| Errno::from_raw(state.refusal.errno))
}
