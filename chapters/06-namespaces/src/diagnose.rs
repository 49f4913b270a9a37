//! Why it failed on this machine: looked up and tried, never guessed from the errno.

use std::fs;
use std::path::Path;

use groundwork::error::{Advice, Diagnose};
use groundwork::host::{self, Facts};
use groundwork::kernel::{self, CallError};
use nix::errno::Errno;

use crate::error::Error;
use crate::kinds::Kind;
use crate::maps::{Ids, Range};
use crate::mounts::{self, MountPoint};
use crate::registry;

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

fn unshare(kinds: &[Kind], call: &CallError) -> Option<Advice> {
    for kind in kinds {
        if !Path::new("/proc/self/ns").join(kind.name()).exists()
            && Path::new("/proc/self").exists()
        {
            return Some(Advice::because(format!(
                "this kernel has no {kind} namespaces: /proc/self/ns/{kind} is missing"
            )));
        }
        let setting = format!("/proc/sys/user/max_{kind}_namespaces");
        if call.errno() == Errno::ENOSPC && read(&setting) == "0" {
            return Some(Advice::new(
                format!("{setting} is 0: this machine allows none"),
                format!("as root: sysctl user.max_{kind}_namespaces=10000"),
            ));
        }
    }
    if kinds.contains(&Kind::User) {
        return host::user_namespaces(&Facts::here()).advice();
    }
    without(Capability::SysAdmin)
}

/// AppArmor lets a program make a user namespace, then takes its powers away: nothing that
/// it does inside succeeds.
fn map(call: &CallError) -> Option<Advice> {
    let setting = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns";
    if read(setting) == "1" && !has(Capability::SysAdmin) {
        return Some(Advice::new(
            "AppArmor lets a program make a user namespace here, then takes its powers away",
            "era doctor --fix apparmor   (a profile for our programs; nothing else changes)",
        ));
    }
    let allowed = read("/proc/self/setgroups");
    if mentions(call, "allow") && allowed == "deny" {
        return Some(Advice::new(
            "setgroups is denied in this user namespace already, and that is for good",
            "leave out --setgroups=allow, or start from a namespace that has it",
        ));
    }
    if mentions(call, "gid_map") && allowed == "allow" {
        return Some(Advice::because(
            "a group may only be mapped without privilege after setgroups is denied",
        ));
    }
    None
}

fn add_further_ids(user: &str) -> String {
    let range = |ids| {
        let first = registry::first_free(ids);
        format!("{first}-{}", u64::from(first) + 65_535)
    };
    let (users, groups) = (range(Ids::Users), range(Ids::Groups));
    format!("as root: usermod --add-subuids {users} --add-subgids {groups} {user}")
}

fn further_ids(program: &str, me: (u32, u32), first: u32, count: u32) -> Option<Advice> {
    let ids = [Ids::Users, Ids::Groups]
        .into_iter()
        .find(|ids| ids.helper() == program)?;
    let (uid, gid) = me;
    let user = registry::name_of(uid).unwrap_or_else(|| uid.to_string());
    let file = ids.registry();
    let last = u64::from(first) + u64::from(count) - 1;
    let owned = registry::all_owned(ids, uid);
    let has_it = owned.iter().any(|range| {
        let end = u64::from(range.outer) + u64::from(range.count);
        range.outer <= first && last < end
    });
    if has_it {
        let primary = registry::primary_group(uid).filter(|primary| *primary != gid)?;
        return Some(Advice::new(
            format!(
                "{user} has group {gid} now and {primary} in passwd: {program} wants them equal"
            ),
            format!("newgrp - {primary}"),
        ));
    }
    let fix = match owned.first() {
        Some(Range { outer, count, .. }) => format!(
            "choose from {outer}-{}, which {file} gives to {user}",
            outer + (count - 1)
        ),
        None => add_further_ids(&user),
    };
    let why = format!("{file} does not give {first}-{last} to {user}");
    Some(Advice::new(why, fix))
}

