//! Filters for system calls: seccomp(2).

use nix::errno::Errno;

use super::child::{At, Stopped};
use super::{Facts, Seen, reasons};
use crate::error::Advice;
use crate::kernel::{self, CallError, impossible};

/// Refuses uname(2) to a child with an errno that it never gives, and sees it given.
pub(super) fn seccomp(facts: &Facts) -> Seen {
    let tried = facts.attempt("seccomp", || {
        kernel::prctl_set_no_new_privs().at("no_new_privs")?;
        let filter = kernel::refusal(&[nix::libc::SYS_uname], Errno::EXDEV);
        kernel::seccomp_set_mode_filter(&[], &filter).at("filter")?;
        match nix::sys::utsname::uname() {
            Err(Errno::EXDEV) => Ok("a filter was installed, and it refused".to_owned()),
            other => Err(Stopped::Failed(format!(
                "a filter was installed, and uname(2) still gave {:?}",
                other.map(drop)
            ))),
        }
    });
    let stopped = match tried {
        Ok(what) => return Seen::works(what),
        Err(stopped) => stopped,
    };
    match stopped.call().map(kernel::CallError::errno) {
        Some(Errno::EINVAL | Errno::ENOSYS) if facts.status("Seccomp").is_none() => {
            Seen::absent("this kernel was built without it (CONFIG_SECCOMP_FILTER)")
        }
        _ => reasons::unexplained(facts, &stopped),
    }
}

/// Whether a seccomp filter around this process refused a call. Asked by the same call with
/// arguments that are none: the kernel would complain about those.
pub(super) fn refusing(facts: &Facts, refused: &CallError) -> Option<Advice> {
    if !impossible::behind_a_filter() {
        return None;
    }
    let name = refused.call.name.as_str();
    if impossible::asks_first(name).is_some_and(|capability| !facts.capable(capability)) {
        return None;
    }
    let said_by_the_kernel = [Errno::EFAULT, Errno::EINVAL, Errno::EBADF, Errno::E2BIG];
    let answer = impossible::without_arguments(name)?;
    if answer != refused.errno() || said_by_the_kernel.contains(&answer) {
        return None;
    }
    let whose = reasons::whose_filter(facts);
    Some(Advice::new(
        format!("{whose} refuses {name}, whatever its arguments"),
        reasons::without_filter(facts),
    ))
}
