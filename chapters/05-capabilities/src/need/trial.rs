//! One run of the program with just these capabilities: how it ended, and what it said last.

use std::convert::Infallible;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use groundwork::kernel::{self, CloneFlags, OFlag, Pid, Signal};
use groundwork::process::{Child, Exit, Program, Relay, Spawn, StartError};
use groundwork::step;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::watch::{self, Over, Watch};
use super::{Refusal, Refused, Sandbox};
use crate::error::{Error, Result};
use crate::run::{self, Plan, Request};
use crate::set::CapSet;

/// How a run came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// By itself.
    Exit(Exit),
    /// It still ran when its time was over.
    Late,
    /// The kernel did not let it begin.
    NotStarted(Errno),
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub ended: Ended,
    /// The end of what it wrote on stdout and stderr.
    pub said: String,
}

impl Outcome {
    /// The last lines that are not empty, this many of them.
    pub fn last_lines(&self, count: usize) -> Vec<&str> {
        let lines = self.said.lines().map(str::trim);
        let lines: Vec<_> = lines.filter(|line| !line.is_empty()).collect();
        lines[lines.len().saturating_sub(count)..].to_vec()
    }
}

/// A run, and what else was seen of it.
pub(super) struct Run {
    pub(super) outcome: Outcome,
    /// What could only be read in its sandbox.
    pub(super) read_only: Vec<PathBuf>,
    /// The calls that were refused, if it was traced.
    pub(super) refused: Vec<Refusal>,
}

/// What all runs have in common.
#[derive(Debug, Clone)]
pub(super) struct Trials {
    pub(super) program: Program,
    pub(super) user: Option<(u32, u32)>,
    pub(super) sandbox: Option<Sandbox>,
    pub(super) limit: Duration,
}

impl Trials {
    // ANCHOR: trial
    /// Runs the program with just these capabilities.
    pub(super) fn run(&self, caps: CapSet) -> Result<Run> {
        step(&format!("Run it with: {caps}"));
        self.start(caps, |_| false)
    }

    /// The same, and every call of the program is looked at.
    pub(super) fn run_traced(&self, caps: CapSet) -> Result<Run> {
        step(&format!(
            "Run it with: {caps}; and see which calls are refused"
        ));
        self.start(caps, |child| kernel::trace_seize(child).is_ok())
    }

    fn start(&self, caps: CapSet, trace: impl Fn(Pid) -> bool) -> Result<Run> {
        let (output, notes) = (Pipe::new()?, Pipe::new()?);
        let namespaces = self
            .sandbox
            .map_or(CloneFlags::empty(), Sandbox::namespaces);
        let mut is_traced = false;
        let started = Spawn::new()
            .namespaces(namespaces)
            .dies_with_parent(Signal::SIGKILL)
            .holding(watch::ENDING)
            .start(
                |child| {
                    is_traced = trace(child);
                    Ok(())
                },
                || self.become_it(caps, &output, &notes),
            );
        let (output, notes) = (output.reader(), notes.reader());
        let read_only = paths(notes);
        let (outcome, refused) = match started {
            Ok(child) => self.watch(child, output, is_traced)?,
            Err(StartError::Child(Refused::Exec { call, .. })) => {
                let ended = Ended::NotStarted(call.errno());
                let said = call.to_string();
                (Outcome { ended, said }, Vec::new())
            }
            Err(error) => return Err(Error::from_trial(error)),
        };
        Ok(Run {
            outcome,
            read_only,
            refused,
        })
    }

    /// In the child.
    fn become_it(
        &self,
        caps: CapSet,
        output: &Pipe,
        notes: &Pipe,
    ) -> std::result::Result<Infallible, Refused> {
        if let Some(sandbox) = self.sandbox {
            note(&notes.to, &sandbox.enter()?);
        }
        step("No terminal, nothing to read; what it says goes to us");
        kernel::setsid().map_err(Refused::Output)?;
        redirect(&output.to)?;
        just_these(caps, self.user).map_err(Refused::from_error)?;

        step("Whoever kills us, kills it");
        kernel::prctl_set_pdeathsig(Signal::SIGKILL).map_err(Refused::Output)?;
        kernel::close_range_on_exec(3).map_err(Refused::Output)?;
        output.ends_if_nobody_reads();
        step("Become the program");
        let program = self.program_inside();
        program.exec().map_err(|call| Refused::Exec {
            program: self.program.name(),
            call,
        })
    }
    // ANCHOR_END: trial

    /// The kernel keeps signals from process 1 that it has not asked for, so a shell is that
    /// process: pid_namespaces(7). It waits for the program, and gives its status on.
    fn program_inside(&self) -> Program {
        if self.sandbox.is_none() {
            return self.program.clone();
        }
        let mut program = self.program.clone();
        let shell = ["/bin/sh", "-c", "\"$@\"; exit $?", "sh"].map(Into::into);
        program.argv.splice(0..0, shell);
        program
    }

