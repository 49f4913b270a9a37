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
//!
//! # Layout
//!
//! - [`Spawn`] (here): makes the child, and its life until it is a program.
//! - [`child`]: [`Waiting`] and [`Child`], what the parent holds in its hand.
//! - [`program`]: [`Program`], what the child becomes; [`refused`]: why it did not.
//! - [`exit`]: [`Exit`], how it ended.
//! - [`identity`]: which process a number stands for.
//! - [`signals`]: signals that are held back while a child runs.
//! - [`user`]: becoming another user.
//! - [`gate`]: while somebody listens, `= started` comes before the program's first byte.

use std::convert::Infallible;
use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::kernel::{self, CallError, CloneFlags, Cloned, Pid, Signal};
use crate::narrate::{self, Event, Sink};

mod child;
mod exit;
mod gate;
pub mod identity;
mod program;
mod refused;
mod signals;
mod user;

pub use child::{Child, Relayed, Waiting};
pub use exit::Exit;
pub use program::{Program, Ready};
pub use refused::why_not_started;
pub use signals::{HeldSignals, Relay};
pub use user::{Groups, become_user, unmapped};

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

/// A child to be made.
#[derive(Debug, Clone)]
pub struct Spawn {
    namespaces: CloneFlags,
    dies_with_parent: Option<Signal>,
    holds: &'static [Signal],
    group: Option<Arc<OwnedFd>>,
    /// Its name in test builds: see `inject`.
    #[cfg_attr(not(feature = "inject"), allow(dead_code))]
    role: &'static str,
}

impl Default for Spawn {
    fn default() -> Self {
        Spawn {
            namespaces: CloneFlags::empty(),
            dies_with_parent: None,
            holds: signals::ALL,
            group: None,
            role: "child",
        }
    }
}

/// What goes from child to parent, a line each.
#[derive(Serialize, Deserialize)]
enum Message {
    Event(Event),
    /// The next thing it does is execve(2). If traced, it stops at the end of that, see
    /// [`gate`].
    Executing {
        traced: bool,
    },
    Failed(serde_json::Value),
}

/// The status of a child that never became a program; its parent knows more.
const CHILD_FAILED: i32 = 125;

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

    /// The child is born in a control group of v2, of which `folder` is the open folder:
    /// CLONE_INTO_CGROUP. There is no moment at which it is not limited.
    pub fn into_group(mut self, folder: OwnedFd) -> Self {
        self.group = Some(Arc::new(folder));
        self
    }

    /// Which signals the parent holds back while the child runs; those that end a program
    /// by default, if this is not said.
    pub fn holding(mut self, signals: &'static [Signal]) -> Self {
        self.holds = signals;
        self
    }

    /// What the child is called when a test breaks one of its calls.
    pub fn role(mut self, role: &'static str) -> Self {
        self.role = role;
        self
    }

    /// Makes the child, runs `prepare` in the parent while it waits, then `child` in it.
    ///
    /// `child` ends in [`Program::exec`] or fails; its error comes back as
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
        let waiting = self.hold(child)?;
        prepare(waiting.pid()).map_err(StartError::Prepare)?;
        waiting.go()
    }

    /// Makes the child, which waits until [`Waiting::go`] and then becomes a program.
    #[track_caller]
    pub fn hold<E>(
        &self,
        child: impl FnOnce() -> Result<Infallible, E>,
    ) -> Result<Waiting<E>, StartError<E>>
    where
        E: std::error::Error + Serialize + DeserializeOwned + 'static,
    {
        self.hold_for_job(|| child().map(|never| match never {}))
    }

    /// Makes a child that waits until [`Waiting::finish`], does a job, and ends.
    #[track_caller]
    pub fn hold_for_job<E>(
        &self,
        job: impl FnOnce() -> Result<(), E>,
    ) -> Result<Waiting<E>, StartError<E>>
    where
        E: std::error::Error + Serialize + DeserializeOwned + 'static,
    {
        // Ignored by whoever started us, it would take the child's exit status away.
        kernel::default_action(Signal::SIGCHLD);
        let held = HeldSignals::hold(self.holds);
        let (ours, theirs) = UnixStream::pair().map_err(|error| {
            let path = std::path::Path::new("AF_UNIX");
            let man = "socketpair(2)";
            StartError::Clone(CallError::from_io("socketpair", path, man, &error))
        })?;
        let group = self.group.as_deref().map(AsFd::as_fd);
        match kernel::clone3(self.namespaces, group).map_err(StartError::Clone)? {
            Cloned::Child => {
                drop(ours);
                held.release();
                self.be_the_child(theirs, job)
            }
            Cloned::Parent(pid, pidfd) => {
                drop(theirs);
                Ok(Waiting::new(Child { pid, pidfd, held }, ours))
            }
        }
    }

    /// The child's life until it is another program. It never returns into the code that
    /// called `start`: a second process running that would do everything twice.
    fn be_the_child<E: std::error::Error + Serialize>(
        &self,
        mut to_parent: UnixStream,
        job: impl FnOnce() -> Result<(), E>,
    ) -> ! {
        #[cfg(feature = "inject")]
        crate::inject::enter_role(self.role);
        let guarded = std::panic::AssertUnwindSafe(|| {
            if narrate::enabled() {
                let pipe = to_parent.try_clone().expect("a descriptor is left");
                narrate::install(Box::new(ToParent(pipe)));
            }
            PARENT.store(to_parent.as_raw_fd(), Ordering::Relaxed);
            gate::offer(&to_parent);
            // No byte means that the parent is gone or gave up.
            if to_parent.read_exact(&mut [0]).is_err() {
                return CHILD_FAILED;
            }
            if let Some(signal) = self.dies_with_parent {
                let _ = die_with_parent(signal);
            }
            let Err(error) = job() else { return 0 };
            let value = serde_json::to_value(&error).expect("an error is plain data");
            send(&mut to_parent, &Message::Failed(value));
            CHILD_FAILED
        });
        let status = std::panic::catch_unwind(guarded).unwrap_or(CHILD_FAILED);
        // Nothing is left to run here: not even the parent's destructors.
        kernel::exit_now(status)
    }
}

