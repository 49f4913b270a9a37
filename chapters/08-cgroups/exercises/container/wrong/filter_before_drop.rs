//! Refused: the command is started
//! Observed: the program ended without it

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, exit};
use std::sync::atomic::{AtomicI32, Ordering};

use libc::{BPF_ABS, BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, sock_filter};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{SigHandler, SigSet, Signal, kill, signal};
use nix::unistd::{ForkResult, Pid, chdir, fork, pipe2, pivot_root};

/// What a container is asked to be.
struct Asked {
    root: String,
    group: PathBuf,
    megabytes: u64,
    /// A bit for each capability.
    keep: u64,
    call: u32,
    error: u32,
    command: Vec<String>,
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [root, group, megabytes, keep, call, error, command @ ..] = words.as_slice() else {
        eprintln!("usage: answer ROOT GROUP MEGABYTES KEEP CALL ERROR COMMAND [ARGUMENT…]");
        exit(2);
    };
    let number = |text: &str| text.parse::<u32>().expect("a number");
    let asked = Asked {
        root: root.clone(),
        group: group.into(),
        megabytes: number(megabytes).into(),
        keep: keep.split(',').fold(0, |set, bit| set | 1 << number(bit)),
        call: number(call),
        error: number(error),
        command: command.to_vec(),
    };
    // Until there is a child that gets it.
    let term = SigSet::from(Signal::SIGTERM);
    term.thread_block().expect("a signal can be blocked");
    exit(contain(&asked));
}

/// Runs the command in a container, says what ended it, and gives the exit status.
fn contain(asked: &Asked) -> i32 {
    fs::create_dir(&asked.group).expect("the group is ours");
    limit(&asked.group, asked.megabytes);
    let list = File::options()
        .write(true)
        .open(asked.group.join("cgroup.procs"));
    let list = list.expect("a group has a list of its processes");
    let (hear, tell) = pipe2(OFlag::O_CLOEXEC).expect("a pipe");
    let (mut hear, mut tell) = (File::from(hear), Some(File::from(tell)));

    unshare(CloneFlags::CLONE_NEWPID).expect("root may");
    watch_over(|started| match started {
        Started::Child => first_process(asked, &list, tell.take().expect("it is ours")),
        Started::Parent => drop(tell.take()),
    });

    let mut raw = [0; 4];
    let heard = hear.read_exact(&mut raw);
    let killed = kills(&asked.group) > 0;
    fs::remove_dir(&asked.group).expect("with PID 1 everybody has ended");
    if heard.is_err() {
        return 125;
    }
    let status = ExitStatus::from_raw(i32::from_ne_bytes(raw));
    println!("{}", what_ended(status, killed));
    status.code().unwrap_or(128 + status.signal().unwrap_or(0))
}

/// The life of PID 1.
fn first_process(asked: &Asked, list: &File, mut tell: File) {
    new_root(&asked.root).expect("root may");
    let status = watch_over(|started| {
        if matches!(started, Started::Child) {
            become_command(asked, list);
        }
    });
    let told = tell.write_all(&status.into_raw().to_ne_bytes());
    exit(i32::from(told.is_err()));
}

/// The command's process, until it is the command.
fn become_command(asked: &Asked, mut list: &File) {
    list.write_all(b"0").expect("the group takes us");
    refuse(asked.call, asked.error).expect("a filter");
    keep_only(asked.keep).expect("nothing is left");
    mark_descriptors().expect("close_range");
    let term = SigSet::from(Signal::SIGTERM);
    term.thread_unblock().expect("the command is to hear it");
    let mut command = Command::new(&asked.command[0]);
    command.args(&asked.command[1..]);
    let error = command.exec();
    eprintln!("answer: cannot run {}: {error}", asked.command[0]);
    exit(127);
}

/// From here on there is nothing but `root`, for all in this mount namespace.
fn new_root(root: &str) -> nix::Result<()> {
    let none = None::<&str>;
    unshare(CloneFlags::CLONE_NEWNS)?;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)?;
    mount(Some(root), root, none, MsFlags::MS_BIND, none)?;
    chdir(root)?;
    // While the old one is in sight, or the kernel refuses it: user_namespaces(7).
    mount(Some("proc"), "proc", Some("proc"), MsFlags::empty(), none)?;
    pivot_root(".", ".")?;
    umount2(".", MntFlags::MNT_DETACH)?;
    chdir("/")
}

enum Started {
    Child,
    Parent,
}

/// The child that gets our SIGTERM.
static CHILD: AtomicI32 = AtomicI32::new(0);

extern "C" fn send_on(_: libc::c_int) {
    let _ = kill(Pid::from_raw(CHILD.load(Ordering::SeqCst)), Signal::SIGTERM);
}

