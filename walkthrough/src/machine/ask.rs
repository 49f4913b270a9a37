//! `era machine`: its command line.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use groundwork::error::{Diagnose, report};
use groundwork::host::{self, Facts, GuestKernel, KERNEL_PACKAGE};

use super::error::Error;
use super::host::{Plan, Share, is_on_a_terminal};
use super::qemu::Hardware;
use super::wire::{Job, Terminal};
use super::{fetch, image};
use crate::doctor::{apparmor, facts};
use crate::state::Surroundings;

/// A shell, or a command, in a small virtual machine with a kernel of its own
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  era machine                       a root shell; nothing in it can harm this host
  era machine --user -- bash -c 'cat /proc/self/cgroup'
  era machine --share ./work:/work --out ./result -- cp /work/file /out

The exit status is the command's; 124 if its time is up, 125 if there is no
machine. On a terminal, Ctrl-] three times ends it. It needs qemu, not KVM, not
root; its programs are this host's own, its files are in memory and are gone.

Book: preface.md")]
pub struct Machine {
    #[command(flatten)]
    make: Make,
    /// As the ordinary user era, with a control group of their own
    #[arg(long)]
    user: bool,
    /// Control groups as v1 had them, each controller in a hierarchy of its own
    #[arg(long)]
    v1: bool,
    /// End it after so many seconds
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u64>,
    /// Copy a file or folder in, to the same path or to DEST
    #[arg(long, value_name = "PATH[:DEST]", value_parser = share)]
    share: Vec<Share>,
    /// What the command leaves in /out arrives in this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Only get Debian's kernel, and say where it is
    #[arg(long, conflicts_with_all = ["user", "v1", "timeout", "share", "out", "command"])]
    fetch: bool,
    /// The command; a shell without one
    #[arg(last = true, value_name = "CMD")]
    command: Vec<String>,
}

/// What a machine is made of.
#[derive(Debug, Clone, Args)]
pub struct Make {
    /// A kernel of your own (also: ERA_KERNEL)
    #[arg(long, value_name = "FILE")]
    kernel: Option<PathBuf>,
    /// The modules of that kernel, where they are not beside it
    #[arg(long, value_name = "DIR", requires = "kernel")]
    modules: Option<PathBuf>,
    /// Memory in MiB, at least 512
    #[arg(long, value_name = "MIB", default_value_t = 1024, value_parser = clap::value_parser!(u64).range(512..))]
    memory: u64,
    /// Processors
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=64))]
    cpus: u32,
    /// Further words on the kernel's command line
    #[arg(
        long,
        value_name = "WORDS",
        default_value = "",
        hide_default_value = true
    )]
    append: String,
    /// By KVM: faster, where the host's processor and qemu agree about it
    #[arg(long)]
    kvm: bool,
    /// Download Debian's kernel without asking
    #[arg(long, short)]
    yes: bool,
    /// Show what the machine's kernel says
    #[arg(long)]
    verbose: bool,
}

impl Default for Make {
    fn default() -> Self {
        Make {
            kernel: None,
            modules: None,
            memory: 1024,
            cpus: 2,
            append: String::new(),
            kvm: false,
            yes: false,
            verbose: false,
        }
    }
}

fn share(text: &str) -> Result<Share, String> {
    let (from, to) = text.split_once(':').unwrap_or((text, ""));
    let from = std::fs::canonicalize(from).map_err(|error| format!("{from}: {error}"))?;
    let to = if to.is_empty() {
        from.clone()
    } else {
        PathBuf::from(to)
    };
    let upwards = to
        .components()
        .any(|part| part == std::path::Component::ParentDir);
    match to.is_absolute() && !upwards && to != Path::new("/") {
        true => Ok(Share { from, to }),
        false => Err(format!(
            "{} is no absolute path of the machine's",
            to.display()
        )),
    }
}

/// `era machine`
pub fn main(asked: &Machine, around: &Surroundings) -> u8 {
    told(run(asked, around))
}