    /// Stands by until it ends, or ends it when its time is over; and all that it has started.
    fn watch(
        &self,
        child: Child,
        output: File,
        is_traced: bool,
    ) -> Result<(Outcome, Vec<Refusal>)> {
        let mut watch = Watch::new(&child, output, is_traced)?;
        let over = watch.until(Some(Instant::now() + self.limit))?;
        self.end(&child, over);
        // Process 1 is the last to go, and who is traced goes when we let it.
        watch.until(None)?;
        let (said, refused) = watch.end();
        // Without it a signal that came for us comes now, and ends us.
        let exit = child.wait(Relay::Forward);
        let ended = match over {
            Over::Ended => Ended::Exit(exit),
            Over::Late | Over::Interrupted => Ended::Late,
        };
        Ok((Outcome { ended, said }, refused))
    }

    /// With process 1 of a PID namespace the kernel ends all that is in it. Elsewhere there is
    /// its session's first group of processes, which has its number until we have reaped it.
    fn end(&self, child: &Child, over: Over) {
        if over != Over::Ended {
            step("It has had its time: end it, and all that it started");
            let _ = kernel::pidfd_send_signal(&child.pidfd, Signal::SIGKILL);
        }
        if self.sandbox.is_none() {
            let group = Pid::from_raw(-child.pid.as_raw());
            let _ = kernel::kill(group, Signal::SIGKILL);
        }
    }
}

/// Root gets by execve(2) what is in the inheritable or in the bounding set, another user what
/// is in the ambient set, and a file adds nothing that the bounding set has not:
/// capabilities(7), "Transformation of capabilities during execve()".
fn just_these(caps: CapSet, user: Option<(u32, u32)>) -> Result<()> {
    let plan = Plan::new(&Request {
        permitted: Some(caps),
        effective: Some(caps),
        inheritable: Some(caps),
        ambient: (run::uid_of(user) != 0).then_some(caps),
        bounding: Some(caps),
        user,
        ..Request::default()
    })?;
    run::become_planned(&plan)
}

/// A pipe from the child to us. Both ends are close-on-exec.
struct Pipe {
    from: OwnedFd,
    to: OwnedFd,
}

impl Pipe {
    fn new() -> Result<Self> {
        let (from, to) =
            nix::unistd::pipe2(OFlag::O_CLOEXEC).map_err(|errno| Error::wait("pipe2", errno))?;
        Ok(Pipe { from, to })
    }

    /// Our end; that of the child is closed.
    fn reader(self) -> File {
        File::from(self.from)
    }

    /// In the child: whether we ended before it could ask to end with us. Only its own copy
    /// of our end is open then.
    fn ends_if_nobody_reads(&self) {
        let _ = nix::unistd::close(self.from.as_raw_fd());
        let mut ready = [PollFd::new(self.to.as_fd(), PollFlags::POLLOUT)];
        let _ = poll(&mut ready, PollTimeout::ZERO);
        let is_gone = |bits: PollFlags| bits.contains(PollFlags::POLLERR);
        if ready[0].revents().is_some_and(is_gone) {
            kernel::exit_now(1);
        }
    }
}

/// In the child: nothing comes in, and stdout and stderr go to us.
fn redirect(output: &OwnedFd) -> std::result::Result<(), Refused> {
    let nothing = kernel::open("/dev/null", OFlag::O_RDONLY).map_err(Refused::Output)?;
    let failed = |errno: Errno| {
        let error = std::io::Error::from(errno);
        let path = std::path::Path::new("/dev/stdin");
        Refused::Output(kernel::CallError::from_io("dup2", path, "dup(2)", &error))
    };
    nix::unistd::dup2_stdin(&nothing).map_err(failed)?;
    nix::unistd::dup2_stdout(output).map_err(failed)?;
    nix::unistd::dup2_stderr(output).map_err(failed)
}

/// In the child: these paths, each with a zero behind it.
fn note(to: &OwnedFd, paths: &[PathBuf]) {
    let all: Vec<u8> = paths
        .iter()
        .flat_map(|path| [path.as_os_str().as_bytes(), b"\0"].concat())
        .collect();
    if let Ok(to) = to.try_clone() {
        let _ = File::from(to).write_all(&all);
    }
}

/// What was noted: the child has become its program or has ended, so the pipe has an end.
fn paths(mut notes: File) -> Vec<PathBuf> {
    let mut all = Vec::new();
    let _ = notes.read_to_end(&mut all);
    let paths = all.split(|byte| *byte == 0).filter(|path| !path.is_empty());
    let paths = paths.map(|path| PathBuf::from(std::ffi::OsString::from_vec(path.to_vec())));
    paths.collect()
}
