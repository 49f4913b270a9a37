//! The namespaces in which an answer runs: furnished, used once, thrown away.
//!
//! The cell stands on a ground and has more walls than it, since an answer may go wrong in
//! every way: a PID namespace, so that it can signal nobody outside and ends as a whole; a
//! root of its own with the system's programs read-only, so that it cannot reach the
//! learner's files; and a small tmpfs for all that it writes.
//!
//! ```text
//! /            tmpfs, 64 MiB
//! /usr /etc …  the system's, read-only
//! /dev         null, zero, full, random, urandom, tty
//! /proc        of this PID namespace
//! /answer      the answer
//! /mnt         a mount, with another mount in it
//! /box         what the scene has laid out; the answer starts here
//! /group       control groups, if the scene has made some
//! ```

use std::convert::Infallible;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use groundwork::kernel::{self, Gid, MsFlags, Pid, Propagation, Uid};
use groundwork::process::Program;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::SigSet;
use nix::sys::statvfs::{FsFlags, statvfs};
use nix::sys::wait::waitpid;

use super::powers;
use super::targets::{self, Target};
use crate::ground::MARK;

/// Where the scene lies in the cell.
pub const BOX: &str = "/box";
/// Where the answer lies in the cell.
pub const ANSWER: &str = "/answer";

/// Folders of the system that an answer needs in order to start.
const SYSTEM: &[&str] = &[
    "bin", "etc", "gnu", "lib", "lib32", "lib64", "libx32", "nix", "sbin", "usr",
];
const DEVICES: &[&str] = &["null", "zero", "full", "random", "urandom", "tty"];
const FILE_LIMIT: u64 = 32 << 20;
const MEMORY_LIMIT: u64 = 2 << 30;

/// Who the answer is in its cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Root, with all capabilities over the cell.
    Root,
    /// An ordinary user.
    User,
}

impl Who {
    /// Its user and group id in the cell.
    pub fn id(self) -> u32 {
        match self {
            Who::Root => 0,
            Who::User => 1000,
        }
    }
}

/// A command that runs in the cell.
#[derive(Debug, Clone, Default)]
pub struct Command {
    /// Its file, in the cell.
    pub file: String,
    /// Its name and arguments. `{0}` stands for the PID of the first target.
    pub argv: Vec<String>,
    /// Further arguments, which need not be text.
    pub further: Vec<OsString>,
    /// It is started inside this root.
    pub jail: Option<String>,
    /// Supplementary groups that it starts with.
    pub groups: Vec<u32>,
    /// It inherits open descriptors of `/`: a low one, and one that is higher than most look.
    pub leaks: bool,
    /// Ours: it may start any program.
    pub of_the_check: bool,
    /// Nobody waits for its end; the next one starts when the judge says so. In its
    /// arguments it is the next target.
    pub stays: bool,
    /// It is started as the ordinary user with this id, and not as who the cell belongs to.
    pub user: Option<u32>,
    /// Capabilities that it starts with in its inheritable and ambient sets.
    pub inherits: u64,
    /// Capabilities that it starts without, and cannot get: its bounding set lacks them.
    pub lacks: u64,
}

/// All that happens in a cell.
#[derive(Debug, Default)]
pub struct Plan {
    /// The scene's folder: `world/`, `answer`, `out.0`, …
    pub folder: PathBuf,
    /// Who the answer is.
    pub who: u32,
    /// There are further ids, and groups can be set.
    pub many_ids: bool,
    /// Processes to look at.
    pub targets: Vec<Target>,
    /// Runs these, one after another.
    pub commands: Vec<Command>,
    /// Folders of control groups outside, and where each is to be seen.
    pub trees: Vec<(PathBuf, String)>,
    /// There is a network of its own, with nothing but loopback.
    pub network: bool,
    /// The answer's file has these capabilities, permitted and not effective.
    pub permitted: u64,
}

/// Where the words of a command go.
#[derive(Debug)]
struct Output {
    out: File,
    err: File,
}

/// The life of the cell's PID 1. Each byte from the judge lets it go on.
pub fn live(plan: &Plan, mut judge: UnixStream) -> ! {
    let guarded = std::panic::AssertUnwindSafe(|| {
        let Err(why) = stages(plan, &mut judge);
        let _ = writeln!(judge, "error {why}");
    });
    let _ = std::panic::catch_unwind(guarded);
    kernel::exit_now(1)
}

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

