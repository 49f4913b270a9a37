//! Who this process is, and the maps of a user namespace: credentials(7).

use std::io::Write;
use std::path::Path;

use nix::unistd::{Gid, Uid};

use super::{Result, call, quoted};

/// Becomes the user `uid`: setuid(2). With CAP_SETUID all three ids change.
#[track_caller]
pub fn setuid(uid: Uid) -> Result<()> {
    call(
        "setuid",
        "setuid(2)",
        || vec![uid.to_string()],
        || nix::unistd::setuid(uid),
    )
}

/// Takes `gid` as its group: setgid(2).
#[track_caller]
pub fn setgid(gid: Gid) -> Result<()> {
    call(
        "setgid",
        "setgid(2)",
        || vec![gid.to_string()],
        || nix::unistd::setgid(gid),
    )
}

/// Sets the supplementary groups: setgroups(2). An empty list drops them all.
#[track_caller]
pub fn setgroups(groups: &[Gid]) -> Result<()> {
    call(
        "setgroups",
        "setgroups(2)",
        || {
            let list: Vec<_> = groups.iter().map(Gid::to_string).collect();
            vec![groups.len().to_string(), format!("[{}]", list.join(", "))]
        },
        || nix::unistd::setgroups(groups),
    )
}

/// Writes a small file of the kernel in one write(2), as /proc/PID/uid_map wants it.
///
/// `man` names the page that explains this file: a write to it is a request to the kernel.
/// A file that cannot be opened is told as the open(2) that failed.
#[track_caller]
pub fn write_file(path: impl AsRef<Path>, text: &str, man: &'static str) -> Result<()> {
    let path = path.as_ref();
    let errno = |error: std::io::Error| {
        nix::errno::Errno::from_raw(error.raw_os_error().unwrap_or(nix::libc::EIO))
    };
    let opened = std::fs::OpenOptions::new().write(true).open(path);
    let mut file = match opened.map_err(errno) {
        Ok(file) => file,
        Err(errno) => {
            let args = || vec![quoted(path), "O_WRONLY".to_owned()];
            return call("open", "open(2)", args, || Err(errno));
        }
    };
    call(
        "write",
        man,
        || vec![quoted(path), quoted(text.trim_end())],
        || {
            // Test builds: `cpu.max=omitted` never writes that file.
            #[cfg(feature = "inject")]
            if path
                .file_name()
                .is_some_and(|name| crate::inject::omits(&name.to_string_lossy()))
            {
                return Ok(text.len());
            }
            file.write(text.as_bytes()).map_err(errno)
        },
    )
    .map(|_: usize| ())
}
