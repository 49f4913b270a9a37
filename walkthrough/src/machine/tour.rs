//! The tour in a machine: the same program plays the same page there, as root of a kernel of
//! its own. How far the learner has come goes in with it, and comes back.

use std::fs;
use std::path::{Path, PathBuf};

use super::ask::{Make, terminal};
use super::error::Error;
use super::host::{self, Share};
use super::wire::Job;
use crate::ground::Learner;
use crate::state::Surroundings;

/// Where the guest keeps what comes back.
const STATE: &str = "/var/lib/era/tour";
const PROGRESS: &str = "progress.json";

/// Plays `args` of `era` (`tour`, a page and flags) in a machine.
///
/// # Errors
/// There is no machine, or what came back cannot be kept.
pub fn run(make: &Make, args: Vec<String>, page: Option<&Path>, around: &Surroundings, learner: &Learner) -> Result<u8, Error> {
    let job = Job {
        command: [vec!["era".to_owned()], args].concat(),
        env: [("ERA_STATE", STATE), ("SUDO_UID", "1000")].map(owned).to_vec(),
        user: false,
        v1: false,
        terminal: terminal(),
        out: Some(PathBuf::from(STATE)),
    };
    let mut plan = make.plan(job, around)?;
    let progress = around.state.join(PROGRESS);
    if progress.is_file() {
        let to = Path::new(STATE).join(PROGRESS);
        plan.share.push(Share { from: progress.clone(), to });
    }
    // A page that is a file of the learner's own is there under the same name.
    plan.share.extend(page.map(|page| Share { from: page.to_owned(), to: page.to_owned() }));
    let back = tempfile::tempdir().map_err(|error| Error::file(Path::new("/tmp"), error))?;
    plan.out = Some(back.path().to_owned());
    let status = host::run(&plan, &around.state, learner)?;
    let come = back.path().join(PROGRESS);
    if come.is_file() {
        let kept = fs::create_dir_all(&around.state).and_then(|()| fs::copy(&come, &progress));
        kept.map_err(|error| Error::file(&progress, error))?;
    }
    Ok(status)
}

fn owned((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}
