//! `era-caps run`: a program with less than we have.

use std::ffi::OsString;

use capabilities::run::{self, Plan, Request};
use capabilities::{CapSet, Error};
use clap::Args;
use groundwork::process::Program;

use super::{RUN_FAILED, list};
use crate::explain::Explain;
use crate::result;
use crate::{failure, ids};

#[derive(Debug, Args)]
pub(super) struct Run {
    /// Take these out of all five sets
    #[arg(long, value_name = "CAPS", conflicts_with = "keep")]
    drop: Option<String>,
    /// Take all but these out of all five sets
    #[arg(long, value_name = "CAPS")]
    keep: Option<String>,
    /// What may be used; the rest leaves the bounding set as well
    #[arg(long, value_name = "CAPS")]
    permitted: Option<String>,
    /// What is on
    #[arg(long, value_name = "CAPS")]
    effective: Option<String>,
    /// What is handed on to programs whose file asks for it
    #[arg(long, value_name = "CAPS")]
    inheritable: Option<String>,
    /// What is handed on to any program of a user who is not root
    #[arg(long, value_name = "CAPS")]
    ambient: Option<String>,
    /// What execve may ever give back; all: leave it as it is
    #[arg(long, value_name = "CAPS")]
    bounding: Option<String>,
    /// Become this user, and this group (else the group of the same number)
    #[arg(long, value_name = "UID[:GID]", value_parser = ids::user)]
    user: Option<(u32, u32)>,
    /// Nothing that is executed from here on may add anything
    #[arg(long)]
    no_new_privs: bool,
    #[command(flatten)]
    explain: Explain,
    /// The program and its arguments
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        required = true,
        value_name = "CMD"
    )]
    command: Vec<OsString>,
}

impl Run {
    pub(super) fn main(self) -> u8 {
        self.explain.install();
        let program = Program::new(self.command.clone(), std::env::vars_os());
        let planned = self.request().and_then(|request| Plan::new(&request));
        let plan = match planned {
            Ok(plan) => plan,
            Err(error) => return failed(&error),
        };
        for note in plan.notes() {
            result::aside(format_args!("warning: {note}"));
        }
        let Err(error) = run::run(&plan, &program);
        failed(&error)
    }

    fn request(&self) -> Result<Request, Error> {
        let optional = |text: &Option<String>| text.as_deref().map(list).transpose();
        Ok(Request {
            drop: optional(&self.drop)?.unwrap_or(CapSet::EMPTY),
            keep: optional(&self.keep)?,
            permitted: optional(&self.permitted)?,
            effective: optional(&self.effective)?,
            inheritable: optional(&self.inheritable)?,
            ambient: optional(&self.ambient)?,
            bounding: optional(&self.bounding)?,
            user: self.user,
            no_new_privs: self.no_new_privs,
        })
    }
}

/// As chroot(1) and setpriv(1) have it: a program that is not there is not our failure.
fn failed(error: &Error) -> u8 {
    failure::print(error);
    match error {
        Error::Exec { call, .. } => failure::exec_status(call),
        _ => RUN_FAILED,
    }
}
