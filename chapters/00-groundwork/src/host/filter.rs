//! Filters for system calls: seccomp(2).

use nix::errno::Errno;

use super::child::{At, Stopped};
use super::{Facts, Seen};
use crate::kernel;

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
        _ => super::reasons::unexplained(facts, &stopped),
    }
}
