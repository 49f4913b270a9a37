//! `era clean`: ends what a crashed program may have left, found by our mark.
//!
//! Whoever is killed with SIGKILL cannot clean up. The guardian of a ground does it for
//! the tour; this does it for the guardian. A ground counts as left when neither its
//! guardian nor its tour runs any more: a tour on another terminal is not disturbed.
//!
//! # Layout
//!
//! - [`find`]: what carries our mark and belongs to nobody.
//! - [`end`]: ends it.

use std::fmt;
use std::path::PathBuf;

use clap::Args;

use crate::doctor::apparmor::agreed;
use crate::state::Surroundings;

pub mod end;
pub mod find;

/// End what a crashed program has left: processes, mounts, folders, groups, links
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  era clean --dry-run   say what was left behind, touch nothing
  era clean             say it, ask, end it

Only what carries our mark: ERA_GROUND or ERA_MACHINE in a process's
environment, ground.json in a folder, our prefix in a name. Grounds of a tour that still runs are left
alone.

Book: preface.md")]
pub struct Clean {
    /// Say what would be ended, and do nothing
    #[arg(long, short = 'n')]
    dry_run: bool,
    /// Do not ask
    #[arg(long, short = 'y', conflicts_with = "dry_run")]
    yes: bool,
}

/// Something that was left.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Left {
    /// A process with a mark.
    Process {
        /// Its number.
        pid: u32,
        /// Its name.
        name: String,
        /// When it started, so that nobody else with its number is hit.
        started: String,
    },
    /// A mount below a ground's folder, or a kept namespace.
    Mount(PathBuf),
    /// A control group of a ground, or one that a probe made.
    Group(PathBuf),
    /// A control group whose run is gone, with who is in it.
    Run(cgroups::left::Left),
    /// A network link.
    Link(String),
    /// A ground's folder.
    Folder(PathBuf),
}

impl fmt::Display for Left {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Left::Process { pid, name, .. } => write!(out, "end process  {pid} ({name})"),
            Left::Mount(point) => write!(out, "unmount      {}", point.display()),
            Left::Group(folder) => write!(out, "remove group {}", folder.display()),
            Left::Run(run) => {
                let (name, pid) = (&run.name, run.pid);
                write!(out, "end group    {name} (its run, process {pid}, is gone)")
            }
            Left::Link(name) => write!(out, "delete link  {name}"),
            Left::Folder(folder) => write!(out, "remove       {}", folder.display()),
        }
    }
}

/// Says what was left, asks, ends it. Its status is 1 if something is left after all.
pub fn main(args: &Clean, around: &Surroundings) -> u8 {
    let left = find::all(&around.state);
    if left.is_empty() {
        return bins::result::print("Nothing was left behind.", 0, 1);
    }
    for one in &left {
        println!("{one}");
    }
    if args.dry_run {
        return 0;
    }
    if !args.yes && !agreed("End all of this?") {
        eprintln!("error: nothing was ended (--yes does it without asking)");
        return 1;
    }
    let still = end::all(&around.state, left);
    for (one, why) in &still {
        eprintln!("error: could not {one}: {why}");
    }
    if still.is_empty() {
        println!("Done.");
    }
    u8::from(!still.is_empty())
}
