//! What a signal does to this process: signal(7). Only what is sent is narrated, not what we
//! do with it: that makes no container.

#![allow(unsafe_code)]

use std::panic::Location;

use nix::sys::signal::{self, SigSet, SigmaskHow, Signal};
use nix::unistd::Pid;

use crate::narrate::{self, Call, Event, Returned};

/// From now on `signal` does what it does by default: signal(2) with SIG_DFL.
pub fn default_action(signal: Signal) {
    // SAFETY: no handler of ours is installed or replaced, so none can run at a bad moment.
    let _ = unsafe { signal::signal(signal, signal::SigHandler::SigDfl) };
}

/// Ends this process by `signal`, if that is what it does by default: kill(2) of ourselves.
#[track_caller]
pub fn end_by_signal(signal: Signal) {
    default_action(signal);
    let _ = signal::sigprocmask(SigmaskHow::SIG_UNBLOCK, Some(&SigSet::from(signal)), None);
    let myself = Pid::this();
    // Told first: afterwards nobody is left to tell it.
    if narrate::enabled() {
        narrate::tell(&Event::Call {
            pid: myself.as_raw(),
            call: Call {
                name: "kill".to_owned(),
                args: vec![myself.to_string(), signal.to_string()],
                man: "kill(2)".to_owned(),
            },
            result: Returned::Ok(0),
            at: Location::caller().into(),
        });
    }
    let _ = signal::kill(myself, signal);
}

/// Stops this process until somebody sends SIGCONT.
#[track_caller]
pub fn stop_here() {
    let _ = super::kill(Pid::this(), Signal::SIGSTOP);
}