fn stages(plan: &Plan, judge: &mut UnixStream) -> Outcome<Infallible> {
    judge.read_exact(&mut [0])?;
    become_somebody(plan)?;
    let outputs = furnish(plan)?;
    writeln!(judge, "ready")?;
    judge.read_exact(&mut [0])?;
    let mut pids = Vec::new();
    for target in &plan.targets {
        pids.push(targets::start(target)?);
    }
    if !pids.is_empty() {
        let list: Vec<_> = pids.iter().map(Pid::to_string).collect();
        writeln!(judge, "{}", list.join(" "))?;
        judge.read_exact(&mut [0])?;
    }
    for (command, output) in plan.commands.iter().zip(outputs) {
        let child = run(command, &output, &pids)?;
        if command.stays {
            pids.push(child);
            judge.read_exact(&mut [0])?;
        }
    }
    // The judge still looks around, and ends us when it has seen enough.
    loop {
        nix::unistd::pause();
    }
}

fn become_somebody(plan: &Plan) -> Outcome {
    if plan.many_ids {
        kernel::setgroups(&[])?;
    }
    kernel::setgid(Gid::from_raw(plan.who))?;
    kernel::setuid(Uid::from_raw(plan.who))?;
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o022));
    Ok(())
}

/// Builds the root and moves into it; gives where each command's words go.
fn furnish(plan: &Plan) -> Outcome<Vec<Output>> {
    let create = |name: &str, index| File::create(plan.folder.join(format!("{name}.{index}")));
    let open = |index: usize| -> std::io::Result<Output> {
        let (out, err) = (create("out", index)?, create("err", index)?);
        Ok(Output { out, err })
    };
    let outputs: Result<Vec<_>, _> = (0..plan.commands.len()).map(open).collect();
    kernel::mount_propagation("/", Propagation::Private)?;
    let root = plan.folder.join("cell");
    fs::create_dir(&root)?;
    kernel::mount_new("tmpfs", &root, MsFlags::empty(), Some("size=64m,mode=755"))?;
    system(&root, SYSTEM)?;
    devices(&root)?;
    for (outside, inside) in &plan.trees {
        let there = root.join(inside.trim_start_matches('/'));
        fs::create_dir_all(&there)?;
        kernel::bind_mount(outside, &there)?;
    }
    // While the old /proc is in sight: the kernel asks for it, see user_namespaces(7).
    fs::create_dir(root.join("proc"))?;
    let closed = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    kernel::mount_new("proc", root.join("proc"), closed, None)?;
    fs::create_dir(root.join("tmp"))?;
    fs::set_permissions(root.join("tmp"), fs::Permissions::from_mode(0o1777))?;
    mount_in_a_mount(&root.join("mnt"))?;
    copy(&plan.folder.join("world"), &root.join("box"))?;
    fs::copy(plan.folder.join("answer"), root.join("answer"))?;
    powers::furnish(plan, &root.join("answer"))?;
    kernel::chdir(&root)?;
    kernel::pivot_root(".", ".")?;
    kernel::detach(".")?;
    // As on most machines: whoever wants private mounts has to say so.
    kernel::mount_propagation("/", Propagation::Shared)?;
    Ok(outputs?)
}

/// What is unmounted here goes elsewhere, too, unless *all* mounts were made private: it is
/// passed on by the mount that it is in.
fn mount_in_a_mount(outer: &Path) -> Outcome {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    for folder in [outer, &outer.join("inner")] {
        fs::create_dir(folder)?;
        kernel::mount_new("tmpfs", folder, flags, Some("size=4k,mode=755"))?;
    }
    Ok(())
}

/// Folders of the system below another root, read-only.
pub(crate) fn system(root: &Path, names: &[&str]) -> Outcome {
    for name in names {
        let (here, there) = (Path::new("/").join(name), root.join(name));
        let Ok(meta) = fs::symlink_metadata(&here) else {
            continue;
        };
        if meta.is_symlink() {
            symlink(fs::read_link(&here)?, &there)?;
            continue;
        }
        fs::create_dir(&there)?;
        kernel::bind_mount_recursive(&here, &there)?;
        read_only(&there)?;
    }
    Ok(())
}

/// Changes one flag of a mount; the others may not change in a user namespace.
pub(crate) fn read_only(point: &Path) -> Outcome {
    let mut flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY;
    let found = statvfs(point)?.flags();
    for (is, keep) in [
        (FsFlags::ST_NOSUID, MsFlags::MS_NOSUID),
        (FsFlags::ST_NODEV, MsFlags::MS_NODEV),
        (FsFlags::ST_NOEXEC, MsFlags::MS_NOEXEC),
    ] {
        if found.contains(is) {
            flags |= keep;
        }
    }
    Ok(kernel::mount(None, point, None, flags, None)?)
}

