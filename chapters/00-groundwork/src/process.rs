//! A child process in namespaces of its own.
//!
//! clone3(2) makes it, and it waits. The parent prepares what only the parent may (the
//! maps of a user namespace), then lets it go. What the child does until execve(2) it
//! narrates into a socket that closes itself at that moment: its end tells the parent
//! that the program started, and anything else in it is the reason why not.
//!
//! ```text
//! parent                         child
//! clone3 ───────────────────────▶ waits
//! prepare(pid)
//! go ───────────────────────────▶ enters, mounts, …
//!      ◀──────────── narration ── execve
//!      ◀────────── end of socket  (now the program)
//! wait: signals on, exit back
//! ```

use std::convert::Infallible;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, SigmaskHow, sigprocmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::kernel::{self, CallError, CloneFlags, Cloned, Pid, Signal};
use crate::narrate::{self, Event, Sink};

/// Why a child did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError<E: std::error::Error + 'static> {
    /// The kernel refused to make the child.
    #[error("cannot make a child process")]
    Clone(#[source] CallError),
    /// The parent's own part failed; the child was ended.
    #[error("{0}")]
    Prepare(#[source] E),
    /// The child reported why it could not become the program.
    #[error("{0}")]
    Child(#[source] E),
    /// The child ended before it became the program, without a word.
    #[error("the child ended before its program started: {0}")]
    Silent(Exit),
}

impl<E: std::error::Error> StartError<E> {
    /// The typed error of parent or child, or one made of a failed clone3(2).
    pub fn flatten(self, clone: impl FnOnce(CallError) -> E, silent: impl FnOnce(Exit) -> E) -> E {
        match self {
            StartError::Clone(error) => clone(error),
            StartError::Prepare(error) | StartError::Child(error) => error,
            StartError::Silent(exit) => silent(exit),
        }
    }
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Exit {
    /// exit(3) with this status.
    Code(i32),
    /// A signal ended it.
    Signal(i32),
}

impl Exit {
    /// As a shell reports it: the status itself, or 128 + the signal's number.
    pub fn status(self) -> u8 {
        match self {
            Exit::Code(code) => code as u8,
            Exit::Signal(number) => 128 + number as u8,
        }
    }
}

impl std::fmt::Display for Exit {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Exit::Code(code) => write!(out, "exit status {code}"),
            Exit::Signal(number) => match Signal::try_from(*number) {
                Ok(signal) => write!(out, "ended by {signal}"),
                Err(_) => write!(out, "ended by signal {number}"),
            },
        }
    }
}

/// A child to be made.
#[derive(Debug, Clone)]
pub struct Spawn {
    namespaces: CloneFlags,
    dies_with_parent: Option<Signal>,
}

impl Default for Spawn {
    fn default() -> Self {
        Spawn {
            namespaces: CloneFlags::empty(),
            dies_with_parent: None,
        }
    }
}

/// What goes from child to parent, a line each.
#[derive(Serialize, Deserialize)]
enum Message {
    Event(Event),
    Failed(serde_json::Value),
}

impl Spawn {
    /// A child in the namespaces of its parent.
    pub fn new() -> Self {
        Self::default()
    }

    /// New namespaces for the child: the CLONE_NEW* flags of clone(2).
    pub fn namespaces(mut self, flags: CloneFlags) -> Self {
        self.namespaces = flags;
        self
    }

    /// The child gets `signal` when its parent ends: PR_SET_PDEATHSIG.
    pub fn dies_with_parent(mut self, signal: Signal) -> Self {
        self.dies_with_parent = Some(signal);
        self
    }

    /// Makes the child, runs `prepare` in the parent while it waits, then `child` in it.
    ///
    /// `child` ends in [`exec`] or fails; its error comes back as
    /// [`StartError::Child`], and the child has been reaped then.
    #[track_caller]
    pub fn start<E>(
        &self,
        prepare: impl FnOnce(Pid) -> Result<(), E>,
        child: impl FnOnce() -> Result<Infallible, E>,
    ) -> Result<Child, StartError<E>>
    where
        E: std::error::Error + Serialize + DeserializeOwned + 'static,
    {
        let held = HeldSignals::hold();
        let (ours, theirs) = UnixStream::pair().map_err(|error| {
            let path = std::path::Path::new("AF_UNIX");
            StartError::Clone(CallError::from_io(
                "socketpair",
                path,
                "socketpair(2)",
                &error,
            ))
        })?;
        match kernel::clone3(self.namespaces).map_err(StartError::Clone)? {
            Cloned::Child => {
                drop(ours);
                held.release();
                self.be_the_child(theirs, child)
            }
            Cloned::Parent(pid, pidfd) => {
                drop(theirs);
                let running = Child {
                    pid,
                    pidfd,
                    _held: held,
                };
                running.let_go(ours, prepare)
            }
        }
    }

    /// The child's life until it is another program. It never returns into the code that
    /// called `start`: a second process running that would do everything twice.
    fn be_the_child<E: std::error::Error + Serialize>(
        &self,
        mut to_parent: UnixStream,
        child: impl FnOnce() -> Result<Infallible, E>,
    ) -> ! {
        #[cfg(feature = "inject")]
        crate::inject::enter_role("child");
        let guarded = std::panic::AssertUnwindSafe(|| {
            if narrate::enabled() {
                let pipe = to_parent.try_clone().expect("a descriptor is left");
                narrate::install(Box::new(ToParent(pipe)));
            }
            // No byte means that the parent is gone or gave up.
            if to_parent.read_exact(&mut [0]).is_err() {
                return;
            }
            if let Some(signal) = self.dies_with_parent {
                let _ = kernel::prctl_set_pdeathsig(signal);
            }
            let Err(error) = child();
            let value = serde_json::to_value(&error).expect("an error is plain data");
            send(&mut to_parent, &Message::Failed(value));
        });
        let _ = std::panic::catch_unwind(guarded);
        // Nothing is left to run here: not even the parent's destructors.
        kernel::exit_now(CHILD_FAILED)
    }
}

/// Writes one message. A parent that is gone cannot be told anything.
fn send(to_parent: &mut UnixStream, message: &Message) {
    let line = serde_json::to_string(message).expect("a message is plain data") + "\n";
    let _ = to_parent.write_all(line.as_bytes());
}

/// The child's narration, on its way to the parent.
struct ToParent(UnixStream);

impl Sink for ToParent {
    fn event(&mut self, event: &Event) {
        send(&mut self.0, &Message::Event(event.clone()));
    }
}

/// A child that became its program.
#[derive(Debug)]
pub struct Child {
    /// Its number in the parent's PID namespace.
    pub pid: Pid,
    /// Stands for it even when its number is used again.
    pub pidfd: OwnedFd,
    _held: HeldSignals,
}

/// What a waiting parent does with the signals that it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relay {
    /// Sends them on to the child.
    Forward,
    /// Takes them and does nothing, as unshare(1) does with SIGINT and SIGTERM.
    Swallow,
}

