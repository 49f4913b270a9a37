//! Processes: making them, moving them between namespaces, turning them into programs,
//! signalling them.

#![allow(unsafe_code)]

use std::convert::Infallible;
use std::ffi::{CString, OsStr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::panic::Location;
use std::path::Path;

use nix::errno::Errno;
use nix::libc;
use nix::sched::CloneFlags;
use nix::sys::signal::Signal;
use nix::unistd::Pid;

use super::{CallError, FlagNames, Result, call, quoted};
use crate::narrate::{self, Call, Event};

/// A new time namespace: time_namespaces(7). Younger than nix's list of flags, and known
/// to clone3(2) and unshare(2) but not to clone(2).
pub const CLONE_NEWTIME: CloneFlags = CloneFlags::from_bits_retain(0x80);

/// linux/sched.h: the flag that lies beyond clone(2)'s 32 bits.
const CLONE_INTO_CGROUP: u64 = 1 << 33;

/// In which of two processes clone3(2) returned.
pub enum Cloned {
    /// In the parent: the child's PID, and a descriptor that stands for it.
    Parent(Pid, OwnedFd),
    /// In the child.
    Child,
}

/// Makes a child, in new namespaces for each CLONE_NEW* of `flags`: clone3(2).
///
/// The raw call: the C library's fork handlers do not run. So the child of a program with
/// several threads could find a lock that nobody will ever open; such a program is refused
/// with EDEADLK before the call is made. The child is single-threaded, with a copy of this
/// memory, like after fork(2).
///
/// With `group`, the folder of a control group of v2, the child is born in that group:
/// CLONE_INTO_CGROUP, since Linux 5.7. An older kernel says E2BIG.
#[track_caller]
pub fn clone3(flags: CloneFlags, group: Option<BorrowedFd>) -> Result<Cloned> {
    /// `struct clone_args` of linux/sched.h. Its first version has 64 bytes, and a kernel
    /// takes a longer one that it does not know only if what is new is zero.
    #[repr(C)]
    #[derive(Default)]
    struct CloneArgs {
        flags: u64,
        pidfd: u64,
        child_tid: u64,
        parent_tid: u64,
        exit_signal: u64,
        stack: u64,
        stack_size: u64,
        tls: u64,
        set_tid: u64,
        set_tid_size: u64,
        cgroup: u64,
    }
    let at = Location::caller();
    #[cfg(feature = "inject")]
    let group = group.filter(|_| !crate::inject::omits("CLONE_INTO_CGROUP"));
    let described = || {
        let mut names = format!("{}|CLONE_PIDFD", flags.names()).replacen("0|", "", 1);
        if group.is_some() {
            names += "|CLONE_INTO_CGROUP";
        }
        Call {
            name: "clone3".to_owned(),
            args: vec![names],
            man: "clone(2)".to_owned(),
        }
    };
    let refused = |errno: Errno| CallError {
        call: described(),
        errno: errno as i32,
    };
    if threads() > 1 {
        return Err(refused(Errno::EDEADLK));
    }
    #[cfg(feature = "inject")]
    if let Some(errno) = crate::inject::refuse("clone3") {
        return Err(refused(errno));
    }
    #[cfg(feature = "inject")]
    let flags = crate::inject::kept(flags);
    let mut pidfd: libc::c_int = -1;
    let into_group = match group {
        Some(_) => CLONE_INTO_CGROUP,
        None => 0,
    };
    let mut args = CloneArgs {
        flags: flags.bits() as u32 as u64 | libc::CLONE_PIDFD as u64 | into_group,
        cgroup: group.map_or(0, |group| group.as_raw_fd() as u64),
        pidfd: &raw mut pidfd as u64,
        exit_signal: libc::SIGCHLD as u64,
        ..CloneArgs::default()
    };
    // SAFETY: one thread only (checked above), no new stack: both processes go on from here
    // with their own copy of everything. The kernel writes pidfd in the parent only.
    let result = unsafe { libc::syscall(libc::SYS_clone3, &raw mut args, size_of::<CloneArgs>()) };
    if result == 0 {
        narrate::another_process();
        return Ok(Cloned::Child);
    }
    let pid = Errno::result(result);
    if narrate::enabled() {
        narrate::tell(&Event::Call {
            pid: narrate::myself(),
            call: described(),
            result: match pid {
                Ok(pid) => narrate::Returned::Ok(pid),
                Err(errno) => narrate::Returned::Errno(format!("{errno:?}")),
            },
            at: at.into(),
        });
    }
    let pid = Pid::from_raw(pid.map_err(refused)? as i32);
    // SAFETY: on success the kernel put a new descriptor there, which is ours alone.
    Ok(Cloned::Parent(pid, unsafe { OwnedFd::from_raw_fd(pidfd) }))
}

/// Makes a child, in the namespaces of its parent: fork(2). None in the child.
///
/// For trials whose child calls little and ends at once: programs are started by [`clone3`].
/// A program with more than one thread is refused with EDEADLK, for the same reason.
#[track_caller]
pub fn fork() -> Result<Option<Pid>> {
    let act = || {
        if threads() > 1 {
            return Err(Errno::EDEADLK);
        }
        // SAFETY: one thread only, so the child has a whole copy of everything.
        Errno::result(unsafe { libc::fork() }).map(Pid::from_raw)
    };
    let pid = call("fork", "fork(2)", Vec::new, act)?;
    if pid.as_raw() == 0 {
        narrate::another_process();
    }
    Ok((pid.as_raw() != 0).then_some(pid))
}

/// How many threads this process has; 1 where /proc cannot be read.
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count)
}