/// The status, after a failure has been told.
pub fn told(outcome: Result<u8, Error>) -> u8 {
    outcome.unwrap_or_else(|error| {
        eprint!("{}", report(&error, error.diagnose().as_ref()));
        error.status()
    })
}

fn run(asked: &Machine, around: &Surroundings) -> Result<u8, Error> {
    if asked.fetch {
        let kernel = fetched(&asked.make, around)?;
        println!("{}", kernel.image.display());
        return Ok(0);
    }
    let job = Job {
        command: asked.command.clone(),
        env: Vec::new(),
        user: asked.user,
        v1: asked.v1,
        terminal: terminal(),
        out: asked.out.is_some().then(|| PathBuf::from("/out")),
    };
    let plan = Plan {
        share: asked.share.clone(),
        out: asked.out.clone(),
        limit: asked.timeout,
        ..asked.make.plan(job, around)?
    };
    super::host::run(&plan)
}

/// The terminal that we are on, if keys can be handed on.
pub fn terminal() -> Option<Terminal> {
    let (columns, rows) = is_on_a_terminal().then(crossterm::terminal::size)?.ok()?;
    let kind = std::env::var("TERM").unwrap_or_else(|_| "dumb".to_owned());
    Some(Terminal {
        kind,
        rows,
        columns,
    })
}

impl Make {
    /// A machine for a job, its kernel found and its root made.
    ///
    /// # Errors
    /// There is no kernel, or the root cannot be made.
    pub fn plan(&self, job: Job, around: &Surroundings) -> Result<Plan, Error> {
        let facts = facts(around);
        self.check_memory(&facts)?;
        let kernel = self.kernel(&facts, around)?;
        let image = image::of(&kernel, &around.state, tell)?;
        if std::io::stderr().is_terminal() {
            tell(&format!(
                "starting Linux {}, which takes some seconds",
                kernel.release
            ));
        }
        Ok(Plan {
            kernel,
            image,
            hardware: Hardware {
                memory: self.memory,
                cpus: self.cpus,
                kvm: self.kvm,
                append: self.append.clone(),
                verbose: self.verbose,
            },
            job,
            share: Vec::new(),
            out: None,
            limit: None,
        })
    }

    /// qemu takes what it needs bit by bit, so a machine that is too large would be ended in the
    /// middle of its work.
    fn check_memory(&self, facts: &Facts) -> Result<(), Error> {
        let free = facts.meminfo("MemAvailable").map(|kib| kib >> 10);
        match free {
            Some(free) if self.memory > free => Err(Error::Memory {
                asked: self.memory,
                free,
            }),
            _ => Ok(()),
        }
    }

    /// The kernel that was named, one that is here, or Debian's after a yes.
    fn kernel(&self, facts: &Facts, around: &Surroundings) -> Result<GuestKernel, Error> {
        if let Some(image) = &self.kernel {
            return GuestKernel::of(image, self.modules.as_deref()).map_err(Error::Kernel);
        }
        if let Some(named) =
            std::env::var_os(host::KERNEL_VARIABLE).filter(|named| !named.is_empty())
        {
            return GuestKernel::of(Path::new(&named), None).map_err(Error::Kernel);
        }
        match GuestKernel::find(facts) {
            Some(kernel) => Ok(kernel),
            None => fetched(self, around),
        }
    }
}

/// Debian's kernel, downloaded after it was said how much that is.
fn fetched(make: &Make, around: &Surroundings) -> Result<GuestKernel, Error> {
    let package = fetch::offered()?;
    let size = package.bytes.div_ceil(1_000_000);
    let what = format!("Debian's kernel {}, {size} MB", package.name);
    if !make.yes && !apparmor::agreed(&format!("Download {what}? Nothing of it is installed.")) {
        return Err(Error::NoKernel {
            why: format!(
                "none is here that we may read, and nobody agreed to download {KERNEL_PACKAGE}"
            ),
            fix: "era machine --fetch --yes, or --kernel FILE".to_owned(),
        });
    }
    tell(&format!("getting {what}"));
    fetch::fetch(&package, &around.state)
}

fn tell(what: &str) {
    let _ = writeln!(std::io::stderr(), "era machine: {what}");
}