/// Devices that harm nobody.
pub(crate) fn devices(root: &Path) -> Outcome {
    fs::create_dir(root.join("dev"))?;
    for name in DEVICES {
        let (here, there) = (Path::new("/dev").join(name), root.join("dev").join(name));
        if here.exists() {
            File::create(&there)?;
            kernel::bind_mount(&here, &there)?;
        }
    }
    Ok(())
}

/// A folder with all that is in it: files, folders and links.
pub fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type()?;
        if kind.is_symlink() {
            symlink(fs::read_link(&from)?, &to)?;
        } else if kind.is_dir() {
            copy(&from, &to)?;
        } else {
            fs::copy(&from, &to)?;
        }
    }
    fs::set_permissions(to, fs::metadata(from)?.permissions())
}

/// Runs a command to its end unless it stays, and collects whoever else ends.
fn run(command: &Command, output: &Output, targets: &[Pid]) -> Outcome<Pid> {
    let Some(child) = kernel::fork()? else {
        let Err(error) = start(command, output, targets);
        eprintln!("cannot start {}: {error}", command.file);
        kernel::exit_now(127)
    };
    while !command.stays && waitpid(None, None)?.pid() != Some(child) {}
    Ok(child)
}

fn start(command: &Command, output: &Output, targets: &[Pid]) -> Outcome<Infallible> {
    SigSet::all().thread_unblock()?;
    kernel::setsid()?;
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    setrlimit(Resource::RLIMIT_FSIZE, FILE_LIMIT, FILE_LIMIT)?;
    setrlimit(Resource::RLIMIT_AS, MEMORY_LIMIT, MEMORY_LIMIT)?;
    if !command.groups.is_empty() {
        let groups: Vec<_> = command.groups.iter().map(|id| Gid::from_raw(*id)).collect();
        kernel::setgroups(&groups)?;
    }
    nix::unistd::dup2_stdin(File::open("/dev/null")?)?;
    nix::unistd::dup2_stdout(&output.out)?;
    nix::unistd::dup2_stderr(&output.err)?;
    // What the judge's own starters left open is none of the answer's business.
    kernel::close_range_on_exec(3)?;
    if command.leaks {
        leak()?;
    }
    match &command.jail {
        Some(jail) => {
            kernel::chroot(jail.as_str())?;
            kernel::chdir("/")?;
        }
        None => kernel::chdir(BOX)?,
    }
    powers::become_one_with(command)?;
    let argument = |word: &String| {
        let named = targets.iter().enumerate();
        named.fold(word.clone(), |word, (index, pid)| {
            word.replace(&format!("{{{index}}}"), &pid.to_string())
        })
    };
    let words = command.argv.iter().map(argument).map(OsString::from);
    let program = Program {
        argv: words.chain(command.further.iter().cloned()).collect(),
        envp: environment(),
        file: Some(command.file.clone().into()),
    };
    match program.exec().map_err(|refused| refused.errno().desc())? {}
}

/// Leaves descriptors open: one at a low number, one beyond the usual limit of 1024, and
/// beyond 65536 if this machine lets anybody have so many. Then the limit is the usual one: it
/// holds for new descriptors, so whoever goes up to it misses the high one.
fn leak() -> Outcome {
    const USUAL: u64 = 1024;
    const LARGE: u64 = 65_537;
    // Each number below it costs the kernel memory.
    const TOP: u64 = 70_000;
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    let top = hard.min(TOP);
    let mut numbers = vec![super::number(10..60)];
    if top > USUAL {
        setrlimit(Resource::RLIMIT_NOFILE, top, hard)?;
        let from = if top > LARGE { LARGE } else { USUAL };
        numbers.push(super::number(from as u32..top as u32));
    }
    let root = File::open("/")?;
    for number in numbers {
        nix::fcntl::fcntl(&root, nix::fcntl::FcntlArg::F_DUPFD(number as i32))?;
    }
    Ok(setrlimit(Resource::RLIMIT_NOFILE, soft.min(USUAL), hard)?)
}

fn environment() -> Vec<std::ffi::OsString> {
    let mut all = [
        "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME=/box",
        "LC_ALL=C",
    ]
    .map(std::ffi::OsString::from)
    .to_vec();
    if let Some(nonce) = std::env::var_os(MARK) {
        let mut mark = std::ffi::OsString::from(format!("{MARK}="));
        mark.push(nonce);
        all.push(mark);
    }
    all
}

/// What PID 1 says next.
pub fn line(from: &UnixStream) -> std::io::Result<String> {
    let mut said = String::new();
    BufReader::with_capacity(1, from).read_line(&mut said)?;
    Ok(said.trim_end().to_owned())
}