/// Makes a child, sends SIGTERM on to it, and collects whoever ends, until it does.
fn watch_over(mut start: impl FnMut(Started)) -> ExitStatus {
    // SAFETY: one thread only.
    let pid = match unsafe { fork() }.expect("a process is left") {
        ForkResult::Child => {
            start(Started::Child);
            unreachable!("it has ended or is another program")
        }
        ForkResult::Parent { child } => child,
    };
    CHILD.store(pid.as_raw(), Ordering::SeqCst);
    // SAFETY: the handler makes one system call.
    unsafe { signal(Signal::SIGTERM, SigHandler::Handler(send_on)) }.expect("SIGTERM");
    let term = SigSet::from(Signal::SIGTERM);
    term.thread_unblock().expect("what came is delivered now");
    start(Started::Parent);
    loop {
        let mut status = 0;
        // SAFETY: the kernel writes one number.
        let ended = unsafe { libc::wait(&raw mut status) };
        if ended == pid.as_raw() {
            return ExitStatus::from_raw(status);
        }
    }
}

/// From now on the group has this much memory, swap included.
fn limit(group: &Path, megabytes: u64) {
    let bytes = (megabytes << 20).to_string();
    let files = if is_v2(group) {
        [("memory.max", bytes.as_str()), ("memory.swap.max", "0")]
    } else {
        [
            ("memory.limit_in_bytes", bytes.as_str()),
            ("memory.memsw.limit_in_bytes", &bytes),
        ]
    };
    for (file, text) in files {
        let file = group.join(file);
        // A kernel without swap has no file for it.
        if file.exists() || !file.to_string_lossy().contains("sw") {
            fs::write(&file, text).expect("the group is ours");
        }
    }
}

fn is_v2(group: &Path) -> bool {
    group.join("memory.max").exists()
}

/// How many processes of the group the out-of-memory killer has ended.
fn kills(group: &Path) -> u64 {
    let file = match is_v2(group) {
        true => "memory.events",
        false => "memory.oom_control",
    };
    let text = fs::read_to_string(group.join(file)).expect("a group counts");
    let mut lines = text.lines();
    let count = lines.find_map(|line| line.strip_prefix("oom_kill "));
    count.and_then(|count| count.parse().ok()).expect("a count")
}

/// `memory`, `signal N` or `status N`.
fn what_ended(status: ExitStatus, killed: bool) -> String {
    match status.signal() {
        Some(libc::SIGKILL) if killed => "memory".to_owned(),
        Some(signal) => format!("signal {signal}"),
        None => format!("status {}", status.code().expect("one or the other")),
    }
}

/// From here on there is nothing but the bits of `keep`.
fn keep_only(keep: u64) -> nix::Result<()> {
    for bit in (0..64).filter(|bit| keep >> bit & 1 == 0) {
        // SAFETY: takes numbers.
        if unsafe { libc::prctl(libc::PR_CAPBSET_READ, bit) } < 0 {
            break;
        }
        // SAFETY: takes numbers.
        Errno::result(unsafe { libc::prctl(libc::PR_CAPBSET_DROP, bit, 0, 0, 0) })?;
    }
    let (low, high) = (keep as u32, (keep >> 32) as u32);
    // The header: version 3, this process. Effective, permitted and inheritable, twice.
    let (mut header, sets) = ([0x2008_0522_u32, 0], [low, low, 0, high, high, 0]);
    // SAFETY: reads two words, and six.
    let result = unsafe { libc::syscall(libc::SYS_capset, header.as_mut_ptr(), sets.as_ptr()) };
    Errno::result(result).map(drop)
}

/// All descriptors from 3 on go with the next exec.
fn mark_descriptors() -> nix::Result<()> {
    const CLOSE_RANGE_CLOEXEC: libc::c_int = 1 << 2;
    let (call, last) = (libc::SYS_close_range, libc::c_uint::MAX);
    // SAFETY: takes numbers.
    Errno::result(unsafe { libc::syscall(call, 3, last, CLOSE_RANGE_CLOEXEC) }).map(drop)
}

/// From here on `call` fails with `error`.
fn refuse(call: u32, error: u32) -> nix::Result<()> {
    let mut program = [
        step(BPF_LD | BPF_W | BPF_ABS, 0, 0, 0),
        step(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, call),
        step(BPF_RET | BPF_K, 0, 0, libc::SECCOMP_RET_ERRNO | error),
        step(BPF_RET | BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    nix::sys::prctl::set_no_new_privs()?;
    let program = libc::sock_fprog {
        len: 4,
        filter: program.as_mut_ptr(),
    };
    let mode = libc::SECCOMP_SET_MODE_FILTER;
    // SAFETY: the kernel reads the program, which lives as long as this call.
    let result = unsafe { libc::syscall(libc::SYS_seccomp, mode, 0, &raw const program) };
    Errno::result(result).map(drop)
}

fn step(code: u32, jt: u8, jf: u8, k: u32) -> sock_filter {
    let code = code as u16;
    sock_filter { code, jt, jf, k }
}
