//! Why a call was refused. An errno alone never says: the machine is asked, and what it
//! cannot confirm is not claimed.

use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;

use super::child::{At, Stopped};
use super::{Facts, Seen, State};
use crate::kernel::{self, CloneFlags, OFlag};

/// The remedy for AppArmor's restriction.
const PROFILE: &str = "era doctor --fix apparmor   (a profile for our programs, nothing else)";

/// The inode of the machine's first PID namespace: PROC_PID_INIT_INO in linux/proc_ns.h.
const FIRST_PID_NAMESPACE: u32 = 0xEFFF_FFFC;

/// Why no user namespace could be made and used.
pub(super) fn of_user_namespaces(facts: &Facts, stopped: &Stopped) -> Seen {
    let Some(call) = stopped.call() else {
        return unexplained(facts, stopped);
    };
    let first = stopped.step() == "unshare";
    match call.errno() {
        Errno::ENOSPC if stopped.step() == "mount namespace" => {
            let limit = facts.read("/proc/sys/user/max_mnt_namespaces");
            let limit = limit.unwrap_or_else(|| "used up".to_owned());
            refused(
                stopped,
                &format!("the limit user.max_mnt_namespaces is {limit}"),
            )
        }
        Errno::ENOSPC | Errno::EUSERS => limit(facts, stopped),
        Errno::EINVAL if first && !facts.exists("/proc/self/ns/user") => {
            Seen::absent("this kernel was built without user namespaces (CONFIG_USER_NS)")
        }
        Errno::ENOENT if !first => Seen::new(State::Refused, "/proc is not mounted here")
            .fix("mount -t proc proc /proc   (as root of this system)"),
        Errno::EPERM | Errno::EACCES | Errno::ENOSYS if first => first_step(facts, stopped),
        Errno::EPERM | Errno::EACCES => later_step(facts, stopped),
        _ => unexplained(facts, stopped),
    }
}

/// Where nothing more special is known: a filter, or plainly the call.
pub(super) fn unexplained(facts: &Facts, stopped: &Stopped) -> Seen {
    if let Stopped::Untried(why) = stopped {
        return Seen::new(State::Unknown, why);
    }
    if let Stopped::Late(why) = stopped {
        let why = format!("{why}: a busy machine, or a kernel that hangs");
        return Seen::new(State::Unknown, why).fix("the same again, when less else is running");
    }
    filtered(facts, stopped)
        .unwrap_or_else(|| refused(stopped, "and no setting that we know says why"))
}

/// The remedy where user namespaces are off: nothing on the machine changes.
fn as_root(facts: &Facts) -> String {
    let who = if facts.uid() == 0 { "era" } else { "sudo era" };
    format!("{who}   (# commands run as real root, after asking; no setting changes)")
}

/// `STEP: CALL gives ERRNO`, and what was found about it.
fn refused(stopped: &Stopped, why: &str) -> Seen {
    Seen::new(State::Refused, format!("{stopped}: {why}"))
}

fn limit(facts: &Facts, stopped: &Stopped) -> Seen {
    let limit = facts.read("/proc/sys/user/max_user_namespaces");
    match limit.as_deref() {
        Some("0") => {
            refused(stopped, "user.max_user_namespaces is 0: none for anybody").fix(as_root(facts))
        }
        Some(limit) => refused(
            stopped,
            &format!("user.max_user_namespaces is {limit}, and they are used up, or 32 deep"),
        )
        .fix("era clean   (ends what crashed programs have left)"),
        None => refused(
            stopped,
            "a limit on user namespaces, and /proc/sys does not show it",
        ),
    }
}

fn first_step(facts: &Facts, stopped: &Stopped) -> Seen {
    if in_chroot(facts) == Some(true) {
        return refused(
            stopped,
            "this is a chroot, where the kernel makes no user namespace",
        )
        .fix("run era outside, or enter the folder with pivot_root: systemd-nspawn -D DIR");
    }
    let debian = facts.read("/proc/sys/kernel/unprivileged_userns_clone");
    if debian.as_deref() == Some("0") && !facts.capable(kernel::CAP_SYS_ADMIN) {
        return refused(stopped, "Debian's kernel.unprivileged_userns_clone is 0")
            .fix(as_root(facts));
    }
    if let Some(seen) = apparmor(facts, stopped) {
        return seen;
    }
    filtered(facts, stopped).unwrap_or_else(|| {
        refused(
            stopped,
            "and no setting that we know says why; a security module might",
        )
    })
}

fn later_step(facts: &Facts, stopped: &Stopped) -> Seen {
    if let Some(seen) = apparmor(facts, stopped) {
        return seen;
    }
    if stopped.step() == "uid_map" && facts.uid() == 0 && !facts.capable(kernel::CAP_SETFCAP) {
        return refused(
            stopped,
            "root here has no CAP_SETFCAP, and may not map itself",
        )
        .fix("run era as an ordinary user of this machine");
    }
    filtered(facts, stopped).unwrap_or_else(|| match container(facts) {
        Some(engine) => refused(stopped, &format!("{engine}'s security profile forbids it")).fix(
            format!("run era on the machine itself, not inside {engine}"),
        ),
        None => refused(stopped, "and no setting that we know says why"),
    })
}

