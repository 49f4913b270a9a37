//! Why something did not run, found out on this machine.

use std::path::Path;

use groundwork::error::Advice;
use groundwork::host::{self, Facts};
use groundwork::kernel::{CallError, Errno};

use crate::error::Error;
use crate::install::{Found, Refused};

/// The reason, for the failures that have to do with running.
pub(crate) fn of_running(error: &Error) -> Option<Advice> {
    match error {
        Error::Read { path, call } => of_reading(path, call),
        Error::NoEngineProfile { looked, .. } => Some(Advice::new(
            format!("looked for {}", looked.join(", ")),
            "give its file as FILE; Debian has it in golang-github-docker-docker-dev",
        )),
        Error::ForbidsExec { .. } => Some(Advice::new(
            "the filter holds already when the program is started by execve(2)",
            "allow execve as well: --allow-only execve,…",
        )),
        Error::NoSupervisor => Some(Advice::new(
            "the kernel answers such a call with ENOSYS when nobody listens",
            "era-seccomp supervise --profile FILE -- CMD",
        )),
        Error::Unsupervisable { call } => Some(of_unsupervisable(call)),
        Error::Unavailable { call, .. } if call.errno() == Errno::EOPNOTSUPP => Some(
            Advice::because("the kernel was asked, and is older than it: see seccomp(2)"),
        ),
        Error::Strict(call) => of_strict(call),
        Error::Trace(call) => of_tracing(call),
        Error::Refused(refused) => of_refused(refused),
        _ => None,
    }
}

fn of_reading(path: &Path, call: &CallError) -> Option<Advice> {
    (call.errno() == Errno::ENOENT && path.components().count() == 1).then(|| {
        Advice::new(
            "it is neither default nor docker, so it is taken for a file",
            "era-seccomp run --profile default",
        )
    })
}

fn of_unsupervisable(call: &str) -> Advice {
    match call {
        "write" => Advice::new(
            "the child tells by write what it does, before anybody can decide",
            "leave --explain away, or see the calls by strace",
        ),
        _ => Advice::new(
            "by this call the child hands its listener to the supervisor",
            format!("a fixed answer needs no supervisor: run --deny {call}"),
        ),
    }
}

fn of_strict(call: &CallError) -> Option<Advice> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    match call.errno() {
        Errno::EINVAL if status.contains("\nSeccomp:\t2") => Some(Advice::because(
            "a filter holds this process already, and the two modes do not mix",
        )),
        Errno::EINVAL if !status.contains("\nSeccomp:") => Some(Advice::because(
            "this kernel was built without it (CONFIG_SECCOMP)",
        )),
        _ => None,
    }
}

fn of_tracing(call: &CallError) -> Option<Advice> {
    let scope = std::fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope");
    let scope = scope.unwrap_or_default();
    match (call.errno(), scope.trim()) {
        (Errno::EPERM, "2" | "3") => Some(Advice::because(format!(
            "kernel.yama.ptrace_scope is {}: nobody may trace here",
            scope.trim()
        ))),
        (Errno::EPERM, _) => Some(Advice::new(
            "a process has one tracer, or a filter around us forbids ptrace(2)",
            "run it outside of strace, a debugger, or the container",
        )),
        _ => None,
    }
}

fn of_refused(refused: &Refused) -> Option<Advice> {
    match refused {
        Refused::Exec { found, call, .. } => of_exec(*found, call),
        Refused::Install { .. } => of_installing(),
        _ => None,
    }
}

fn of_exec(found: Found, call: &CallError) -> Option<Advice> {
    let why = match (found, call.errno()) {
        (Found::Nothing, _) => "no folder of PATH has such a program",
        (Found::Folder, _) => "it is a folder",
        (Found::NotExecutable, _) => "it may not be executed: chmod +x makes a script a program",
        (Found::Program, Errno::ENOENT) => {
            "it is there, but not the loader or the interpreter that it names"
        }
        _ => return None,
    };
    Some(Advice::because(why))
}

/// Whether any filter can be installed here.
fn of_installing() -> Option<Advice> {
    host::probe(&Facts::here(), "seccomp")?.advice()
}
