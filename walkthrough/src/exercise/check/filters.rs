//! The filters that an answer puts before its calls: seccomp(2).
//!
//! The kernel gives an installed filter to a tracer with CAP_SYS_ADMIN over the whole machine
//! and to no other. So it is read on its way in: each process is stopped at its calls, as by
//! strace(1), and where it hands a filter to the kernel, the program is read in its memory.

use std::collections::BTreeMap;

use groundwork::kernel::{self, AtCall, Instruction, Pid};
use nix::libc;
use seccomp::{Action, Data, Filter, interpret};

use super::run::Run;
use super::witness::Witness;
use super::{Checked, Property};

const IN_PLACE: Property = Property {
    is: "a filter is before every call of the command",
    look: "seccomp(2); the line Seccomp of /proc/PID/status",
};

/// Filters on their way in, and those that are in place.
#[derive(Debug, Default)]
pub(super) struct Filters {
    /// By the process that asks for one.
    asked: BTreeMap<Pid, Filter>,
    /// By thread group: all that the kernel asks, the oldest first.
    placed: BTreeMap<Pid, Vec<Filter>>,
}

/// Filters that the kernel asks, one after the other.
#[derive(Debug, Clone, Default)]
pub struct Stack(Vec<Filter>);

impl Stack {
    /// What becomes of a call: the strictest answer counts, and of two with the same action
    /// that of the younger filter.
    pub fn answer(&self, data: &Data) -> Action {
        let answers = self.0.iter().rev().map(|filter| interpret(filter, data));
        let action = |value: u32| (value & libc::SECCOMP_RET_ACTION_FULL) as i32;
        let strictest = answers.min_by_key(|verdict| action(verdict.value));
        strictest.map_or(Action::Allow, |verdict| verdict.action)
    }
}

impl Run {
    /// The command has at least one filter more than the cell.
    ///
    /// # Errors
    /// It has not.
    pub fn is_filtered(&self, witness: Witness) -> Checked {
        let mode = witness.status("Seccomp")?;
        IN_PLACE.holds(mode == "2", "Seccomp: 2", format!("Seccomp: {mode}"))?;
        let new = self.new_filters(witness)?;
        IN_PLACE.holds(new != Some(0), "a filter of the program's", "none")
    }

    /// How many filters a process has beyond those of the whole cell; older kernels do not say.
    fn new_filters(&self, witness: Witness) -> Checked<Option<usize>> {
        let count = |of: Witness| -> Checked<Option<usize>> {
            Ok(of.status("Seccomp_filters")?.parse().ok())
        };
        let (now, before) = (count(witness)?, count(self.init)?);
        Ok(now
            .zip(before)
            .map(|(now, before)| now.saturating_sub(before)))
    }

    /// The filters that the answer put before the calls of a process. The scene has to be
    /// one [with filters](super::Scene::with_filters).
    ///
    /// # Errors
    /// There is none, or one that went in unseen.
    pub fn filters(&self, witness: Witness) -> Checked<Stack> {
        self.is_filtered(witness)?;
        let seen = self.filters.as_ref();
        let placed = seen.and_then(|seen| seen.placed.get(&witness.pid));
        let found = placed.cloned().unwrap_or_default();
        let there = self.new_filters(witness)?.unwrap_or(found.len());
        IN_PLACE.holds(
            there == found.len() && there > 0,
            "put there by seccomp(2) or prctl(2), by calls of this machine",
            format!("{there} in place, {} came so", found.len()),
        )?;
        Ok(Stack(found))
    }

    /// The answer stands before or after a call, maybe one that puts a filter in place.
    pub(super) fn look_for_filters(&mut self, pid: Pid) {
        if let Some(filters) = &mut self.filters {
            // Who was killed meanwhile asks for nothing any more.
            let _ = filters.look(pid);
        }
    }

    /// A child has its parent's filters; a thread shares those of its process.
    pub(super) fn inherit_filters(&mut self, parent: Pid, child: Pid) {
        let Some(filters) = &mut self.filters else {
            return;
        };
        let (parent, child) = (group(parent), group(child));
        if parent != child {
            let placed = filters.placed.get(&parent).cloned().unwrap_or_default();
            filters.placed.insert(child, placed);
        }
    }
}

impl Filters {
    fn look(&mut self, pid: Pid) -> nix::Result<()> {
        match kernel::trace_call(pid)? {
            AtCall::Entry { arch, number } => {
                self.asked.remove(&pid);
                let arguments = kernel::trace_arguments(pid)?.unwrap_or_default();
                if arch == kernel::NATIVE_AUDIT_ARCH && is_request(number, &arguments) {
                    let filter = read(pid, arguments[2] as usize)?;
                    self.asked.extend(filter.map(|filter| (pid, filter)));
                }
            }
            AtCall::Done => {
                if let Some(filter) = self.asked.remove(&pid) {
                    self.placed.entry(group(pid)).or_default().push(filter);
                }
            }
            AtCall::Refused(_) => drop(self.asked.remove(&pid)),
        }
        Ok(())
    }
}

/// seccomp(SECCOMP_SET_MODE_FILTER, …) or prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, …).
fn is_request(number: u64, arguments: &[u64; 6]) -> bool {
    let by_seccomp =
        number == libc::SYS_seccomp as u64 && arguments[0] as u32 == libc::SECCOMP_SET_MODE_FILTER;
    let by_prctl = number == libc::SYS_prctl as u64
        && arguments[0] as i32 == libc::PR_SET_SECCOMP
        && arguments[1] as u32 == libc::SECCOMP_MODE_FILTER;
    by_seccomp || by_prctl
}

/// The program that a struct sock_fprog leads to; none if the kernel would not take it.
fn read(pid: Pid, place: usize) -> nix::Result<Option<Filter>> {
    let head = kernel::trace_read(pid, place, 16)?;
    let (length, place) = head.split_at(8);
    let length = u16::from_ne_bytes([length[0], length[1]]);
    let place = u64::from_ne_bytes(place.try_into().expect("eight bytes"));
    let size = usize::from(length) * size_of::<Instruction>();
    let bytes = kernel::trace_read(pid, place as usize, size)?;
    Ok(Filter::from_bytes(&bytes).ok())
}

/// The thread group of a thread: its process.
fn group(thread: Pid) -> Pid {
    let group = Witness { pid: thread }.status("Tgid");
    let number = group.ok().and_then(|number| number.parse().ok());
    number.map_or(thread, Pid::from_raw)
}