/// The status of a child that never became a program; its parent knows more.
const CHILD_FAILED: i32 = 125;

impl Child {
    /// The parent's part, the word to go on, and the child's narration until it is a
    /// program.
    fn let_go<E>(
        self,
        mut socket: UnixStream,
        prepare: impl FnOnce(Pid) -> Result<(), E>,
    ) -> Result<Child, StartError<E>>
    where
        E: std::error::Error + DeserializeOwned + 'static,
    {
        if let Err(error) = prepare(self.pid) {
            // The child reads the end of the socket and ends by itself.
            drop(socket);
            self.reap();
            return Err(StartError::Prepare(error));
        }
        // A child that was killed meanwhile is found out below.
        let _ = socket.write_all(b"!");
        let _ = socket.shutdown(Shutdown::Write);

        for line in BufReader::new(&socket).lines() {
            let Ok(line) = line else { break };
            match serde_json::from_str(&line) {
                Ok(Message::Event(event)) => self.narrate(event),
                Ok(Message::Failed(value)) => {
                    self.reap();
                    let error = serde_json::from_value(value).expect("our own words");
                    return Err(StartError::Child(error));
                }
                Err(_) => break,
            }
        }
        if self.ended_already() {
            return Err(StartError::Silent(self.reap()));
        }
        if narrate::enabled() {
            let pid = self.pid.as_raw();
            narrate::tell(&Event::Started { pid });
        }
        Ok(self)
    }

