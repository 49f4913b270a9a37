//! Where somebody else's answer is built: a compiler reads whatever file a program names
//! (`include_str!`), with the rights of whoever has started it. So it is shut into
//! namespaces in which there is nothing but itself, the crates, and the answer.

use std::convert::Infallible;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use groundwork::kernel::{self, CloneFlags, Cloned, MsFlags, Pid, Propagation, Signal};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};

use crate::exercise::check::cell;
use crate::exercise::package::NO_PLACE;
use crate::machine::guest::session::times_slower;

/// What of the system a compiler and a linker need. Nothing of /etc but where programs and
/// libraries are.
const SYSTEM: &[&str] = &[
    "bin", "gnu", "lib", "lib32", "lib64", "libx32", "nix", "sbin", "usr",
];

/// A program that is not built by then is made to take long.
const PATIENCE: Duration = Duration::from_secs(120);

/// The tools that build, found once.
#[derive(Debug)]
pub struct Shop {
    /// The toolchain: what is in `bin/` there needs no rustup.
    rust: PathBuf,
    /// Where cargo keeps crates.
    crates: PathBuf,
}

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

impl Shop {
    /// Asks rustc where it is.
    ///
    /// # Errors
    /// There is none.
    pub fn find() -> Outcome<Self> {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let output = Command::new(rustc).args(["--print", "sysroot"]).output();
        let output = output.map_err(|error| format!("rustc does not run: {error}"))?;
        let rust = PathBuf::from(String::from_utf8(output.stdout)?.trim_end());
        let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo"));
        let crates = std::env::var_os("CARGO_HOME").map(PathBuf::from);
        Ok(Shop {
            rust,
            crates: crates.or_else(home).ok_or("no HOME, no CARGO_HOME")?,
        })
    }

    /// Cargo, shut in: it sees the package in `copy`, and builds into `target`.
    pub fn cargo(&self, copy: &Path, target: &Path) -> Command {
        let mut era = Command::new("/proc/self/exe");
        era.arg("__build").arg(copy).arg(target);
        era.arg(&self.rust).arg(&self.crates);
        era
    }
}

/// `era __build`: the status is cargo's, or [`NO_PLACE`].
pub fn main(copy: &Path, target: &Path, rust: &Path, crates: &Path) -> u8 {
    match shut_in(copy, target, rust, crates) {
        Ok(status) => status,
        Err(error) => {
            eprintln!("no place to build an answer in: {error}");
            NO_PLACE
        }
    }
}

fn shut_in(copy: &Path, target: &Path, rust: &Path, crates: &Path) -> Outcome<u8> {
    // A link would be followed by whoever mounts, and cargo would not find it inside.
    let [copy, target] = [fs::canonicalize(copy)?, fs::canonicalize(target)?];
    let root = tempfile::tempdir_in(copy.parent().unwrap_or(&copy))?;
    let (mut ours, theirs) = UnixStream::pair()?;
    let new = CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWPID;
    let pid = match kernel::clone3(new, None)? {
        Cloned::Child => {
            drop(ours);
            let places = [copy.as_path(), &target, rust, crates];
            let Err(error) = build(theirs, root.path(), places);
            eprintln!("no place to build an answer in: {error}");
            kernel::exit_now(i32::from(NO_PLACE))
        }
        Cloned::Parent(pid, _) => pid,
    };
    drop(theirs);
    let mapped = map(pid).and_then(|()| Ok(ours.write_all(b".")?));
    if let Err(error) = mapped {
        let _ = kernel::kill(pid, Signal::SIGKILL);
        let _ = waitpid(pid, None);
        return Err(error);
    }
    wait(pid)
}

/// Who we are is who cargo is, so that what it writes is ours.
fn map(pid: Pid) -> Outcome<()> {
    const MAN: &str = "user_namespaces(7)";
    let (uid, gid) = (kernel::Uid::effective(), kernel::Gid::effective());
    kernel::write_file(format!("/proc/{pid}/setgroups"), "deny", MAN)?;
    kernel::write_file(
        format!("/proc/{pid}/uid_map"),
        &format!("{uid} {uid} 1"),
        MAN,
    )?;
    kernel::write_file(
        format!("/proc/{pid}/gid_map"),
        &format!("{gid} {gid} 1"),
        MAN,
    )?;
    Ok(())
}

fn wait(pid: Pid) -> Outcome<u8> {
    let until = Instant::now() + PATIENCE * times_slower();
    loop {
        match waitpid(pid, Some(WaitPidFlag::WNOHANG))? {
            WaitStatus::Exited(_, status) => return Ok(status as u8),
            WaitStatus::Signaled(_, signal, _) => return Ok(128 + signal as u8),
            _ if Instant::now() > until => {
                kernel::kill(pid, Signal::SIGKILL)?;
                eprintln!("it was not built in {} s", PATIENCE.as_secs());
            }
            _ => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// In the child: furnishes the namespaces, and becomes cargo.
fn build(mut parent: UnixStream, root: &Path, places: [&Path; 4]) -> Outcome<Infallible> {
    parent.read_exact(&mut [0])?;
    let [copy, target, rust, crates] = places;
    kernel::mount_propagation("/", Propagation::Private)?;
    kernel::mount_new("tmpfs", root, MsFlags::MS_NOSUID, Some("size=1g,mode=755"))?;
    cell::system(root, SYSTEM)?;
    cell::devices(root)?;
    let closed = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    fs::create_dir(root.join("proc"))?;
    kernel::mount_new("proc", root.join("proc"), closed, None)?;
    for folder in ["etc", "tmp"] {
        fs::create_dir(root.join(folder))?;
    }
    if Path::new("/etc/alternatives").is_dir() {
        cell::copy(
            Path::new("/etc/alternatives"),
            &root.join("etc/alternatives"),
        )?;
    }
    fs::copy("/etc/ld.so.cache", root.join("etc/ld.so.cache")).ok();
    let inside = |path: &Path| root.join(path.strip_prefix("/").unwrap_or(path));
    let bring = |path: &Path, read_only: bool| -> Outcome<()> {
        // What came with the system is there already.
        if !inside(path).exists() {
            fs::create_dir_all(inside(path))?;
            kernel::bind_mount(path, inside(path))?;
            if read_only {
                cell::read_only(&inside(path))?;
            }
        }
        Ok(())
    };
    bring(rust, true)?;
    bring(&crates.join("registry"), true)?;
    let settings = crates.join("config.toml");
    fs::copy(&settings, inside(&settings)).ok();
    bring(copy, false)?;
    bring(target, false)?;
    kernel::chdir(root)?;
    kernel::pivot_root(".", ".")?;
    kernel::detach(".")?;
    kernel::chdir(copy)?;
    let bin = rust.join("bin");
    let error = Command::new(bin.join("cargo"))
        .args(["build", "--quiet", "--offline"])
        .env_clear()
        .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
        .env("HOME", "/tmp")
        .env("CARGO_HOME", crates)
        .env("CARGO_TARGET_DIR", target)
        .exec();
    Err(format!("{}: {error}", bin.join("cargo").display()).into())
}