/// Moves this process into new namespaces: unshare(2).
///
/// A new PID or time namespace is for its children only; a new user namespace gives it
/// all capabilities there.
#[track_caller]
pub fn unshare(flags: CloneFlags) -> Result<()> {
    #[cfg(feature = "inject")]
    let flags = crate::inject::kept(flags);
    call(
        "unshare",
        "unshare(2)",
        || vec![flags.names()],
        || nix::sched::unshare(flags),
    )
}

/// Moves this process into a namespace that exists: setns(2). `namespace` is a file of
/// /proc/PID/ns, or a pidfd and then `types` may name several.
#[track_caller]
pub fn setns(namespace: impl AsFd, types: CloneFlags) -> Result<()> {
    let fd = namespace.as_fd();
    call(
        "setns",
        "setns(2)",
        || vec![fd.as_raw_fd().to_string(), types.names()],
        || nix::sched::setns(fd, types),
    )
}

/// Turns this process into another program: execve(2). Returns only if it fails.
#[track_caller]
pub fn execve(
    path: impl AsRef<Path>,
    argv: &[impl AsRef<OsStr>],
    envp: &[impl AsRef<OsStr>],
) -> Result<Infallible> {
    let path = path.as_ref();
    let words: Vec<_> = argv
        .iter()
        .map(|word| quoted(Path::new(word.as_ref())))
        .collect();
    let args = || {
        vec![
            quoted(path),
            format!("[{}]", words.join(", ")),
            "…".to_owned(),
        ]
    };
    if narrate::enabled() {
        narrate::tell(&Event::Exec {
            pid: narrate::myself(),
            call: Call {
                name: "execve".to_owned(),
                args: args(),
                man: "execve(2)".to_owned(),
            },
            at: Location::caller().into(),
        });
    }
    let failed = call("execve", "execve(2)", args, || {
        let path = c_string(path.as_os_str())?;
        let argv = c_strings(argv)?;
        let envp = c_strings(envp)?;
        nix::unistd::execve(&path, &argv, &envp).map(|_: Infallible| ())
    });
    Err(failed.expect_err("execve does not return when it succeeds"))
}

fn c_strings(texts: &[impl AsRef<OsStr>]) -> nix::Result<Vec<CString>> {
    texts.iter().map(|text| c_string(text.as_ref())).collect()
}