    /// Tells what the child did. Inside a PID namespace it does not know its own number
    /// out here; we do.
    fn narrate(&self, mut event: Event) {
        if let Event::Call { pid, .. } | Event::Exec { pid, .. } = &mut event {
            *pid = self.pid.as_raw();
        }
        narrate::tell(&event);
    }

    /// Whether the child is a zombie: the end of its socket then meant its death. A program
    /// that started and was very quick looks the same, and its status decides.
    fn ended_already(&self) -> bool {
        use nix::sys::wait::{Id, waitid};
        let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        match waitid(Id::PIDFd(self.pidfd.as_fd()), flags) {
            Ok(WaitStatus::Exited(_, code)) => code == CHILD_FAILED && !self.became_a_program(),
            Ok(WaitStatus::Signaled(..)) => !self.became_a_program(),
            _ => false,
        }
    }

    /// Whether execve(2) was reached before the end. A zombie has no /proc/PID/exe any
    /// more, so this asks the accounting flag PF_FORKNOEXEC in proc_pid_stat(5).
    fn became_a_program(&self) -> bool {
        const PF_FORKNOEXEC: u64 = 0x40;
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid));
        let flags = stat.ok().and_then(|stat| {
            let after_name = stat.rsplit_once(')')?.1;
            after_name.split_whitespace().nth(6)?.parse::<u64>().ok()
        });
        flags.is_none_or(|flags| flags & PF_FORKNOEXEC == 0)
    }

    /// Waits until the child has ended, and meanwhile relays the signals that we are sent.
    pub fn wait(self, relay: Relay) -> Exit {
        let signals = SignalFd::with_flags(&HeldSignals::set(), SfdFlags::SFD_CLOEXEC);
        let Ok(signals) = signals else {
            return self.reap();
        };
        loop {
            let mut ready = [
                PollFd::new(self.pidfd.as_fd(), PollFlags::POLLIN),
                PollFd::new(signals.as_fd(), PollFlags::POLLIN),
            ];
            match poll(&mut ready, PollTimeout::NONE) {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(_) => return self.reap(),
            }
            let happened = |at: usize| ready[at].revents().is_some_and(|bits| !bits.is_empty());
            if happened(0) {
                return self.reap();
            }
            if happened(1) {
                self.relay(&signals, relay);
            }
        }
    }

    /// A key such as Ctrl-C has reached the child already: the terminal sends it to the
    /// whole foreground group, and marks it as the kernel's own (SI_KERNEL, sigaction(2)).
    fn relay(&self, signals: &SignalFd, relay: Relay) {
        let Ok(Some(info)) = signals.read_signal() else {
            return;
        };
        let from_terminal = info.ssi_code == nix::libc::SI_KERNEL;
        let signal = Signal::try_from(info.ssi_signo as i32);
        if let (Relay::Forward, false, Ok(signal)) = (relay, from_terminal, signal) {
            let _ = kernel::pidfd_send_signal(&self.pidfd, signal);
        }
    }

    /// Takes the exit status, which ends the zombie.
    fn reap(&self) -> Exit {
        loop {
            match waitpid(self.pid, None) {
                Ok(WaitStatus::Exited(_, code)) => return Exit::Code(code),
                Ok(WaitStatus::Signaled(_, signal, _)) => return Exit::Signal(signal as i32),
                Ok(_) | Err(Errno::EINTR) => {}
                Err(_) => return Exit::Code(CHILD_FAILED),
            }
        }
    }
}

/// Signals that wait: from before the child exists until it has ended, so that none is
/// lost between the two.
#[derive(Debug)]
struct HeldSignals(SigSet);

impl HeldSignals {
    fn set() -> SigSet {
        use Signal::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
        [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2]
            .into_iter()
            .collect()
    }

