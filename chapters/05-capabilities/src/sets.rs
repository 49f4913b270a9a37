//! The five sets of a process: capabilities(7), "Thread capability sets".

use groundwork::kernel::{self, CapabilitySets, Securebits};

use crate::set::CapSet;

/// The five sets of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sets {
    /// What it may use.
    pub permitted: CapSet,
    /// What is on: this is what the kernel checks.
    pub effective: CapSet,
    /// What it hands on to a program whose file asks for it.
    pub inheritable: CapSet,
    /// The most that it can ever get by execve(2).
    pub bounding: CapSet,
    /// What it hands on to any program, if it is another user than root.
    pub ambient: CapSet,
}

impl Sets {
    /// Of this process, asked of the kernel without /proc.
    pub fn of_this_process() -> kernel::Result<Self> {
        let sets = kernel::capget()?;
        Ok(Sets {
            permitted: CapSet::from_bits(sets.permitted),
            effective: CapSet::from_bits(sets.effective),
            inheritable: CapSet::from_bits(sets.inheritable),
            bounding: CapSet::from_bits(kernel::bounding_set()),
            ambient: CapSet::from_bits(kernel::ambient_set()),
        })
    }

    /// The three that capset(2) sets.
    pub fn three(&self) -> CapabilitySets {
        CapabilitySets {
            effective: self.effective.bits(),
            permitted: self.permitted.bits(),
            inheritable: self.inheritable.bits(),
        }
    }

    /// What a program has that is not root and is executed as user `uid`: no file has
    /// capabilities of its own, and none is set-user-ID.
    // ANCHOR: execve
    pub fn after_execve(&self, uid: u32, bits: Securebits, no_new_privs: bool) -> Sets {
        let root = uid == 0 && !bits.contains(Securebits::NOROOT);
        let all = self.inheritable.union(self.bounding).union(self.ambient);
        let permitted = match (root, no_new_privs) {
            (true, false) => all,
            (true, true) => all.intersection(self.permitted),
            (false, _) => self.ambient,
        };
        Sets {
            permitted,
            effective: permitted,
            ..*self
        }
    }
    // ANCHOR_END: execve
}
