//! `era-cgroup run`: a program in a group of its own.

use std::ffi::OsString;

use cgroups::run::{Ended, EndedBy};
use cgroups::{Error, Home, Limits, Name, limits};
use clap::Args;
use groundwork::kernel::Signal;
use groundwork::process::{Exit, Program};

use super::{facts, show, tell};
use crate::explain::Explain;
use crate::result;

pub(super) const HELP: &str = "\
Examples:
  era-cgroup run --cpu 50% --memory 100M -- CMD
  era-cgroup run --name web --pids 32 --io /dev/sda:rbps=5M -- CMD

Ends with CMD's own status, or 128 + N for a signal; 125 if we fail, 126 or 127
if CMD cannot be run. What CMD leaves running is ended with the group.
The book: 08-cgroups";

#[derive(Debug, Args)]
pub(super) struct Run {
    /// A share of CPU time, in per cent of one core: 50%, 150%, or max
    #[arg(long, value_name = "SHARE", value_parser = str::parse::<limits::Cpu>)]
    cpu: Option<limits::Cpu>,
    /// Memory and swap together: 100M (K, M, G, T by 1024), or max
    #[arg(long, value_name = "SIZE", value_parser = str::parse::<limits::Limit>)]
    memory: Option<limits::Limit>,
    /// Swap beside the memory; without, none if --memory is given
    #[arg(long, value_name = "SIZE", value_parser = limits::swap)]
    swap: Option<limits::Limit>,
    /// Processes and threads at a time
    #[arg(long, value_name = "N", value_parser = str::parse::<limits::Pids>)]
    pids: Option<limits::Pids>,
    /// A device, in a second: DEV:rbps=5M,wbps=,riops=100,wiops=
    #[arg(long, value_name = "DEV:KEY=N,…", value_parser = str::parse::<limits::Io>)]
    io: Vec<limits::Io>,
    /// The CPUs to run on: 0, or 0-1,3
    #[arg(long, value_name = "LIST", value_parser = str::parse::<limits::CpuSet>)]
    cpuset: Option<limits::CpuSet>,
    /// What the group is called; without, run-PID
    #[arg(long)]
    name: Option<String>,
    /// systemd has just made a scope for us
    #[arg(long, hide = true)]
    in_scope: bool,
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
    pub(super) fn main(self) -> Result<u8, Error> {
        self.explain.install();
        let name = match &self.name {
            Some(name) => name.parse::<Name>()?,
            None => format!("run-{}", std::process::id()).parse()?,
        };
        let program = Program::new(self.command.clone(), std::env::vars_os());
        let home = match self.home() {
            Err(Error::NoHome { shape, .. })
                if !self.in_scope && cgroups::scope::can_ask(&facts(), shape) =>
            {
                let Err(error) = cgroups::scope::ask(&facts(), std::env::args_os().collect());
                return Err(error);
            }
            found => found?,
        };
        let run = cgroups::Run {
            name,
            limits: self.limits(),
        };
        let ended = run.run(&home, &program)?;
        tell(&ended.notes);
        result::aside(report(&ended));
        Ok(ended.exit.status())
    }

    fn home(&self) -> Result<Home, Error> {
        match self.in_scope {
            true => Home::find_in_scope(&facts()),
            false => Home::find(&facts()),
        }
    }

    fn limits(&self) -> Limits {
        Limits {
            cpu: self.cpu,
            memory: self.memory,
            swap: self.swap,
            pids: self.pids,
            io: self.io.clone(),
            cpuset: self.cpuset.clone(),
        }
    }
}

/// Who ended it, and what it used.
fn report(ended: &Ended) -> String {
    let mut rows = vec![("ended", who(ended))];
    let kills = ended.stat.memory.oom_kills.unwrap_or(0);
    if kills > 0 {
        let text = format!("{kills}: processes that the kernel's out-of-memory killer ended");
        rows.push(("oom kills", text));
    }
    if ended.left_over > 0 {
        let text = format!(
            "{}: processes that it left running; we ended them",
            ended.left_over
        );
        rows.push(("left over", text));
    }
    rows.push(("cpu", show::cpu(&ended.stat.cpu)));
    rows.push(("memory", show::peak(&ended.stat.memory)));
    if let Some(refused @ 1..) = ended.stat.pids.refused {
        rows.push(("pids", format!("one more was refused {refused} times")));
    }
    show::table(rows)
}

fn who(ended: &Ended) -> String {
    let how = match ended.exit {
        Exit::Code(code) => format!("exit status {code}"),
        Exit::Signal(number) => Signal::try_from(number)
            .map_or_else(|_| format!("signal {number}"), |signal| signal.to_string()),
    };
    let by = match ended.by {
        EndedBy::Itself => "by itself",
        EndedBy::Fault => "by a fault of its own",
        EndedBy::OomKiller => "by the kernel's out-of-memory killer",
        EndedBy::Key => "by a key at the terminal",
        EndedBy::Us => "by us, who passed it on",
        EndedBy::Another => "neither by us nor by the out-of-memory killer",
    };
    format!("{how}, {by}")
}
