//! Why it failed on this machine: looked up and tried, never guessed from the errno.

use std::path::Path;

use groundwork::error::{Advice, Diagnose, shell_word};
use groundwork::kernel::{CallError, Errno};
use groundwork::process;
use nix::sys::statvfs::{FsFlags, statvfs};
use nix::unistd::{AccessFlags, access};

use crate::error::Error;
use crate::files;
use crate::limits::size;

impl Diagnose for Error {
    fn diagnose(&self) -> Option<Advice> {
        match self {
            Error::NoHierarchy => Some(Advice::new(
                "/proc/self/mountinfo has no line of type cgroup or cgroup2",
                "as root: mount -t cgroup2 none /sys/fs/cgroup",
            )),
            Error::NoHome { why, fix, .. } => Some(Advice {
                why: why.clone(),
                fix: fix.clone(),
            }),
            Error::PlainFolder { folder } => Some(Advice::because(format!(
                "a file written in {} would be a plain file, and limit nobody",
                folder.display()
            ))),
            Error::Exists { name } => Some(Advice::new(
                "a group is a folder, and there is one of this name",
                format!("era-cgroup rm {name}, or another name"),
            )),
            Error::Missing { groups, .. } => Some(missing(groups)),
            Error::Busy { name, .. } => Some(Advice::new(
                "nobody would say any more what these processes may use",
                format!("era-cgroup kill {name}, or wait for them"),
            )),
            Error::Nested { name, .. } => Some(Advice::new(
                "a group with groups below it is not removed alone",
                format!("era-cgroup rm -r {name}"),
            )),
            Error::Make { folder, call } | Error::Remove { folder, call } => {
                folder_of(folder, call)
            }
            Error::Write { call, .. } => write(call),
            Error::OutOfMemory { limit, .. } => Some(Advice::new(
                format!("the kernel counted an out-of-memory kill in the group, limit {limit}"),
                "give it more: --memory",
            )),
            Error::Exec { program, call } => process::why_not_started(program, call),
            _ => None,
        }
    }
}

fn missing(groups: &[String]) -> Advice {
    match groups {
        [] => Advice::new("there is no group of ours", "era-cgroup create NAME"),
        some => Advice::because(format!("there are {}", some.join(", "))),
    }
}

fn folder_of(folder: &Path, call: &CallError) -> Option<Advice> {
    let above = folder.parent()?;
    let is_readonly =
        |path: &Path| statvfs(path).is_ok_and(|about| about.flags().contains(FsFlags::ST_RDONLY));
    match call.errno() {
        Errno::EROFS if is_readonly(above) => Some(Advice::new(
            format!(
                "{} is mounted read-only, as container engines do",
                above.display()
            ),
            "run it outside, or in a container with a cgroup tree of its own to write",
        )),
        Errno::EACCES if access(above, AccessFlags::W_OK).is_err() => Some(Advice::because(
            format!("{} is not ours to write in", above.display()),
        )),
        Errno::EBUSY => {
            let list = files::read(folder, "cgroup.procs").unwrap_or_default();
            let count = list.lines().count();
            Some(Advice::because(format!("{count} processes are in it")))
        }
        _ => None,
    }
}

/// The file that could not be opened or written, by what is in it and around it.
fn write(call: &CallError) -> Option<Advice> {
    let path = call.call.args.first()?.trim_matches('"').to_owned();
    let (folder, file) = (
        Path::new(&path).parent()?,
        Path::new(&path).file_name()?.to_str()?,
    );
    let word = shell_word(&path);
    match (call.errno(), file) {
        (Errno::ESRCH, "cgroup.procs") => Some(Advice::because("no process has this number here")),
        (Errno::EBUSY, "cgroup.subtree_control") => Some(Advice::new(
            format!(
                "processes are in {}, and a group that hands on holds none",
                folder.display()
            ),
            "move them into a group below it",
        )),
        (Errno::EBUSY, "cgroup.procs") => Some(Advice::because(format!(
            "{} hands controllers on to groups below it, and such a group holds no processes",
            folder.display()
        ))),
        (Errno::EBUSY, "memory.limit_in_bytes" | "memory.memsw.limit_in_bytes") => {
            let used = files::number(folder, "memory.usage_in_bytes")?;
            Some(Advice::because(format!(
                "{} are in use and cannot be given up",
                size(used)
            )))
        }
        (Errno::ENODEV, _) if !Path::new(&path).exists() => {
            Some(Advice::because("the group is gone"))
        }
        (Errno::ENODEV, file) if file.starts_with("io.") || file.starts_with("blkio.") => Some(
            Advice::because("no whole block device has this number: a partition cannot be limited"),
        ),
        (Errno::EACCES, "cgroup.procs") if access(Path::new(&path), AccessFlags::W_OK).is_ok() => {
            Some(Advice::because(
                "the process is not ours, or the group that both lie in is not",
            ))
        }
        (Errno::EACCES, _) => Some(Advice::because(format!("{word} is not ours to write"))),
        (Errno::ENOENT, _) if folder.is_dir() => {
            Some(Advice::because(format!("this kernel has no {file} here")))
        }
        (Errno::ENOENT, _) => Some(Advice::because("the group is gone")),
        _ => None,
    }
}
