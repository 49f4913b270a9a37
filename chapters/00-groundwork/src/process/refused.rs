//! Why execve(2) would not start a program.

use std::fs;
use std::path::Path;

use nix::errno::Errno;

use crate::error::{Advice, shell_word};
use crate::kernel::CallError;

/// Why a program was not started, by looking at its file in the root that we have.
pub fn why_not_started(program: &str, call: &CallError) -> Option<Advice> {
    match call.errno() {
        Errno::ENOENT if program.contains('/') && fs::symlink_metadata(program).is_ok() => {
            Some(Advice::new(
                format!("{program} is there; what starts it is not (interpreter or loader)"),
                "era-chroot why ROOT CMD says which link of the chain is missing",
            ))
        }
        Errno::ENOENT if !program.contains('/') => Some(Advice::because(format!(
            "no folder of PATH has a program {program:?} in this root"
        ))),
        Errno::ENOENT => Some(Advice::because(format!(
            "there is no {} here",
            shell_word(missing(Path::new(program)))
        ))),
        Errno::EACCES if Path::new(program).is_dir() => {
            Some(Advice::because(format!("{program} is a directory")))
        }
        Errno::EACCES if is_noexec(program) => Some(Advice::new(
            format!("{program} lies on a file system that is mounted noexec"),
            "copy it to another one",
        )),
        Errno::EACCES if Path::new(program).is_file() => Some(Advice::new(
            format!("{program} may not be executed: its mode has no x for us"),
            format!("chmod +x {}", shell_word(program)),
        )),
        _ => None,
    }
}

/// The first part of a path that is not there.
fn missing(path: &Path) -> &Path {
    let is_missing =
        |part: &&Path| !part.as_os_str().is_empty() && fs::symlink_metadata(part).is_err();
    path.ancestors()
        .take_while(is_missing)
        .last()
        .unwrap_or(path)
}

/// Whether nothing may be executed on the file system of this file: statvfs(3).
fn is_noexec(program: &str) -> bool {
    use nix::sys::statvfs::{FsFlags, statvfs};
    statvfs(program).is_ok_and(|system| system.flags().contains(FsFlags::ST_NOEXEC))
}