fn keep(kind: Kind, file: &Path, call: &CallError) -> Option<Advice> {
    if !file.exists() {
        return Some(Advice::new(
            "a namespace is mounted on a file that is there already",
            format!("touch {}", file.display()),
        ));
    }
    if call.errno() == Errno::EPERM || call.errno() == Errno::EACCES {
        return Some(Advice::new(
            "to mount in the mount namespace of the caller wants CAP_SYS_ADMIN there",
            "keep it from a shell that is root of its own mounts: era-unshare -rm",
        ));
    }
    if kind == Kind::Pid && !Path::new("/proc/self/ns/pid_for_children").exists() {
        return Some(Advice::new(
            "a PID namespace has no file before it has a first process",
            "add --fork",
        ));
    }
    let mount = mounts::holding(file)?;
    (kind == Kind::Mnt && mount.is_shared).then(|| {
        let folder = mounts::folder_of(file);
        let folder = folder.display();
        Advice::new(
            format!(
                "{} is a shared mount: a mount namespace kept there would hold itself",
                mount.at.display()
            ),
            format!("mount --bind {folder} {folder}; mount --make-private {folder}"),
        )
    })
}

fn mount_proc(at: &Path, call: &CallError) -> Option<Advice> {
    if !at.is_dir() {
        return Some(Advice::new(
            format!("{} is not a directory here", at.display()),
            format!("mkdir {}", at.display()),
        ));
    }
    if call.errno() != Errno::EPERM {
        return None;
    }
    let mounts = mounts::all();
    let masked: Vec<_> = mounts
        .iter()
        .filter(|mount| mount.is_below("/proc"))
        .collect();
    if mounts::in_a_user_namespace() && !masked.is_empty() {
        let names: Vec<_> = masked.iter().take(2).map(|mount| mount.shown()).collect();
        return Some(Advice::new(
            format!(
                "parts of /proc are covered ({}): the kernel gives no fuller view",
                names.join(", ")
            ),
            "start the outer container with --security-opt systempaths=unconfined",
        ));
    }
    let has_proc = mounts.iter().any(MountPoint::is_whole_proc);
    if mounts::in_a_user_namespace() && !has_proc {
        return Some(Advice::because(
            "no /proc is in sight here, and the kernel gives a new one only beside an old",
        ));
    }
    if mounts::in_a_user_namespace() && !mounts::owns_its_pid_namespace() {
        return Some(Advice::new(
            "the PID namespace is not ours: it belongs to a user namespace further out",
            "add --pid --fork",
        ));
    }
    without(Capability::SysAdmin)
}

fn pivot(new_root: &Path, call: &CallError) -> Option<Advice> {
    path(new_root).or_else(|| match call.errno() {
        Errno::EINVAL if mounts::all().iter().all(|mount| mount.at != Path::new("/")) => {
            Some(Advice::new(
                "this process was put into a chroot: its / is no mount point",
                "start from outside of the chroot",
            ))
        }
        _ => without(Capability::SysAdmin),
    })
}

/// Which part of a path is missing.
fn path(dir: &Path) -> Option<Advice> {
    if dir.is_dir() {
        return without(Capability::SysChroot);
    }
    if dir.exists() {
        return Some(Advice::because(format!(
            "{} is there, but is no directory",
            dir.display()
        )));
    }
    let missing = dir
        .ancestors()
        .filter(|part| !part.as_os_str().is_empty() && fs::symlink_metadata(part).is_err())
        .last()?;
    Some(Advice::new(
        format!("there is no {}", missing.display()),
        format!("mkdir -p {}", dir.display()),
    ))
}

fn identity(call: &CallError) -> Option<Advice> {
    if call.errno() == Errno::EINVAL {
        let file = if call.call.name == "setuid" {
            "uid_map"
        } else {
            "gid_map"
        };
        return Some(Advice::new(
            format!("no line of /proc/self/{file} has this id: it is nobody's in this namespace"),
            "map it: --map-root-user, --map-auto, --map-users",
        ));
    }
    if call.call.name == "setgroups" && read("/proc/self/setgroups") == "deny" {
        return Some(Advice::new(
            "setgroups is denied in this user namespace",
            "map groups by --map-auto or --map-groups, which leaves it allowed",
        ));
    }
    None
}

