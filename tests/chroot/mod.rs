//! What the tests of 04-chroot share: jails, and our program as somebody types it.

#![allow(dead_code)] // each test target uses a part

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// `era-chroot` with these arguments.
pub fn chroot<A: AsRef<OsStr>>(arguments: &[A]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_era"));
    command.arg0("era-chroot").args(arguments);
    for variable in ["ERA_EXPLAIN", "ERA_FAULT", "LD_LIBRARY_PATH"] {
        command.env_remove(variable);
    }
    command.env("NO_COLOR", "1").env("LC_ALL", "C");
    command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command
}

/// What a command printed, and its exit status.
pub struct Said {
    pub out: String,
    pub err: String,
    pub status: i32,
}

pub fn said(command: &mut Command) -> Said {
    let Output {
        stdout,
        stderr,
        status,
    } = command.output().expect("it starts");
    Said {
        out: String::from_utf8_lossy(&stdout).into_owned(),
        err: String::from_utf8_lossy(&stderr).into_owned(),
        status: status.code().expect("no signal ended it"),
    }
}

/// A folder that is thrown away, on the file system of the build: /tmp may be noexec.
pub struct Ground(tempfile::TempDir);

impl Ground {
    pub fn new() -> Ground {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        // So that another user can enter what lies in it.
        use std::os::unix::fs::PermissionsExt;
        let open = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(folder.path(), open).expect("it is ours");
        Ground(folder)
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A jail in it that was made by `era-chroot new jail` with these arguments.
    pub fn jail(&self, arguments: &[&str]) -> PathBuf {
        let jail = self.join("jail");
        let made = said(chroot(&["new"]).arg(&jail).args(arguments));
        assert_eq!(made.status, 0, "{}", made.err);
        jail
    }

    /// A file in it that can be run.
    pub fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.join(name);
        write_script(&path, text);
        path
    }
}

pub fn write_script(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, text).expect("it can be written");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
}

pub fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// `era-chroot run [OPTIONS] JAIL -- COMMAND`; an ordinary user first becomes root of a
/// user namespace.
pub fn run(options: &[&str], jail: &Path, command: &[&str]) -> Command {
    let mut run = chroot(&["run"]);
    if !is_root() {
        run.arg("--userns");
    }
    run.args(options).arg(jail).arg("--").args(command);
    run
}

/// The loader of this machine's C library.
pub fn loader() -> PathBuf {
    let known = ["/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"];
    let mut known = known.iter().map(PathBuf::from);
    known.find(|path| path.exists()).expect("a loader of glibc")
}

/// What the loader itself says that it would load, without links: `ld.so --list`. Empty for
/// a program that has no loader.
pub fn loaders_own_list(program: &Path) -> BTreeSet<PathBuf> {
    let listed = Command::new(loader())
        .arg("--list")
        .arg(program)
        .env_remove("LD_LIBRARY_PATH")
        .output()
        .expect("the loader starts");
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(!text.contains("not found"), "{text}");
    // "libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x…)" or "/lib64/ld-linux… (0x…)"
    let word = |line: &str| {
        let after = line.split(" => ").last()?;
        let path = after.split_whitespace().next()?;
        path.starts_with('/').then(|| real(Path::new(path)))
    };
    let mut all: BTreeSet<_> = text.lines().filter_map(word).collect();
    if !all.is_empty() {
        // Not every version of ld.so lists itself when it was started by its own name.
        all.insert(real(&loader()));
    }
    all
}

pub fn real(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Files by their path inside and why they are there, as `new --list --json` says.
pub fn listed(arguments: &[&str]) -> Vec<(PathBuf, String)> {
    let said = said(chroot(&["new", "jail", "--list", "--json"]).args(arguments));
    assert_eq!(said.status, 0, "{}", said.err);
    let items: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
    let items = items.as_object().expect("an object").iter();
    let files = items.filter(|(_, item)| item["kind"]["file"].is_object());
    let file = |(path, item): (&String, &serde_json::Value)| {
        let reason = item["reason"].as_str().expect("a reason");
        (PathBuf::from(path), reason.to_owned())
    };
    files.map(file).collect()
}
