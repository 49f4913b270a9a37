//! A supervisor in user space decides what becomes of a call: seccomp_unotify(2).
//!
//! The filter answers SECCOMP_RET_USER_NOTIF, and the kernel keeps the call waiting until
//! somebody who holds the filter's listener has decided: the call is made after all, or it
//! fails, or it seems to have given some value. The program notices nothing but the result.
//!
//! ```text
//! supervisor                      child
//! clone3 ────────────────────────▶ installs the filter, gets its listener
//!   ◀──────────────── listener ─── (unix socket)
//!                                  execve
//! waits for calls, decides each
//! ```

use std::convert::Infallible;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;

use groundwork::kernel::{self, Answer, CallError, Errno, Notification, Signal};
use groundwork::narrate;
use groundwork::process::{Exit, Program, Relay, Spawn};
use groundwork::step;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::action::Action;
use crate::arch::Arch;
use crate::calls;
use crate::error::{Error, Result};
use crate::install::{self, Found, Refused, Setup};
use crate::interpret::{Data, interpret};

/// Runs a program, and lets `decide` say what becomes of each call that the filter leaves to
/// a supervisor, in the program and in its children.
///
/// Gives back how the program ended, after the last process behind the filter has ended. When
/// the supervisor is killed, so is the program: nobody decides for it any more.
// ANCHOR: run
pub fn run(
    setup: &Setup,
    program: &Program,
    decide: impl FnMut(&Notification) -> Answer + Send,
) -> Result<Exit> {
    check(setup)?;
    let (ours, theirs) = UnixStream::pair().map_err(|error| {
        Error::HandOver(CallError::from_io(
            "socketpair",
            Path::new("AF_UNIX"),
            "socketpair(2)",
            &error,
        ))
    })?;
    let spawn = Spawn::new().dies_with_parent(Signal::SIGKILL);
    let waiting = spawn.hold(|| child(setup, program, &theirs));
    let waiting = waiting.map_err(Error::from_start)?;
    drop(theirs);
    std::thread::scope(|scope| {
        let supervisor = scope.spawn(|| serve(&ours, decide));
        let exit = waiting.go().map(|child| child.wait(Relay::Forward));
        let served = supervisor.join().expect("a supervisor does not panic");
        let exit = exit.map_err(Error::from_start)?;
        served.map(|()| exit)
    })
}

/// In the child: everything but the supervision itself.
fn child(
    setup: &Setup,
    program: &Program,
    to: &UnixStream,
) -> std::result::Result<Infallible, Refused> {
    let ready = program.ready();
    let found = Found::at(ready.path());
    install::may_filter(setup.no_new_privs)?;

    step("A filter with a listener: who holds it decides");
    let instructions = setup.filter.instructions();
    let listener = kernel::seccomp_new_listener(&setup.flags, instructions).map_err(|call| {
        Refused::Install {
            length: instructions.len(),
            call,
        }
    })?;
    // From here on a call may wait for a decision, and nobody can decide before this one.
    kernel::send_descriptor(to, &listener).map_err(|errno| Refused::HandOver(sending(errno)))?;
    drop(listener);

    step("Become the program");
    install::become_program(program, &ready, found)
}

/// Decides calls until the last process behind the filter has ended.
fn serve(from_child: &UnixStream, mut decide: impl FnMut(&Notification) -> Answer) -> Result<()> {
    let handed = kernel::receive_descriptor(from_child);
    let handed = handed.map_err(|errno| Error::HandOver(receiving(errno)))?;
    // A child that failed before it had one tells so itself.
    let Some(listener) = handed else {
        return Ok(());
    };
    while somebody_calls(&listener) {
        // ENOENT, here and below: a signal has ended the one who waited.
        let call = match kernel::seccomp_notify_receive(&listener) {
            Ok(call) => call,
            Err(error) if [Errno::ENOENT, Errno::EINTR].contains(&error.errno()) => continue,
            Err(error) => return Err(Error::Supervise(error)),
        };
        let answer = match has_started(from_child) {
            true => decide(&call),
            false => Answer::Continue,
        };
        match kernel::seccomp_notify_send(&listener, call.id, answer) {
            Err(error) if error.errno() != Errno::ENOENT => return Err(Error::Supervise(error)),
            _ => {}
        }
    }
    Ok(())
}
// ANCHOR_END: run

/// Who made a call, and which: for whoever tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The call's name, or its number and architecture where it has none.
    pub call: String,
    /// The name of the thread.
    pub thread: String,
    /// Its number.
    pub pid: u32,
}

impl Caller {
    /// Looks it up. The thread waits meanwhile.
    pub fn of(call: &Notification) -> Caller {
        let number = call.number as u32;
        let arch = Arch::of_call(call.arch, number);
        let name = arch.and_then(|arch| calls::name(arch, number));
        let nameless = || format!("call {number} of {:#x}", call.arch);
        let thread = std::fs::read_to_string(format!("/proc/{}/comm", call.pid));
        Caller {
            call: name.map_or_else(nameless, str::to_owned),
            thread: thread.unwrap_or_default().trim_end().to_owned(),
            pid: call.pid,
        }
    }
}

impl std::fmt::Display for Caller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} [{}]: {}", self.thread, self.pid, self.call)
    }
}

/// Waits for a call. False once nobody is left who could make one.
fn somebody_calls(listener: &OwnedFd) -> bool {
    loop {
        let mut ready = [PollFd::new(listener.as_fd(), PollFlags::POLLIN)];
        match poll(&mut ready, PollTimeout::NONE) {
            Err(Errno::EINTR) => continue,
            Err(_) => return false,
            Ok(_) => {}
        }
        let seen = ready[0].revents().unwrap_or(PollFlags::empty());
        return seen.contains(PollFlags::POLLIN);
    }
}

/// Whether the child is the program already: its end of the socket closes at execve(2). The
/// one who asks keeps it waiting, so the answer does not change under our hands.
fn has_started(from_child: &UnixStream) -> bool {
    let mut ready = [PollFd::new(from_child.as_fd(), PollFlags::POLLIN)];
    let asked = poll(&mut ready, PollTimeout::ZERO);
    asked.is_ok_and(|count| count > 0)
}

/// Refuses what could not work: the child needs these calls before anybody decides.
fn check(setup: &Setup) -> Result<()> {
    install::available(&setup.filter)?;
    let mut needed = vec!["sendmsg"];
    if narrate::enabled() {
        needed.push("write");
    }
    for call in needed {
        let number = calls::number(Arch::native(), call).expect("every architecture has it");
        let data = Data::new(Arch::native(), number, [0; 6]);
        if interpret(&setup.filter, &data).action != Action::Allow {
            return Err(Error::Unsupervisable { call });
        }
    }
    Ok(())
}

fn sending(errno: Errno) -> CallError {
    socket_call("sendmsg", errno)
}

fn receiving(errno: Errno) -> CallError {
    socket_call("recvmsg", errno)
}

fn socket_call(name: &str, errno: Errno) -> CallError {
    let error = std::io::Error::from(errno);
    CallError::from_io(name, Path::new("SCM_RIGHTS"), "unix(7)", &error)
}
