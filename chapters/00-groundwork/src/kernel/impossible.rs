//! System calls with arguments that are none. The kernel says so (EFAULT, EINVAL, EBADF); a
//! seccomp(2) filter that looks at the call's number alone never gets that far.

#![allow(unsafe_code)]

use nix::errno::Errno;
use nix::libc;

use super::capability_names::{CAP_SETGID, CAP_SYS_ADMIN};

/// A call that does nothing when every argument is -1: no address, no descriptor, no flag.
struct Impossible {
    name: &'static str,
    number: libc::c_long,
    /// The capability that the kernel asks for before it looks at the arguments.
    asks: Option<u8>,
}

const fn call(name: &'static str, number: libc::c_long) -> Impossible {
    Impossible {
        name,
        number,
        asks: None,
    }
}

const fn asking(capability: u8, name: &'static str, number: libc::c_long) -> Impossible {
    Impossible {
        name,
        number,
        asks: Some(capability),
    }
}

const CALLS: &[Impossible] = &[
    call("capset", libc::SYS_capset),
    call("chdir", libc::SYS_chdir),
    call("chroot", libc::SYS_chroot),
    call("clone3", libc::SYS_clone3),
    call("execve", libc::SYS_execve),
    call("lremovexattr", libc::SYS_lremovexattr),
    call("lsetxattr", libc::SYS_lsetxattr),
    call("mount", libc::SYS_mount),
    call("pidfd_open", libc::SYS_pidfd_open),
    asking(CAP_SYS_ADMIN, "pivot_root", libc::SYS_pivot_root),
    call("prctl", libc::SYS_prctl),
    call("seccomp", libc::SYS_seccomp),
    call("setgid", libc::SYS_setgid),
    asking(CAP_SETGID, "setgroups", libc::SYS_setgroups),
    asking(CAP_SYS_ADMIN, "sethostname", libc::SYS_sethostname),
    call("setns", libc::SYS_setns),
    call("setuid", libc::SYS_setuid),
    call("umount2", libc::SYS_umount2),
    call("unshare", libc::SYS_unshare),
];

fn listed(name: &str) -> Option<&'static Impossible> {
    CALLS.iter().find(|call| call.name == name)
}

/// The number of such a call. None for one that could do something.
#[cfg(feature = "inject")]
pub(crate) fn number(name: &str) -> Option<i64> {
    listed(name).map(|call| call.number)
}

/// The capability that the kernel asks for before it looks at the arguments of this call.
pub(crate) fn asks_first(name: &str) -> Option<u8> {
    listed(name)?.asks
}

/// Makes a call with arguments that are none, and gives the errno. None for a call that
/// could do something then.
pub(crate) fn without_arguments(name: &str) -> Option<Errno> {
    let call = listed(name)?;
    // SAFETY: -1 is no address of ours, no open descriptor, no id and no set of flags: each
    // of the calls in the list fails before it changes anything, as its man page has it.
    let result = unsafe { libc::syscall(call.number, -1, -1, -1, -1, -1, -1) };
    Errno::result(result).err()
}

/// Whether this process has a seccomp filter: PR_GET_SECCOMP in prctl(2), which needs no
/// /proc.
pub(crate) fn behind_a_filter() -> bool {
    // SAFETY: PR_GET_SECCOMP takes no address. In strict mode it would end us, and nobody
    // executes a program in that.
    let mode = unsafe { libc::prctl(libc::PR_GET_SECCOMP, 0, 0, 0, 0) };
    // SECCOMP_MODE_FILTER. Refused, it was a filter that did it.
    mode == 2 || mode == -1
}
