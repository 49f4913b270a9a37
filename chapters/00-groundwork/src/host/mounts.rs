//! Mounts that pages make: overlayfs, and proc in a new PID namespace.

use std::path::Path;

use nix::errno::Errno;
use nix::mount::MsFlags;

use super::child::{At, Stopped};
use super::{Facts, Seen, State, reasons, spaces, users};
use crate::kernel::{self, CallError, CloneFlags};

/// Where the trials mount, in a mount namespace of their own that ends with them.
const PLACE: &str = "/tmp";

/// A lower layer, an upper one, and the two as one: a write must go to the upper alone.
fn stack_layers(options: &str) -> Result<String, Stopped> {
    users::own_mounts()?;
    let flags = MsFlags::empty();
    kernel::mount_new("tmpfs", PLACE, flags, None).at("a place")?;
    for folder in ["lower", "upper", "work", "merged"] {
        kernel::mkdir(format!("{PLACE}/{folder}"), 0o755).at("a place")?;
    }
    let lower = format!("{PLACE}/lower/file");
    let merged = format!("{PLACE}/merged/file");
    write("write", &lower, "below")?;
    let layers =
        format!("lowerdir={PLACE}/lower,upperdir={PLACE}/upper,workdir={PLACE}/work{options}");
    let target = format!("{PLACE}/merged");
    kernel::mount_new("overlay", target, flags, Some(&layers)).at("overlay")?;
    write("copy-up", &merged, "above")?;
    let below = std::fs::read_to_string(&lower).unwrap_or_default();
    if below != "below" {
        return Err(Stopped::Failed(
            "a write went to the lower layer".to_owned(),
        ));
    }
    Ok("two layers were mounted, and a write went to the upper one".to_owned())
}

fn write(step: &str, path: &str, text: &str) -> Result<(), Stopped> {
    std::fs::write(path, text)
        .map_err(|error| CallError::from_io("write", Path::new(path), "write(2)", &error))
        .at(step)
}

/// As real root.
pub(super) fn overlay(facts: &Facts) -> Seen {
    if !facts.capable(kernel::CAP_SYS_ADMIN) {
        let why = "not tried: only root may, outside a user namespace";
        return Seen::new(State::Refused, why).fix("see overlay-userns; pages use that one");
    }
    let tried = facts.attempt("overlay", || stack_layers(""));
    layered(facts, tried)
}

/// As an ordinary user, root of a user namespace: since Linux 5.11.
pub(super) fn overlay_userns(facts: &Facts) -> Seen {
    let tried = facts.attempt("overlay-userns", || {
        users::become_root()?;
        stack_layers(",userxattr")
    });
    layered(facts, tried)
}

fn layered(facts: &Facts, tried: Result<String, Stopped>) -> Seen {
    let stopped = match tried {
        Ok(what) => return Seen::works(what),
        Err(stopped) => stopped,
    };
    let errno = stopped.call().map(CallError::errno);
    match (stopped.step(), errno) {
        ("overlay", Some(Errno::ENODEV)) => {
            Seen::absent("this kernel has no overlayfs, or may not load it (CONFIG_OVERLAY_FS)")
                .fix("sudo modprobe overlay")
        }
        ("overlay", Some(Errno::EPERM | Errno::EINVAL)) => {
            let why = format!("{stopped}: Linux before 5.11 mounts overlayfs for real root only");
            match older_than(facts, (5, 11)) {
                Some(true) => Seen::new(State::Refused, why),
                _ => reasons::unexplained(facts, &stopped),
            }
        }
        ("overlay" | "copy-up" | "write", _) | (_, None) => reasons::unexplained(facts, &stopped),
        _ => reasons::of_user_namespaces(facts, &stopped),
    }
}

fn older_than(facts: &Facts, than: (u32, u32)) -> Option<bool> {
    let release = facts.read("/proc/sys/kernel/osrelease")?;
    let mut numbers = release.split(['.', '-']).map(str::parse::<u32>);
    let version = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    Some(version < than)
}

/// A fresh /proc for a new PID namespace. Where the old one is masked in places, as engines
/// do it, the kernel refuses a new one that would show them: user_namespaces(7).
pub(super) fn proc_mount(facts: &Facts) -> Seen {
    let tried = facts.attempt("proc-mount", || {
        users::become_root()?;
        users::own_mounts()?;
        kernel::unshare(CloneFlags::CLONE_NEWPID).at("unshare")?;
        spaces::in_a_child(|| {
            kernel::mount_new("proc", "/proc", MsFlags::empty(), None).at("proc")
        })?;
        Ok("mounted in a new PID namespace".to_owned())
    });
    let stopped = match tried {
        Ok(what) => return Seen::works(what),
        Err(stopped) => stopped,
    };
    if stopped.step() != "proc" {
        return reasons::of_user_namespaces(facts, &stopped);
    }
    match masked(facts) {
        Some(place) => Seen::new(State::Refused, format!("{stopped}: {place} is masked here"))
            .fix(unmask(facts)),
        None => reasons::unexplained(facts, &stopped),
    }
}

/// The first mount below /proc.
fn masked(facts: &Facts) -> Option<String> {
    let mounts = facts.read("/proc/self/mountinfo")?;
    let mut points = mounts.lines().filter_map(|line| line.split(' ').nth(4));
    let below = |point: &&str| {
        // A harmless one, which systemd mounts everywhere.
        point.starts_with("/proc/") && *point != "/proc/sys/fs/binfmt_misc"
    };
    points.find(below).map(str::to_owned)
}

fn unmask(facts: &Facts) -> String {
    match reasons::container(facts).as_deref() {
        Some("Docker") => {
            "docker run --security-opt systempaths=unconfined …   (this container only)"
        }
        Some("Podman") => "podman run --security-opt unmask=ALL …   (this container only)",
        _ => "run era outside of what masked it",
    }
    .to_owned()
}
