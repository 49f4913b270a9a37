//! What a waiting parent does with the signals that it is sent.

use nix::sys::signal::{SigSet, SigmaskHow, sigprocmask};

use crate::kernel::Signal;

/// What a waiting parent does with the signals that it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relay {
    /// Sends them on to the child.
    Forward,
    /// Takes them and does nothing, as unshare(1) does with SIGINT and SIGTERM.
    Swallow,
}

/// The signals that a parent holds back unless told otherwise.
pub(super) const ALL: &[Signal] = &[
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
];

/// Signals that wait: from before the child exists until it has ended, so that none is
/// lost between the two. Whoever has to clean up afterwards holds them for longer; then the
/// child lets them go for itself, since it inherits what is held.
#[derive(Debug)]
pub struct HeldSignals {
    held: SigSet,
    /// Those that were not held before: only these are let go again.
    ours: SigSet,
}

impl HeldSignals {
    pub(super) fn hold(signals: &[Signal]) -> Self {
        let held: SigSet = signals.iter().copied().collect();
        let mut before = SigSet::empty();
        let _ = sigprocmask(SigmaskHow::SIG_BLOCK, Some(&held), Some(&mut before));
        let ours = signals
            .iter()
            .copied()
            .filter(|signal| !before.contains(*signal));
        HeldSignals {
            held,
            ours: ours.collect(),
        }
    }

    /// Holds those that end a program by default.
    pub fn hold_all() -> Self {
        Self::hold(ALL)
    }

    pub(super) fn set(&self) -> &SigSet {
        &self.held
    }

    /// Lets them come again; what came meanwhile comes now.
    pub fn release(&self) {
        let _ = sigprocmask(SigmaskHow::SIG_UNBLOCK, Some(&self.ours), None);
    }
}

impl Drop for HeldSignals {
    fn drop(&mut self) {
        self.release();
    }
}