fn clock(call: &CallError) -> Option<Advice> {
    (call.errno() == Errno::ERANGE).then(|| {
        let uptime = read("/proc/uptime");
        let seconds = uptime.split('.').next().unwrap_or_default().to_owned();
        Advice::because(format!(
            "a clock may not go below zero: this machine runs for {seconds} s"
        ))
    })
}

fn exec(program: &str, call: &CallError) -> Option<Advice> {
    match call.errno() {
        Errno::ENOENT if program.contains('/') && fs::symlink_metadata(program).is_ok() => {
            Some(Advice::new(
                format!("{program} is there; what starts it is not (interpreter or loader)"),
                "era-chroot why ROOT CMD says which link of the chain is missing",
            ))
        }
        Errno::ENOENT if program == "newuidmap" || program == "newgidmap" => Some(Advice::new(
            format!("{program} writes maps of further ids, and no folder of PATH has it"),
            "install it: Debian and Ubuntu call the package uidmap, others shadow-utils",
        )),
        Errno::ENOENT if !program.contains('/') => Some(Advice::because(format!(
            "no folder of PATH has a program {program:?} in this root"
        ))),
        Errno::EACCES if Path::new(program).is_dir() => {
            Some(Advice::because(format!("{program} is a directory")))
        }
        Errno::EACCES if Path::new(program).is_file() => Some(Advice::new(
            format!("{program} may not be executed: its mode has no x for us, or its mount noexec"),
            format!("chmod +x {program}"),
        )),
        _ => None,
    }
}

fn target(pid: i32) -> Option<Advice> {
    (!Path::new(&format!("/proc/{pid}")).exists()).then(|| {
        Advice::new(
            format!("no process has the number {pid} here"),
            "era-lsns, or ps, shows who is there",
        )
    })
}

/// To look at a namespace of a process wants as much right over it as a debugger needs.
fn open_namespace(path: &Path) -> Option<Advice> {
    use std::os::unix::fs::MetadataExt;
    let process = path.parent()?.parent()?;
    if process.parent() != Some(Path::new("/proc")) {
        return (fs::symlink_metadata(path).is_err())
            .then(|| Advice::because(format!("there is no {}", path.display())));
    }
    let pid = process.file_name()?.to_str()?.parse().ok()?;
    target(pid).or_else(|| {
        let owner = fs::metadata(process).ok()?.uid();
        (owner != kernel::Uid::effective().as_raw()).then(|| {
            Advice::new(
                format!("process {pid} belongs to user {owner}, and we are somebody else"),
                "as that user, or as root",
            )
        })
    })
}

fn enter(kinds: &[Kind], pid: Option<i32>, call: &CallError) -> Option<Advice> {
    let pid = pid?;
    let link = |process: &str| fs::read_link(format!("/proc/{process}/ns/user")).ok();
    let (ours, theirs) = (link("self")?, link(&pid.to_string()));
    let Some(theirs) = theirs else {
        return open_namespace(Path::new(&format!("/proc/{pid}/ns/user")));
    };
    if call.errno() == Errno::EINVAL && kinds.contains(&Kind::User) && ours == theirs {
        return Some(Advice::new(
            "we are in that user namespace already, and setns(2) refuses to enter it again",
            "leave out --user",
        ));
    }
    if call.errno() != Errno::EPERM {
        return None;
    }
    if ours != theirs && !kinds.contains(&Kind::User) && !has(Capability::SysAdmin) {
        return Some(Advice::new(
            "these views belong to another user namespace, where we have no capability",
            "add --user: entering it first gives its capabilities, if you made it",
        ));
    }
    let advice = without(Capability::SysAdmin)?;
    Some(Advice::new(advice.why, "as root"))
}

/// Whether an argument of the call has this word in it.
fn mentions(call: &CallError, word: &str) -> bool {
    call.call
        .args
        .iter()
        .any(|argument| argument.contains(word))
}
