//! `era-seccomp`: strict mode, filters before every system call, and a supervisor.

use std::ffi::OsString;

use clap::{Args, Parser, Subcommand};
use groundwork::process::Program;
use indoc::indoc;
use seccomp::error::Error;
use seccomp::install::Refused;

use crate::explain::Explain;
use crate::failure;

mod check;
mod choice;
mod record;
mod run;
mod show;
mod strict;
mod supervise;

/// Put a filter before every system call of a program (2005)
#[derive(Debug, Parser)]
#[command(name = "era-seccomp", max_term_width = 80, version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = indoc! {"
    Examples:
      era-seccomp run --profile default -- bash
      era-seccomp check default clone CLONE_NEWUSER

    The book: 07-seccomp"};

#[derive(Debug, Subcommand)]
enum Command {
    /// Enter strict mode (2005): read, write and exit are left, all else is the end
    ///
    /// Strict mode cannot start a program, since execve is a call like any other. What runs in
    /// it is a piece of our own code: it copies its input to its output, in capital letters.
    /// With --try, or with a CMD, it makes a call that is not allowed, and the kernel ends it
    /// by SIGKILL.
    #[command(
        after_help = "Examples:\n  echo quiet | era-seccomp strict\n  era-seccomp strict --try getpid\nThe book: 07-seccomp"
    )]
    Strict(strict::Strict),
    /// Run a program behind a filter (2012)
    ///
    /// Without CAP_SYS_ADMIN the program and its children can gain no privileges any more
    /// (no_new_privs); with it they can, as in runc, unless --no-new-privs is given. Without
    /// any flag that says which calls: --profile default.
    #[command(
        after_help = "Examples:\n  era-seccomp run --deny mkdir,rmdir=ENOSYS -- bash\n  era-seccomp run --profile docker --log ptrace -- bash\nThe book: 07-seccomp"
    )]
    Run(run::Run),
    /// Show what a profile does, or the filter that it makes
    #[command(
        after_help = "Examples:\n  era-seccomp show default\n  era-seccomp show docker --bpf\nThe book: 07-seccomp"
    )]
    Show(show::Show),
    /// Say what becomes of a call, by going through the filter: no process is needed
    ///
    /// Ends with 0 if the call passes, with 1 if not.
    #[command(
        after_help = "Examples:\n  era-seccomp check default mount\n  era-seccomp check docker socket 40 --arch x86\nThe book: 07-seccomp"
    )]
    Check(check::Check),
    /// Run a program, and write a profile of just the calls that it makes
    ///
    /// Children are recorded, too, until the last has ended. What was not called this time is not in the profile: run
    /// all that the program can do.
    #[command(
        after_help = "Examples:\n  era-seccomp record --output ls.json -- ls -l /\n  era-seccomp run --profile ls.json -- ls -l /\nThe book: 07-seccomp"
    )]
    Record(record::Record),
    /// Run a program, and decide its calls one by one, each told on stderr
    ///
    /// Ends after the last process that it supervises, with the status of the program.
    #[command(
        after_help = "Examples:\n  era-seccomp supervise --answer clone3=ENOSYS -- sed '1e date' FILE\n  era-seccomp supervise --answer geteuid=0 --watch openat -- id -u\nThe book: 07-seccomp"
    )]
    Supervise(supervise::Supervise),
}

/// What is started, and how.
#[derive(Debug, Args)]
struct Start {
    /// Gain no privileges by set-user-id programs, even if we have CAP_SYS_ADMIN
    #[arg(long)]
    no_new_privs: bool,
    #[command(flatten)]
    explain: Explain,
    /// The program and its arguments
    #[arg(
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "CMD"
    )]
    command: Vec<OsString>,
}

/// The status when era-seccomp itself failed, as with chroot(1) and docker(1).
const FAILED: u8 = 125;

/// The command line, for completions and man pages.
pub fn command() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}

/// Runs `era-seccomp`.
pub fn main(args: Vec<OsString>) -> u8 {
    let cli = match crate::parse::<Cli>(args, FAILED) {
        Ok(cli) => cli,
        Err(status) => return status,
    };
    let ended = match cli.command {
        Command::Strict(strict) => strict.main(),
        Command::Run(run) => run.main(),
        Command::Show(show) => show.main(),
        Command::Check(check) => check.main(),
        Command::Record(record) => record.main(),
        Command::Supervise(supervise) => supervise.main(),
    };
    ended.unwrap_or_else(|error| {
        failure::print(&error);
        status(&error)
    })
}

/// A program that is not there is not our failure.
fn status(error: &Error) -> u8 {
    match error {
        Error::Refused(Refused::Exec { call, .. }) => failure::exec_status(call),
        _ => FAILED,
    }
}

/// The program of a command line, with our environment.
fn program(command: Vec<OsString>) -> Program {
    Program::new(command, std::env::vars_os())
}