    fn hold() -> Self {
        let mut before = SigSet::empty();
        let set = Self::set();
        let _ = sigprocmask(SigmaskHow::SIG_BLOCK, Some(&set), Some(&mut before));
        HeldSignals(before)
    }

    /// Lets them come again; what came meanwhile comes now.
    fn release(&self) {
        let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&self.0), None);
    }
}

impl Drop for HeldSignals {
    fn drop(&mut self) {
        self.release();
    }
}

/// A program to become: what exec(3) needs, given by whoever knows the environment.
#[derive(Debug, Clone)]
pub struct Program {
    /// Its name or path, and its arguments.
    pub argv: Vec<OsString>,
    /// `NAME=value`, each.
    pub envp: Vec<OsString>,
}

impl Program {
    /// `argv` with the environment of this process.
    pub fn new(argv: Vec<OsString>, env: impl Iterator<Item = (OsString, OsString)>) -> Self {
        let pair = |(name, value): (OsString, OsString)| {
            let mut text = name;
            text.push("=");
            text.push(value);
            text
        };
        Program {
            argv,
            envp: env.map(pair).collect(),
        }
    }

    /// The value of a variable in the environment that the program will have.
    pub fn variable(&self, name: &str) -> Option<&OsStr> {
        let of_pair = |pair: &'_ OsString| -> Option<usize> {
            let rest = pair.as_bytes().strip_prefix(name.as_bytes())?;
            rest.starts_with(b"=").then_some(name.len() + 1)
        };
        self.envp
            .iter()
            .find_map(|pair| of_pair(pair).map(|at| OsStr::from_bytes(&pair.as_bytes()[at..])))
    }

    /// Where the program's file is: a name with a slash is a path, another is looked for
    /// in each folder of PATH, as in exec(3). Looked up in the root that we have now.
    pub fn path(&self) -> PathBuf {
        let name = self
            .argv
            .first()
            .map_or(OsStr::new(""), OsString::as_os_str);
        if name.as_bytes().contains(&b'/') {
            return PathBuf::from(name);
        }
        let path = self.variable("PATH").unwrap_or(OsStr::new("/bin:/usr/bin"));
        let found = std::env::split_paths(path)
            .map(|folder| folder.join(name))
            .filter(|file| file.is_file())
            .collect::<Vec<_>>();
        let runs = found.iter().find(|file| is_executable(file));
        let found = runs.or(found.first()).cloned();
        found.unwrap_or_else(|| PathBuf::from(name))
    }

    /// Becomes the program: execve(2). A file without `#!` that is no program is given to
    /// /bin/sh, as execvp(3) does.
    #[track_caller]
    pub fn exec(&self) -> kernel::Result<Infallible> {
        let path = self.path();
        let Err(error) = kernel::execve(&path, &self.argv, &self.envp);
        if error.errno() != Errno::ENOEXEC {
            return Err(error);
        }
        let mut argv = vec![OsString::from("/bin/sh"), path.into_os_string()];
        argv.extend(self.argv.iter().skip(1).cloned());
        kernel::execve("/bin/sh", &argv, &self.envp)
    }
}

/// exec(3) goes on looking after a file that may not be run.
fn is_executable(file: &std::path::Path) -> bool {
    use nix::unistd::{AccessFlags, access};
    access(file, AccessFlags::X_OK).is_ok()
}

/// Maps this user and group to root of the user namespace of `pid`, and nobody else: the
/// one map that needs no privilege, user_namespaces(7).
#[track_caller]
pub fn map_me_to_root(pid: Pid) -> kernel::Result<()> {
    const MAN: &str = "user_namespaces(7)";
    let (uid, gid) = (kernel::Uid::effective(), kernel::Gid::effective());
    narrate::step("Be root inside: one line says who that is outside");
    kernel::write_file(format!("/proc/{pid}/uid_map"), &format!("0 {uid} 1"), MAN)?;
    narrate::step("Give up setgroups first: without it a group could be dropped that forbids");
    kernel::write_file(format!("/proc/{pid}/setgroups"), "deny", MAN)?;
    kernel::write_file(format!("/proc/{pid}/gid_map"), &format!("0 {gid} 1"), MAN)
}
