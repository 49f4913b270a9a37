//! Which calls does a program make? A profile of just those, children included.
//!
//! Recorded by ptrace(2): each process is stopped before each call, and the kernel says which
//! one it is. A filter could not do that: what it lets pass unseen is not recorded, and what
//! it stops has to be started again by somebody who makes no call of that kind.

use std::collections::{BTreeMap, BTreeSet};

use groundwork::kernel::{self, AtCall, CallError, Errno, Pid, Signal, Traced};
use groundwork::narrate::Call;
use groundwork::process::{Exit, Program, Spawn};
use groundwork::step;

use crate::action::Action;
use crate::arch::Arch;
use crate::calls;
use crate::error::{Error, Result};
use crate::install::{self, Found};
use crate::profile::{Profile, Rule};

/// What was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recording {
    /// How often each call was made, by architecture.
    pub calls: BTreeMap<(Arch, String), u64>,
    /// Calls that we have no name for: architecture, an AUDIT_ARCH_*, and number.
    pub nameless: BTreeSet<(u32, u64)>,
    /// How many processes and threads there were.
    pub tasks: usize,
}

/// What a program may need without having been seen at it: to start and to end, and to go on
/// after a signal (the kernel itself makes the last two on the program's behalf).
const ALWAYS: [&str; 4] = ["execve", "exit_group", "restart_syscall", "rt_sigreturn"];

/// Ctrl-C and Ctrl-\ are for the program: the terminal sends them to both of us.
const DEAF_TO: &[Signal] = &[Signal::SIGINT, Signal::SIGQUIT];

/// Runs a program to its end and writes down each call that it and its children make.
// ANCHOR: record
pub fn record(program: &Program, no_new_privs: bool) -> Result<(Recording, Exit)> {
    let waiting = Spawn::new().holding(DEAF_TO).hold(|| {
        let ready = program.ready();
        let found = Found::at(ready.path());
        install::may_filter(no_new_privs)?;
        step("Become the program");
        install::become_program(program, &ready, found)
    });
    let waiting = waiting.map_err(Error::from_start)?;
    kernel::trace_seize(waiting.pid())
        .map_err(|errno| untraceable("PTRACE_SEIZE", waiting.pid(), errno))?;
    // It stands still at the end of its execve until we let it run.
    let child = waiting.go_traced().map_err(Error::from_start)?;

    let mut recording = Recording::default();
    let exit = follow(child.pid, &mut recording)?;
    Ok((recording, exit))
}

fn untraceable(request: &str, pid: Pid, errno: Errno) -> Error {
    Error::Trace(CallError {
        call: Call {
            name: "ptrace".to_owned(),
            args: vec![request.to_owned(), pid.to_string()],
            man: "ptrace(2)".to_owned(),
        },
        errno: errno as i32,
    })
}

/// Until nobody is left to be traced.
fn follow(program: Pid, recording: &mut Recording) -> Result<Exit> {
    let mut exit = None;
    let mut tasks = BTreeSet::new();
    loop {
        let (pid, seen) = match kernel::trace_wait() {
            Ok(what) => what,
            Err(Errno::EINTR) => continue,
            Err(_) => break,
        };
        tasks.insert(pid);
        let mut signal = 0;
        match seen {
            Traced::Exited(status) if pid == program => exit = Some(Exit::Code(status)),
            Traced::Killed(signal) if pid == program => exit = Some(Exit::Signal(signal)),
            Traced::Exited(_) | Traced::Killed(_) => {}
            Traced::Call => recording.note(pid)?,
            Traced::Signal(number) => signal = number,
            Traced::Event | Traced::Stopped => {}
        }
        // An error here means that it has been killed meanwhile: we are told so above.
        let _ = match seen {
            Traced::Exited(_) | Traced::Killed(_) => Ok(()),
            Traced::Stopped => kernel::trace_listen(pid),
            _ => kernel::trace_until_call(pid, signal),
        };
    }
    recording.tasks = tasks.len();
    exit.ok_or(Error::Lost)
}
// ANCHOR_END: record

impl Recording {
    /// Writes down the call that a process stands before. After a call: nothing.
    fn note(&mut self, pid: Pid) -> Result<()> {
        let (token, number) = match kernel::trace_call(pid) {
            Ok(AtCall::Entry { arch, number }) => (arch, number),
            // Killed meanwhile.
            Ok(_) | Err(Errno::ESRCH) => return Ok(()),
            Err(errno) => return Err(untraceable("PTRACE_GET_SYSCALL_INFO", pid, errno)),
        };
        let named = u32::try_from(number).ok().and_then(|number| {
            let arch = Arch::of_call(token, number)?;
            Some((arch, calls::name(arch, number)?.to_owned()))
        });
        match named {
            Some(call) => *self.calls.entry(call).or_default() += 1,
            None => drop(self.nameless.insert((token, number))),
        }
        Ok(())
    }

    /// The names, and those that every program needs.
    pub fn names(&self) -> BTreeSet<&str> {
        let seen = self.calls.keys().map(|(_, name)| name.as_str());
        seen.chain(ALWAYS).collect()
    }

    /// A profile that allows these calls and no others, by the ways that they were made.
    pub fn profile(&self) -> Profile {
        let mut profile = Profile::allow_nothing();
        let archs: BTreeSet<_> = self.calls.keys().map(|(arch, _)| *arch).collect();
        let others = archs.into_iter().filter(|arch| *arch != Arch::native());
        profile.archs.extend(others);
        profile.rules.push(Rule {
            calls: self.names().into_iter().map(str::to_owned).collect(),
            action: Action::Allow,
            args: Vec::new(),
            archs: None,
        });
        profile
    }
}