/// Ubuntu since 23.10: only programs with a profile that says `userns` may use one.
fn apparmor(facts: &Facts, stopped: &Stopped) -> Option<Seen> {
    let setting = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns";
    let restricted = facts.read(setting).is_some_and(|value| value != "0");
    if !restricted || facts.capable(kernel::CAP_SYS_ADMIN) {
        return None;
    }
    let why = if stopped.step() == "unshare" {
        "AppArmor lets no program without a profile make a user namespace"
    } else {
        "AppArmor lets a program make a user namespace, then takes its powers away"
    };
    Some(refused(stopped, why).fix(PROFILE))
}

/// A seccomp filter of whoever started us: nothing else that we know of refuses it, a filter
/// is there, and the errno is one that filters give.
fn filtered(facts: &Facts, stopped: &Stopped) -> Option<Seen> {
    let errno = stopped.call()?.errno();
    if ![Errno::EPERM, Errno::EACCES, Errno::ENOSYS].contains(&errno) {
        return None;
    }
    (facts.status("Seccomp").as_deref() == Some("2")).then(|| {
        let whose = whose_filter(facts);
        refused(stopped, &format!("{whose} forbids it")).fix(without_filter(facts))
    })
}

/// The container engine that put a filter around us. The mark of one says little while our
/// PID namespace is the machine's first: then other namespaces may well be of our own making.
fn filtering_engine(facts: &Facts) -> Option<String> {
    let link = std::fs::read_link(facts.path("/proc/self/ns/pid")).ok()?;
    container(facts).filter(|_| link.to_str() != Some(&format!("pid:[{FIRST_PID_NAMESPACE}]")))
}

/// Whose seccomp filter this process has, as far as can be seen.
pub(super) fn whose_filter(facts: &Facts) -> String {
    filtering_engine(facts).map_or_else(
        || "a seccomp filter that this process inherited".to_owned(),
        |engine| format!("the seccomp filter of {engine}, around us,"),
    )
}

/// How to be rid of a seccomp filter: it holds for good, so only by starting elsewhere.
pub(super) fn without_filter(facts: &Facts) -> String {
    filtering_engine(facts).map_or_else(
        || "run era from a login shell that no filter holds".to_owned(),
        |engine| format!("run era on the machine itself, not inside {engine}"),
    )
}

/// Whether every namespace is the machine's first: their inodes are fixed in the kernel
/// (linux/proc_ns.h). None where /proc does not show them.
pub(super) fn in_first_namespaces(facts: &Facts) -> Option<bool> {
    let first = [
        ("pid", FIRST_PID_NAMESPACE),
        ("uts", 0xEFFF_FFFE),
        ("ipc", 0xEFFF_FFFF),
    ];
    let mut all = true;
    for (kind, inode) in first {
        let link = std::fs::read_link(facts.path(&format!("/proc/self/ns/{kind}"))).ok()?;
        all &= link.to_str() == Some(&format!("{kind}:[{inode}]"));
    }
    Some(all)
}

/// The container engine around us, by the mark that each leaves. A mark alone may have
/// come with the files: an image also becomes the root of a virtual machine.
pub(super) fn container(facts: &Facts) -> Option<String> {
    if in_first_namespaces(facts) == Some(true) {
        return None;
    }
    if facts.exists("/run/.containerenv") {
        return Some("Podman".to_owned());
    }
    if facts.exists("/.dockerenv") {
        return Some("Docker".to_owned());
    }
    if facts.variable("KUBERNETES_SERVICE_HOST").is_some() {
        return Some("Kubernetes".to_owned());
    }
    // systemd's own convention, kept by LXC, nspawn and others.
    let named = facts.read("/run/systemd/container");
    let variable = || Some(facts.variable("container")?.to_string_lossy().into_owned());
    named.or_else(variable).filter(|name| !name.is_empty())
}

/// Whether `/` is another directory than the root of the mount namespace: the kernel then
/// makes no user namespace. None where no way to see it is open.
pub(super) fn in_chroot(facts: &Facts) -> Option<bool> {
    // Known even without /proc: the root of a mount namespace is the root of a mount.
    if !facts.is_recorded() && kernel::is_mount_root("/") == Ok(false) {
        return Some(true);
    }
    let mounts = facts.read("/proc/self/mountinfo")?;
    let at_root = |line: &str| line.split(' ').nth(4) == Some("/");
    if !mounts.lines().any(at_root) {
        return Some(true);
    }
    // A chroot into a mount shows only to who may enter its own mount namespace anew:
    // setns(2) gives back the true root.
    let tried = facts.attempt("chroot", || {
        let before = kernel::open("/", OFlag::O_PATH).at("open")?;
        let namespace = kernel::open_namespace("/proc/self/ns/mnt").at("open")?;
        kernel::setns(namespace, CloneFlags::CLONE_NEWNS).at("setns")?;
        let after = kernel::open("/", OFlag::O_PATH).at("open")?;
        let same = mount_of(&before).is_some_and(|id| Some(id) == mount_of(&after));
        Ok(if same { "same" } else { "other" }.to_owned())
    });
    tried.ok().map(|root| root == "other")
}

/// The number of the mount that a descriptor is in: /proc/PID/fdinfo in proc(5).
fn mount_of(fd: &OwnedFd) -> Option<String> {
    let text = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", fd.as_raw_fd())).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("mnt_id:"))?;
    Some(line.trim().to_owned())
}
