//! The programs that pages and builds use: each is run, not looked for.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::time::Duration;

use super::child::{self, Stopped};
use super::{Facts, Seen, State};

/// The oldest Rust that builds this project.
const RUST: (u32, u32) = (1, 85);
/// cargo may be rustup's, which is slower.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// Where a program is, in the PATH that was handed in.
pub(super) fn find(facts: &Facts, name: &str) -> Option<PathBuf> {
    use nix::unistd::{AccessFlags, access};
    let path = facts.path_variable();
    std::env::split_paths(&path)
        .filter(|folder| !folder.as_os_str().is_empty())
        .map(|folder| folder.join(name))
        .find(|file| file.is_file() && access(file, AccessFlags::X_OK).is_ok())
}

/// Runs a program and gives the first line that it says.
fn first_line(facts: &Facts, name: &str, args: &[&str]) -> Result<String, Stopped> {
    facts.look(name, || {
        let path =
            find(facts, name).ok_or_else(|| Stopped::Untried(format!("no {name} in PATH")))?;
        let ran = child::output(PATIENCE, &path, args, facts.environment())?;
        let line = ran.said.lines().next().unwrap_or_default().to_owned();
        match ran.status {
            0 => Ok(line),
            status => Err(Stopped::Failed(format!(
                "{} ends with status {status}: {line}",
                path.display()
            ))),
        }
    })
}

/// The package that brings a program, by distribution: os-release(5).
pub(super) fn install(facts: &Facts, debian: &str, fedora: &str, arch: &str) -> String {
    let family = |name: &str| {
        let text = facts.read("/etc/os-release").unwrap_or_default();
        text.lines()
            .filter(|line| line.starts_with("ID=") || line.starts_with("ID_LIKE="))
            .any(|line| line.contains(name))
    };
    if family("fedora") || family("rhel") {
        format!("sudo dnf install {fedora}")
    } else if family("arch") {
        format!("sudo pacman -S {arch}")
    } else if family("alpine") {
        format!("sudo apk add {arch}")
    } else {
        format!("sudo apt install {debian}")
    }
}

/// A tool, run once; the package that brings it, where it is absent.
pub(super) fn tool(facts: &Facts, name: &str, args: &[&str], packages: [&str; 3]) -> Seen {
    let [debian, fedora, arch] = packages;
    match first_line(facts, name, args) {
        Ok(line) => Seen::works(line),
        Err(Stopped::Untried(why)) => Seen::absent(why).fix(install(facts, debian, fedora, arch)),
        Err(stopped) => Seen::new(State::Refused, stopped.to_string()),
    }
}

pub(super) fn cc(facts: &Facts) -> Seen {
    let packages = ["gcc libc6-dev", "gcc glibc-devel", "gcc"];
    tool(facts, "cc", &["--version"], packages)
}

pub(super) fn cargo(facts: &Facts) -> Seen {
    const RUSTUP: &str = "https://rustup.rs, or: rustup update stable";
    let line = match first_line(facts, "cargo", &["--version"]) {
        Ok(line) => line,
        Err(Stopped::Untried(why)) => return Seen::absent(why).fix(RUSTUP),
        Err(stopped) => return Seen::new(State::Refused, stopped.to_string()).fix(RUSTUP),
    };
    let version = line.split(' ').nth(1).and_then(|word| {
        let mut numbers = word.split('.').map(str::parse::<u32>);
        Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
    });
    match version {
        Some(version) if version < RUST => {
            let why = format!("{line}: this project wants {}.{} or later", RUST.0, RUST.1);
            Seen::new(State::Refused, why).fix(RUSTUP)
        }
        Some(_) => Seen::works(line),
        None => Seen::new(State::Unknown, format!("cargo says {line:?}")),
    }
}

pub(super) fn bash(facts: &Facts) -> Seen {
    tool(facts, "bash", &["--version"], ["bash"; 3])
}

pub(super) fn tmux(facts: &Facts) -> Seen {
    tool(facts, "tmux", &["-V"], ["tmux"; 3])
}

/// setcap(8), which comes with getcap(8). The shells of a page look where root looks, too.
pub(super) fn setcap(facts: &Facts) -> Seen {
    let packages = ["libcap2-bin", "libcap", "libcap"];
    let named = |name| tool(facts, name, &["-h"], packages);
    let seen = named("setcap");
    match seen.state {
        State::Absent => Some(named("/usr/sbin/setcap"))
            .filter(|seen| seen.state == State::Works)
            .unwrap_or(seen),
        _ => seen,
    }
}

pub(super) fn git(facts: &Facts) -> Seen {
    tool(facts, "git", &["--version"], ["git"; 3])
}

/// strace(1) watching a real program: ptrace(2) may be refused where the tool is there.
pub(super) fn strace(facts: &Facts) -> Seen {
    let seen = tool(
        facts,
        "strace",
        &["-qq", "-o", "/dev/null", "/bin/sh", "-c", ":"],
        ["strace"; 3],
    );
    match seen.state {
        State::Works => Seen::works("it watched a program"),
        State::Refused => match facts.read("/proc/sys/kernel/yama/ptrace_scope").as_deref() {
            Some(scope @ ("2" | "3")) => {
                let why = format!("{}: kernel.yama.ptrace_scope is {scope}", seen.why);
                Seen::new(State::Refused, why)
            }
            _ => seen,
        },
        _ => seen,
    }
}

/// sudo(8), which gains nothing where no_new_privs is set.
pub(super) fn sudo(facts: &Facts) -> Seen {
    let seen = tool(facts, "sudo", &["--version"], ["sudo"; 3]);
    if seen.state == State::Works && facts.status("NoNewPrivs").as_deref() == Some("1") {
        let why = "no_new_privs is set, which takes sudo's power away: prctl(2)";
        return Seen::new(State::Refused, why);
    }
    seen
}

/// The packages of newuidmap(1).
pub(super) fn install_newuidmap(facts: &Facts) -> String {
    install(facts, "uidmap", "shadow-utils", "shadow")
}

/// PATH as bytes of a list; the one of execvp(3) where none was handed in.
pub(super) fn default_path() -> &'static OsStr {
    OsStr::from_bytes(b"/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
}
