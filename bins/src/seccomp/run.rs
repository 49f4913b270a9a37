//! `era-seccomp run`.

use clap::Args;
use seccomp::error::Result;
use seccomp::install::{self, Setup};

use super::Start;
use super::choice::Choice;

#[derive(Debug, Args)]
pub(super) struct Run {
    #[command(flatten)]
    choice: Choice,
    #[command(flatten)]
    start: Start,
}

impl Run {
    pub(super) fn main(self) -> Result<u8> {
        self.start.explain.install();
        let (filter, flags) = self.choice.filter()?;
        let setup = Setup {
            filter,
            flags,
            no_new_privs: self.start.no_new_privs,
        };
        match install::run(&setup, &super::program(self.start.command))? {}
    }
}
