//! Capabilities: those that an answer starts with, and those with which it makes its calls.

use std::path::Path;
use std::time::Duration;

use capabilities::{CapSet, FileCaps};
use groundwork::kernel::{self, CapabilitySets, Gid, Pid, Uid};
use nix::libc;

use super::cell::{Command, Plan};
use super::events::Event;
use super::run::{Run, patience};
use super::scene::Scene;
use super::witness::{Inode, Witness};
use super::{Checked, Property};

/// What taking from the bounding set takes: CAP_SETPCAP.
pub const SETPCAP: u8 = 8;

const EXECUTES: Property = Property {
    is: "the command can execute a program",
    look: "execve(2)",
};

/// A system call that the answer was about to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AtCall {
    /// Which process or thread.
    pub pid: Pid,
    /// The number of the call.
    pub number: u64,
    /// What it held in its effective set.
    pub effective: u64,
    /// What it held in its permitted set.
    pub permitted: u64,
    /// What it holds in its effective set since then: capset(2) may have changed it.
    pub after: u64,
}

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// What of this a cell has.
pub(super) fn furnish(plan: &Plan, answer: &Path) -> Outcome {
    if plan.network {
        kernel::loopback_up()?;
    }
    if plan.permitted != 0 {
        let caps = FileCaps {
            permitted: CapSet::from_bits(plan.permitted),
            inheritable: CapSet::EMPTY,
            effective: false,
            root: None,
        };
        kernel::lsetxattr(answer, c"security.capability", &caps.encode())?;
    }
    Ok(())
}

/// What of this a command starts with: it is the caller that becomes it.
pub(super) fn become_one_with(command: &Command) -> Outcome {
    if command.inherits != 0 {
        kernel::capset(CapabilitySets {
            inheritable: command.inherits,
            ..kernel::capget()?
        })?;
        for bit in bits(command.inherits) {
            kernel::prctl_ambient_raise(bit)?;
        }
    }
    // What is not in the bounding set, root does not get by execve(2). The one that this
    // takes is the last to go.
    let takes = 1 << SETPCAP;
    for bit in bits(command.lacks & !takes).chain(bits(command.lacks & takes)) {
        kernel::prctl_capbset_drop(bit)?;
    }
    if let Some(id) = command.user {
        kernel::setgroups(&[])?;
        kernel::setgid(Gid::from_raw(id))?;
        kernel::setuid(Uid::from_raw(id))?;
    }
    Ok(())
}

fn bits(set: u64) -> impl Iterator<Item = u8> {
    (0..64).filter(move |bit| set >> bit & 1 == 1)
}

impl Scene<'_> {
    /// How long its commands may take: with a stop at each call they take longer, where many
    /// others want the processor.
    pub(super) fn patience(&self) -> Duration {
        if self.with_calls || self.filters {
            3 * patience()
        } else {
            patience()
        }
    }
}

impl Run {
    /// The calls of the answer so far, each with what it was made with.
    pub fn calls(&self) -> &[AtCall] {
        self.calls.as_deref().unwrap_or_default()
    }

    /// Lets the witness execute itself once more, and holds it at its beginning.
    ///
    /// # Errors
    /// It is gone, or may not.
    pub fn execute_again(&mut self, witness: Witness) -> Checked {
        // The new one needs as much room for orders as the old one had.
        let room = witness.arguments()?.get(1).map_or(1, String::len);
        self.send(witness, &format!("x{}", "-".repeat(room - 1)))?;
        loop {
            match self.step()? {
                Event::Begins(pid) if pid == witness.pid => return Ok(()),
                Event::Gone if !self.family.contains_key(&witness.pid) => {
                    return Err(EXECUTES.broken("it does", "it could not"));
                }
                _ => {}
            }
        }
    }

    /// The answer stands before or after a call.
    pub(super) fn write_down(&mut self, pid: Pid) {
        let Some(calls) = &mut self.calls else {
            return;
        };
        let one = Witness { pid };
        // Before it becomes the answer it is ours.
        let program = Inode::of(one.path("exe"));
        let answer = program.is_ok_and(|program| self.answers.contains(&program));
        let set = |key| u64::from_str_radix(&one.status(key).ok()?, 16).ok();
        match kernel::trace_call(pid) {
            Ok(kernel::AtCall::Entry { number, .. }) if answer => {
                if let (Some(effective), Some(permitted)) = (set("CapEff"), set("CapPrm")) {
                    calls.push(AtCall {
                        pid,
                        number,
                        effective,
                        permitted,
                        after: effective,
                    });
                }
            }
            Ok(kernel::AtCall::Done) => {
                let last = calls.iter_mut().rev().find(|call| call.pid == pid);
                let last = last.filter(|call| call.number == libc::SYS_capset as u64);
                if let (Some(last), Some(effective)) = (last, set("CapEff")) {
                    last.after = effective;
                }
            }
            _ => {}
        }
    }
}
