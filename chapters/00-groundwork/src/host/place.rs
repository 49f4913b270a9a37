//! Where we are, and who: facts rather than trials. Their state says yes (works) or no
//! (absent).

use super::{Facts, Seen, State, reasons};

fn yes_or_no(yes: bool, why: impl Into<String>) -> Seen {
    if yes {
        Seen::works(why)
    } else {
        Seen::absent(why)
    }
}

pub(super) fn root(facts: &Facts) -> Seen {
    let uid = facts.uid();
    if uid != 0 {
        return Seen::absent(format!("uid {uid}")).fix("sudo era");
    }
    let whole = facts.read("/proc/self/uid_map");
    let initial = whole.is_some_and(|map| {
        let map: Vec<&str> = map.split_whitespace().collect();
        map == ["0", "0", "4294967295"]
    });
    if initial {
        Seen::works("uid 0")
    } else {
        Seen::absent("uid 0, but of a user namespace: an ordinary user outside")
    }
}

pub(super) fn container(facts: &Facts) -> Seen {
    match reasons::container(facts) {
        Some(engine) => Seen::works(format!("inside {engine}")),
        None if reasons::in_first_namespaces(facts) == Some(false) => {
            Seen::works("inside namespaces that carry no engine's mark")
        }
        None => Seen::absent("none around us that we can see"),
    }
}

pub(super) fn chroot(facts: &Facts) -> Seen {
    match reasons::in_chroot(facts) {
        Some(true) => Seen::works("/ is not the root of a mount namespace"),
        Some(false) => Seen::absent("/ is the root that process 1 has"),
        None => Seen::new(State::Absent, "no sign of one"),
    }
}

pub(super) fn wsl(facts: &Facts) -> Seen {
    let release = facts.read("/proc/sys/kernel/osrelease").unwrap_or_default();
    let here = release.to_lowercase().contains("microsoft");
    if here && !facts.exists("/run/WSL") && !release.contains("WSL2") {
        return Seen::works("WSL 1: no Linux kernel here")
            .fix("wsl --set-version DISTRIBUTION 2   (in Windows)");
    }
    yes_or_no(
        here,
        if here {
            "WSL 2"
        } else {
            "no kernel of Microsoft's"
        },
    )
}

/// The variables that the services set: GitHub, GitLab and most set CI.
pub(super) fn ci(facts: &Facts) -> Seen {
    const NAMES: [&str; 4] = ["CI", "GITHUB_ACTIONS", "BUILDKITE", "JENKINS_URL"];
    let set = NAMES
        .into_iter()
        .find(|name| facts.variable(name).is_some());
    match set {
        Some(name) => Seen::works(format!("{name} is set")),
        None => Seen::absent("no variable of a build service is set"),
    }
}

pub(super) fn arch(facts: &Facts) -> Seen {
    let name = facts.look("arch", || Ok(std::env::consts::ARCH.to_owned()));
    match name.as_deref() {
        Ok(name @ ("x86_64" | "aarch64")) => Seen::works(name),
        Ok(name) => Seen::new(State::Unknown, format!("{name}: never tried by us")),
        Err(stopped) => Seen::new(State::Unknown, stopped.to_string()),
    }
}

/// Linux 5.11 or later is what pages are written for.
pub(super) fn kernel(facts: &Facts) -> Seen {
    match facts.read("/proc/sys/kernel/osrelease") {
        Some(release) => Seen::works(format!("Linux {release}")),
        None => Seen::new(State::Unknown, "/proc is not mounted here"),
    }
}

pub(super) fn distribution(facts: &Facts) -> Seen {
    let text = facts
        .read("/etc/os-release")
        .or_else(|| facts.read("/usr/lib/os-release"));
    let field = |name: &str| {
        let line = text
            .as_deref()?
            .lines()
            .find_map(|line| line.strip_prefix(name))?;
        Some(line.trim_matches('"').to_owned())
    };
    match field("PRETTY_NAME=") {
        Some(name) => Seen::works(name),
        None => Seen::new(State::Unknown, "no /etc/os-release"),
    }
}

/// Who may look into a running process: Yama's setting. strace of one's own child works
/// up to 1, and attaching to another up to 0.
pub(super) fn ptrace(facts: &Facts) -> Seen {
    match facts.read("/proc/sys/kernel/yama/ptrace_scope").as_deref() {
        None => Seen::works("no Yama: any process of one's own"),
        Some("0") => Seen::works("any process of one's own"),
        Some(scope @ "1") => Seen::works(format!(
            "one's own children (Yama's ptrace_scope is {scope})"
        )),
        Some(scope) if facts.capable(19) => {
            Seen::works(format!("as root (Yama's ptrace_scope is {scope})"))
        }
        Some(scope) => Seen::new(
            State::Refused,
            format!("kernel.yama.ptrace_scope is {scope}"),
        ),
    }
}
