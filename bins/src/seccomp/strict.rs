//! `era-seccomp strict`.

use std::ffi::OsString;

use clap::{Args, ValueEnum};
use seccomp::error::Result;
use seccomp::strict::{self, Forbidden};

use crate::explain::Explain;

#[derive(Debug, Args)]
pub(super) struct Strict {
    /// Make a call that is not allowed, after the input has ended
    #[arg(long = "try", value_name = "CALL", conflicts_with = "command")]
    attempt: Option<Attempt>,
    #[command(flatten)]
    explain: Explain,
    /// Call execve for this program: it never runs, since the call is not allowed
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "CMD"
    )]
    command: Vec<OsString>,
}

/// What can be tried.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Attempt {
    /// Ask for its own number
    Getpid,
    /// Open a file
    Open,
    /// End as the C library ends a program: strict mode knows only _exit of a thread
    ExitGroup,
}

impl Strict {
    pub(super) fn main(self) -> Result<u8> {
        self.explain.install();
        let forbidden = match self.attempt {
            Some(Attempt::Getpid) => Some(Forbidden::Getpid),
            Some(Attempt::Open) => Some(Forbidden::Open),
            Some(Attempt::ExitGroup) => Some(Forbidden::ExitGroup),
            None if self.command.is_empty() => None,
            None => Some(Forbidden::Execve(super::program(self.command))),
        };
        match strict::run(forbidden)? {}
    }
}
