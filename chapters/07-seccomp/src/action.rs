//! What a filter can answer: the return values of seccomp(2), the strictest first.

use std::fmt;

use nix::errno::Errno;
use nix::libc;

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// SECCOMP_RET_KILL_PROCESS: the whole process ends, as if by SIGSYS.
    KillProcess,
    /// SECCOMP_RET_KILL_THREAD: this thread alone ends.
    KillThread,
    /// SECCOMP_RET_TRAP: the thread gets SIGSYS, which it may handle.
    Trap,
    /// SECCOMP_RET_ERRNO: the call is not made, and fails with this error.
    Errno(u16),
    /// SECCOMP_RET_USER_NOTIF: a supervisor decides.
    Notify,
    /// SECCOMP_RET_TRACE: a tracer decides, and is told this number.
    Trace(u16),
    /// SECCOMP_RET_LOG: the call is made, and written to the kernel's audit log.
    Log,
    /// SECCOMP_RET_ALLOW: the call is made.
    Allow,
}

impl Action {
    /// The number that a program returns for it: the action above, its data in the low half.
    pub const fn value(self) -> u32 {
        match self {
            Action::KillProcess => libc::SECCOMP_RET_KILL_PROCESS,
            Action::KillThread => libc::SECCOMP_RET_KILL_THREAD,
            Action::Trap => libc::SECCOMP_RET_TRAP,
            Action::Errno(errno) => libc::SECCOMP_RET_ERRNO | errno as u32,
            Action::Notify => libc::SECCOMP_RET_USER_NOTIF,
            Action::Trace(message) => libc::SECCOMP_RET_TRACE | message as u32,
            Action::Log => libc::SECCOMP_RET_LOG,
            Action::Allow => libc::SECCOMP_RET_ALLOW,
        }
    }

    /// What the kernel does for a returned number: one that it does not know kills the
    /// process, see seccomp(2).
    pub const fn of_value(value: u32) -> Action {
        let data = (value & libc::SECCOMP_RET_DATA) as u16;
        match value & libc::SECCOMP_RET_ACTION_FULL {
            libc::SECCOMP_RET_KILL_THREAD => Action::KillThread,
            libc::SECCOMP_RET_TRAP => Action::Trap,
            libc::SECCOMP_RET_ERRNO => Action::Errno(data),
            libc::SECCOMP_RET_USER_NOTIF => Action::Notify,
            libc::SECCOMP_RET_TRACE => Action::Trace(data),
            libc::SECCOMP_RET_LOG => Action::Log,
            libc::SECCOMP_RET_ALLOW => Action::Allow,
            _ => Action::KillProcess,
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::KillProcess => f.write_str("kill-process"),
            Action::KillThread => f.write_str("kill-thread"),
            Action::Trap => f.write_str("trap"),
            Action::Errno(number) => write!(f, "errno {}", errno_name(*number)),
            Action::Notify => f.write_str("notify"),
            Action::Trace(message) => write!(f, "trace {message}"),
            Action::Log => f.write_str("log"),
            Action::Allow => f.write_str("allow"),
        }
    }
}

/// The name of an error, as errno(3) has it; its number where it has none.
pub fn errno_name(number: u16) -> String {
    match Errno::from_raw(i32::from(number)) {
        Errno::UnknownErrno => number.to_string(),
        errno => format!("{errno:?}"),
    }
}

/// The number of an error, from its name or from digits.
pub fn errno_number(word: &str) -> Option<u16> {
    let known = (1..=4095).find(|number| errno_name(*number) == word);
    known.or_else(|| word.parse().ok().filter(|number| *number <= 4095))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_the_kernel_does_not_know_kills_the_process() {
        assert_eq!(Action::of_value(0x1234_0000), Action::KillProcess);
        assert_eq!(
            Action::of_value(libc::SECCOMP_RET_ERRNO | 38),
            Action::Errno(38)
        );
    }

    #[test]
    fn errors_go_by_name_and_by_number() {
        assert_eq!(errno_number("ENOSYS"), Some(38));
        assert_eq!(errno_number("38"), Some(38));
        assert_eq!(errno_number("ENOSUCH"), None);
        assert_eq!(Action::Errno(1).to_string(), "errno EPERM");
    }
}
