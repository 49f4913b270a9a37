//! What a signal does to this process: signal(7). Not narrated: this is how a parent and
//! its child get along, and makes no container.

#![allow(unsafe_code)]

use nix::libc;
use nix::sys::signal::{self, SigSet, SigmaskHow, Signal};
use nix::unistd::Pid;

/// From now on `signal` does what it does by default: signal(2) with SIG_DFL.
pub fn default_action(signal: Signal) {
    // SAFETY: no handler of ours is installed or replaced, so none can run at a bad moment.
    let _ = unsafe { signal::signal(signal, signal::SigHandler::SigDfl) };
}

/// Ends this process by `signal`, if that is what it does by default.
pub fn end_by_signal(signal: Signal) {
    default_action(signal);
    let _ = signal::sigprocmask(SigmaskHow::SIG_UNBLOCK, Some(&SigSet::from(signal)), None);
    let _ = signal::kill(Pid::this(), signal);
}

/// Stops this process until somebody sends SIGCONT.
pub fn stop_here() {
    let _ = signal::kill(Pid::this(), Signal::SIGSTOP);
}

/// Whether a file carries capabilities(7): the attribute `security.capability`.
pub fn has_file_capabilities(path: &std::path::Path) -> bool {
    use std::os::unix::ffi::OsStrExt;
    let Ok(path) = std::ffi::CString::new(path.as_os_str().as_bytes()) else {
        return false;
    };
    let name = c"security.capability".as_ptr();
    // SAFETY: two C strings that live here; a size of zero asks for the size alone.
    let size = unsafe { libc::getxattr(path.as_ptr(), name, std::ptr::null_mut(), 0) };
    size > 0
}