/// A text with a zero byte in it cannot be an argument: EINVAL, as the shell would say.
fn c_string(text: &OsStr) -> nix::Result<CString> {
    CString::new(text.as_bytes()).map_err(|_| Errno::EINVAL)
}

/// Sends a signal: kill(2).
#[track_caller]
pub fn kill(pid: Pid, signal: Signal) -> Result<()> {
    call(
        "kill",
        "kill(2)",
        || vec![pid.to_string(), signal.to_string()],
        || nix::sys::signal::kill(pid, signal),
    )
}

/// A descriptor that stands for a process, whatever happens to its number: pidfd_open(2).
#[track_caller]
pub fn pidfd_open(pid: Pid) -> Result<OwnedFd> {
    call(
        "pidfd_open",
        "pidfd_open(2)",
        || vec![pid.to_string(), "0".to_owned()],
        || {
            // SAFETY: takes numbers; on success the descriptor is new and ours.
            unsafe {
                Errno::result(libc::syscall(libc::SYS_pidfd_open, pid.as_raw(), 0))
                    .map(|fd| OwnedFd::from_raw_fd(fd as i32))
            }
        },
    )
}

/// Sends a signal to exactly the process behind `pidfd`: pidfd_send_signal(2).
#[track_caller]
pub fn pidfd_send_signal(pidfd: impl AsFd, signal: Signal) -> Result<()> {
    let fd = pidfd.as_fd().as_raw_fd();
    call(
        "pidfd_send_signal",
        "pidfd_send_signal(2)",
        || {
            vec![
                fd.to_string(),
                signal.to_string(),
                "NULL".to_owned(),
                "0".to_owned(),
            ]
        },
        || {
            let info: *const libc::siginfo_t = std::ptr::null();
            // SAFETY: a null siginfo asks the kernel to fill one in as kill(2) does.
            let result =
                unsafe { libc::syscall(libc::SYS_pidfd_send_signal, fd, signal as i32, info, 0) };
            Errno::result(result).map(drop)
        },
    )
}

/// Asks to be sent `signal` when the parent ends: PR_SET_PDEATHSIG in prctl(2).
#[track_caller]
pub fn prctl_set_pdeathsig(signal: Signal) -> Result<()> {
    call(
        "prctl",
        "prctl(2)",
        || vec!["PR_SET_PDEATHSIG".to_owned(), signal.to_string()],
        || nix::sys::prctl::set_pdeathsig(signal),
    )
}

/// Becomes the parent of all orphans among its descendants: PR_SET_CHILD_SUBREAPER in
/// prctl(2).
#[track_caller]
pub fn prctl_set_child_subreaper() -> Result<()> {
    call(
        "prctl",
        "prctl(2)",
        || vec!["PR_SET_CHILD_SUBREAPER".to_owned(), "1".to_owned()],
        || nix::sys::prctl::set_child_subreaper(true),
    )
}

/// Gives up for good what setuid programs and file capabilities would add:
/// PR_SET_NO_NEW_PRIVS in prctl(2).
#[track_caller]
pub fn prctl_set_no_new_privs() -> Result<()> {
    call(
        "prctl",
        "prctl(2)",
        || {
            ["PR_SET_NO_NEW_PRIVS", "1", "0", "0", "0"]
                .map(str::to_owned)
                .to_vec()
        },
        nix::sys::prctl::set_no_new_privs,
    )
}

/// Keeps the permitted capabilities over a change from uid 0: PR_SET_KEEPCAPS in prctl(2).
#[track_caller]
pub fn prctl_set_keepcaps() -> Result<()> {
    call(
        "prctl",
        "prctl(2)",
        || vec!["PR_SET_KEEPCAPS".to_owned(), "1".to_owned()],
        || nix::sys::prctl::set_keepcaps(true),
    )
}

/// Ends this process at once: _exit(2). No destructor runs and no buffer is flushed, which
/// is right for a child that shares its parent's buffers.
pub fn exit_now(status: i32) -> ! {
    // SAFETY: takes a number and does not return.
    unsafe { libc::_exit(status) }
}
