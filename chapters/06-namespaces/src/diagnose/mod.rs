//! Why it failed on this machine: looked up and tried, never guessed from the errno.

use std::fs;

use groundwork::error::{Advice, Diagnose};
use groundwork::kernel::{self, CallError};
use groundwork::process;
use nix::errno::Errno;

use crate::error::Error;

mod entering;
mod making;
mod mounting;

use entering::{enter, open_namespace, target};
use making::{add_further_ids, clock, further_ids, identity, map, unshare};
use mounting::{keep, mount_proc, path, pivot};

impl Diagnose for Error {
    fn diagnose(&self) -> Option<Advice> {
        match self {
            Error::Unshare { kinds, call } => unshare(kinds, call),
            Error::WriteMap { call, .. } | Error::Setgroups(call) => map(call),
            Error::Helper {
                program,
                uid,
                gid,
                first,
                count,
                ..
            } => further_ids(program, (*uid, *gid), *first, *count),
            Error::BadRange { .. } => Some(Advice::new(
                "a map is OUTER,INNER,COUNT, or INNER:OUTER:COUNT, or auto",
                "--map-users=auto   (what /etc/subuid gives you, from 0 on)",
            )),
            Error::NoFurtherIds { user, file } => Some(Advice::new(
                format!("no line of {file} begins with {user}: or its number"),
                add_further_ids(user),
            )),
            Error::Keep { kind, file, call } => keep(*kind, file, call),
            Error::MountProc { at, call } => mount_proc(at, call),
            Error::Pivot { new_root, call } => pivot(new_root, call),
            Error::Root { dir, .. } | Error::Directory { dir, .. } => path(dir),
            Error::Identity(call) => identity(call),
            Error::Clock { call, .. } => clock(call),
            Error::Exec { program, call } => exec(program, call),
            Error::Hostname(_) => without(Capability::SysAdmin),
            Error::Target { pid, .. } => target(*pid),
            Error::OpenNamespace { path, .. } | Error::Read { path, .. } => open_namespace(path),
            Error::Enter { kinds, pid, call } => enter(kinds, *pid, call),
            _ => None,
        }
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(path)
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// A capability that decides here.
#[derive(Clone, Copy)]
enum Capability {
    SysAdmin,
    SysChroot,
}

fn has(capability: Capability) -> bool {
    let bit = match capability {
        Capability::SysAdmin => kernel::CAP_SYS_ADMIN,
        Capability::SysChroot => kernel::CAP_SYS_CHROOT,
    };
    kernel::capget().is_ok_and(|sets| sets.effective >> bit & 1 == 1)
}

fn without(capability: Capability) -> Option<Advice> {
    let name = match capability {
        Capability::SysAdmin => "CAP_SYS_ADMIN",
        Capability::SysChroot => "CAP_SYS_CHROOT",
    };
    (!has(capability)).then(|| {
        Advice::new(
            format!("only who has {name} may, and this process does not"),
            "add --map-root-user (-r): root of a user namespace of your own",
        )
    })
}

fn exec(program: &str, call: &CallError) -> Option<Advice> {
    let is_helper = program == "newuidmap" || program == "newgidmap";
    match call.errno() {
        Errno::ENOENT if is_helper => Some(Advice::new(
            format!("{program} writes maps of further ids, and no folder of PATH has it"),
            "install it: Debian and Ubuntu call the package uidmap, others shadow-utils",
        )),
        _ => process::why_not_started(program, call),
    }
}

/// Whether an argument of the call has this word in it.
fn mentions(call: &CallError, word: &str) -> bool {
    call.call
        .args
        .iter()
        .any(|argument| argument.contains(word))
}
