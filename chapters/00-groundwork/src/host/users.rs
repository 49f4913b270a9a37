//! User namespaces and subordinate ids: user_namespaces(7), subuid(5).

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::time::Duration;

use nix::mount::MsFlags;

use super::child::{self, At, Stopped};
use super::{Facts, Seen, State, reasons, tools};
use crate::kernel::{self, CloneFlags, Gid, Propagation, Uid};

const MAN: &str = "user_namespaces(7)";
const PATIENCE: Duration = Duration::from_secs(6);

/// Makes this process root of a new user namespace, each step by its name. Who refuses user
/// namespaces does it at different steps: Debian's sysctl and seccomp at the first, a user
/// limit too, AppArmor on Ubuntu at a later one.
pub(super) fn become_root() -> Result<(), Stopped> {
    // Asked before: inside, and without a map yet, everybody is nobody.
    let (uid, gid) = (Uid::effective(), Gid::effective());
    kernel::unshare(CloneFlags::CLONE_NEWUSER).at("unshare")?;
    kernel::write_file("/proc/self/uid_map", &format!("0 {uid} 1"), MAN).at("uid_map")?;
    kernel::write_file("/proc/self/setgroups", "deny", MAN).at("setgroups")?;
    kernel::write_file("/proc/self/gid_map", &format!("0 {gid} 1"), MAN).at("gid_map")
}

/// Takes a mount namespace of its own, from which no mount gets out.
pub(super) fn own_mounts() -> Result<(), Stopped> {
    kernel::unshare(CloneFlags::CLONE_NEWNS).at("mount namespace")?;
    kernel::mount_propagation("/", Propagation::Private).at("mount")
}

/// The whole way: a namespace, its maps, and a mount that only its root may make.
pub(super) fn user_namespaces(facts: &Facts) -> Seen {
    let tried = facts.attempt("userns", || {
        become_root()?;
        own_mounts()?;
        kernel::mount_new("tmpfs", "/", MsFlags::empty(), None).at("mount")?;
        Ok("unshare, uid_map, setgroups, gid_map and a mount".to_owned())
    });
    match tried {
        Ok(what) => Seen::works(what),
        Err(stopped) => reasons::of_user_namespaces(facts, &stopped),
    }
}

/// A range of ids that is ours to map.
struct Range {
    start: u32,
    count: u32,
}

/// Our range in /etc/subuid or /etc/subgid, by name or by number: subuid(5).
fn range(facts: &Facts, file: &str, uid: u32) -> Option<Range> {
    let passwd = facts.read("/etc/passwd").unwrap_or_default();
    let name = passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid.to_string()).then_some(name)
    });
    let owners = [name.map(str::to_owned), Some(uid.to_string())];
    facts.read(file)?.lines().find_map(|line| {
        let mut fields = line.split(':');
        let owner = fields.next()?.to_owned();
        owners.contains(&Some(owner)).then_some(())?;
        Some(Range {
            start: fields.next()?.parse().ok()?,
            count: fields.next()?.parse().ok()?,
        })
    })
}

/// More than one id in a user namespace: newuidmap(1), or the maps themselves for root.
pub(super) fn subuid(facts: &Facts) -> Seen {
    let uid = facts.uid();
    if facts.capable(kernel::CAP_SETUID) && facts.capable(kernel::CAP_SYS_ADMIN) {
        let whole = Range {
            start: 100_000,
            count: 65_536,
        };
        let tried = facts.attempt("subuid", || {
            map_range(&whole, |pid, map| {
                kernel::write_file(format!("/proc/{pid}/uid_map"), map, MAN).at("uid_map")
            })
        });
        return match tried {
            Ok(what) => Seen::works(what),
            Err(stopped) => reasons::of_user_namespaces(facts, &stopped),
        };
    }
    by_newuidmap(facts, uid)
}

