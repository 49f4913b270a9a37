//! Which ids there are in a cell: user_namespaces(7), newuidmap(1).

use std::process::Command;

use groundwork::kernel::{self, Pid};
use namespaces::maps::{Ids, Me};
use namespaces::registry;

use super::cell::Who;
use super::{Checked, Refusal};

const MAN: &str = "user_namespaces(7)";

/// Where real root finds further ids for a cell: above all that are in use.
const FURTHER: u32 = 1 << 20;
/// How many further ids there are, beside the learner's own.
const HOW_MANY: u32 = 60_000;

/// The first of the further ids in the cell: above who the answer is.
fn first(who: Who) -> u32 {
    who.id() + 1
}

/// Maps the learner to who the answer is in the cell of `init`, and, if `many`, further ids
/// around it.
pub fn write(init: Pid, who: Who, many: bool, learner: (u32, u32)) -> Checked {
    for (ids, outside) in [(Ids::Users, learner.0), (Ids::Groups, learner.1)] {
        let own = format!("{} {outside} 1\n", who.id());
        let file = format!("/proc/{init}/{}", ids.file());
        if kernel::Uid::effective().is_root() {
            let further = if many {
                format!("{} {FURTHER} {HOW_MANY}\n", first(who))
            } else {
                String::new()
            };
            kernel::write_file(file, &format!("{own}{further}"), MAN)?;
        } else if many {
            by_helper(ids, init, who, outside)?;
        } else {
            if matches!(ids, Ids::Groups) {
                kernel::write_file(format!("/proc/{init}/setgroups"), "deny", MAN)?;
            }
            kernel::write_file(file, &own, MAN)?;
        }
    }
    Ok(())
}

/// An ordinary user's further ids are given by a setuid program.
fn by_helper(ids: Ids, init: Pid, who: Who, outside: u32) -> Checked {
    let undone = |why: String| Refusal::Undone(why);
    let range = registry::first_owned(ids, Me::now()).map_err(|error| undone(error.to_string()))?;
    let count = range.count.min(HOW_MANY);
    let numbers =
        [who.id(), outside, 1, first(who), range.outer, count].map(|number| number.to_string());
    let helper = ids.helper();
    let status = Command::new(helper)
        .arg(init.to_string())
        .args(numbers)
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(undone(format!("{helper}: {status}"))),
        Err(error) => Err(undone(format!("{helper}: {error}"))),
    }
}
