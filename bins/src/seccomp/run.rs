//! `era-seccomp run`.

use std::ffi::OsString;

use clap::Args;
use seccomp::error::Result;
use seccomp::install::{self, Setup};

use super::choice::Choice;
use crate::explain::Explain;

#[derive(Debug, Args)]
pub(super) struct Run {
    #[command(flatten)]
    choice: Choice,
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

impl Run {
    pub(super) fn main(self) -> Result<u8> {
        self.explain.install();
        let (filter, flags) = self.choice.filter()?;
        let setup = Setup {
            filter,
            flags,
            no_new_privs: self.no_new_privs,
        };
        match install::run(&setup, &super::program(self.command))? {}
    }
}