/// The ordinary user's way.
fn by_newuidmap(facts: &Facts, uid: u32) -> Seen {
    let (Some(users), Some(_)) = (
        range(facts, "/etc/subuid", uid),
        range(facts, "/etc/subgid", uid),
    ) else {
        let why = format!("no range for uid {uid} in /etc/subuid and /etc/subgid");
        return Seen::absent(why)
            .fix("sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 \"$USER\"");
    };
    let Some(newuidmap) = facts.tool("newuidmap") else {
        return Seen::absent("no newuidmap in PATH").fix(tools::install_newuidmap(facts));
    };
    let tried = facts.attempt("subuid", || {
        map_range(&users, |pid, _| {
            let words = [pid.as_raw() as u32, 0, uid, 1, 1, users.start, users.count];
            let words = words.map(|word| word.to_string());
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let ran = child::output(PATIENCE, &newuidmap, &words, facts.environment())?;
            match ran.status {
                0 => Ok(()),
                _ => Err(Stopped::Failed(ran.said)),
            }
        })
    });
    match tried {
        Ok(what) => Seen::works(what),
        Err(Stopped::Failed(why)) => not_setuid(facts, &newuidmap, why),
        Err(stopped) => reasons::of_user_namespaces(facts, &stopped),
    }
}

/// newuidmap works by being setuid root (or by a file capability).
fn not_setuid(facts: &Facts, newuidmap: &std::path::Path, why: String) -> Seen {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(newuidmap).map_or(0, |meta| meta.permissions().mode());
    let why = if facts.status("NoNewPrivs").as_deref() == Some("1") {
        format!("{why}: no_new_privs is set, which takes newuidmap's power away")
    } else if mode & 0o4000 == 0 {
        format!("{why}: {} is not setuid root", newuidmap.display())
    } else {
        why
    };
    Seen::new(State::Refused, why)
}

/// Makes a child in a new user namespace, has `map` map a range there, and sees the kernel
/// show it.
fn map_range(
    range: &Range,
    map: impl FnOnce(kernel::Pid, &str) -> Result<(), Stopped>,
) -> Result<String, Stopped> {
    let text = format!("0 {} {}", range.start, range.count);
    let (waits, go) = pipe()?;
    let (hears, says) = pipe()?;
    let Some(pid) = kernel::fork().at("fork")? else {
        drop((go, hears));
        let made = kernel::unshare(CloneFlags::CLONE_NEWUSER);
        let _ = File::from(says).write_all(
            &made
                .map_or_else(|error| error.errno as u8, |()| 0)
                .to_ne_bytes(),
        );
        // Stays until the other end is gone.
        let _ = File::from(waits).read(&mut [0]);
        kernel::exit_now(0)
    };
    drop((waits, says));
    let mut errno = [255];
    let _ = File::from(hears).read_exact(&mut errno);
    let mapped = match errno {
        [0] => map(pid, &text),
        // The same call here gives the same refusal, decoded.
        _ => kernel::unshare(CloneFlags::CLONE_NEWUSER).at("unshare"),
    };
    let shown = std::fs::read_to_string(format!("/proc/{pid}/uid_map")).unwrap_or_default();
    drop(go);
    let _ = nix::sys::wait::waitpid(pid, None);
    mapped?;
    let count = range.count.to_string();
    if shown
        .lines()
        .any(|line| line.split_whitespace().last() == Some(&count))
    {
        Ok(format!(
            "{} ids from {} were mapped",
            range.count, range.start
        ))
    } else {
        Err(Stopped::Failed(format!(
            "the map was written, and shows {shown:?}"
        )))
    }
}

fn pipe() -> Result<(OwnedFd, OwnedFd), Stopped> {
    nix::unistd::pipe2(kernel::OFlag::O_CLOEXEC)
        .map_err(|errno| Stopped::Untried(format!("no pipe: {errno:?}")))
}

/// A child by clone3(2), as our programs make theirs. Engines whose filters do not know
/// its arguments answer ENOSYS, so that C libraries try the older clone(2).
pub(super) fn clone3(facts: &Facts) -> Seen {
    let tried = facts.attempt("clone3", || {
        match kernel::clone3(CloneFlags::empty(), None).at("clone3")? {
            kernel::Cloned::Child => kernel::exit_now(0),
            kernel::Cloned::Parent(pid, _) => {
                let _ = nix::sys::wait::waitpid(pid, None);
            }
        }
        Ok("a child was made".to_owned())
    });
    match tried {
        Ok(what) => Seen::works(what),
        Err(stopped) => reasons::unexplained(facts, &stopped),
    }
}