/// In a child: its end of the socket.
static PARENT: AtomicI32 = AtomicI32::new(-1);

/// From now on this process gets `signal` when its parent ends: PR_SET_PDEATHSIG in prctl(2).
///
/// That tells of ends to come only. In a child of ours, an end before it shows in the
/// socket; getppid(2) would not do, it is 0 in a new PID namespace.
#[track_caller]
pub fn die_with_parent(signal: Signal) -> kernel::Result<()> {
    kernel::prctl_set_pdeathsig(signal)?;
    let socket = PARENT.load(Ordering::Relaxed);
    if socket >= 0 && kernel::is_hung_up(socket) {
        // As PID 1 of a namespace it could not even send itself the signal.
        kernel::exit_now(128 + signal as i32);
    }
    Ok(())
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

/// Becomes root of a user namespace of its own, and of new namespaces for each CLONE_NEW*
/// of `more`, which that root then owns. Outside we stay who we are.
///
/// "Me is root" is the one map that needs no privilege: user_namespaces(7).
#[track_caller]
pub fn become_root_of_own_users(more: CloneFlags) -> kernel::Result<()> {
    const MAN: &str = "user_namespaces(7)";
    // Asked before: inside, and without a map yet, everybody is nobody.
    let (uid, gid) = (kernel::Uid::effective(), kernel::Gid::effective());
    narrate::step("Be root of a user namespace of our own, and nobody outside");
    kernel::unshare(CloneFlags::CLONE_NEWUSER | more)?;

    narrate::step("One line says who that root is outside");
    kernel::write_file("/proc/self/uid_map", &format!("0 {uid} 1"), MAN)?;

    narrate::step("Give up setgroups: dropping a group could open what the group forbids");
    kernel::write_file("/proc/self/setgroups", "deny", MAN)?;
    kernel::write_file("/proc/self/gid_map", &format!("0 {gid} 1"), MAN)
}

/// Whether this process is in a user namespace other than the machine's first: that one
/// maps every id to itself.
pub fn in_a_user_namespace() -> bool {
    let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    let fields: Vec<_> = map.split_whitespace().collect();
    fields != ["0", "0", "4294967295"]
}
