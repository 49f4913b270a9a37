//! The tour in a machine: the same program plays the same page there, as root of a kernel of
//! its own. How far the learner has come goes in with it, and comes back.

use std::fs;
use std::path::{Path, PathBuf};

use super::ask::{Make, terminal, told};
use super::error::Error;
use super::host::{self, Share};
use super::wire::Job;
use crate::state::Surroundings;

/// Where the guest keeps what comes back.
const STATE: &str = "/var/lib/era/tour";
const PROGRESS: &str = "progress.json";

/// What is to be played.
#[derive(Debug, Clone, Default)]
pub struct Tour {
    /// A page by number, folder or program, or a markdown file.
    pub page: Option<String>,
    /// The step to begin at.
    pub from: Option<usize>,
    /// Without a key.
    pub auto: bool,
    /// Texts, too.
    pub exact: bool,
    /// The report as JSON.
    pub json: bool,
}

impl Tour {
    /// The words of the same tour inside, and the file that it needs there.
    fn words(&self) -> Result<(Vec<String>, Option<PathBuf>), Error> {
        let mut words = ["era", "tour"].map(str::to_owned).to_vec();
        let file = self
            .page
            .as_ref()
            .map(PathBuf::from)
            .filter(|page| page.is_file());
        let file =
            file.map(|file| fs::canonicalize(&file).map_err(|error| Error::file(&file, error)));
        let file = file.transpose()?;
        match &file {
            // The learner of the machine has to be able to read it, wherever it is here.
            Some(file) => words.push(in_the_machine(file).to_string_lossy().into_owned()),
            None => words.extend(self.page.clone()),
        }
        words.extend(self.from.map(|step| format!("--from={step}")));
        for (flag, given) in [
            ("--auto", self.auto),
            ("--exact", self.exact),
            ("--json", self.json),
        ] {
            words.extend(given.then(|| flag.to_owned()));
        }
        Ok((words, file))
    }
}

fn in_the_machine(page: &Path) -> PathBuf {
    Path::new("/mnt").join(page.file_name().unwrap_or_default())
}

/// `era tour --machine`
pub fn main(tour: &Tour, around: &Surroundings) -> u8 {
    told(run(tour, around))
}

fn run(tour: &Tour, around: &Surroundings) -> Result<u8, Error> {
    let (words, file) = tour.words()?;
    if !tour.auto && terminal().is_none() {
        return Err(Error::Wrong(
            "a tour needs a terminal; without one: era tour --auto".to_owned(),
        ));
    }
    let job = Job {
        command: words,
        env: [("ERA_STATE", STATE), ("SUDO_UID", "1000")]
            .map(owned)
            .to_vec(),
        user: false,
        v1: false,
        terminal: terminal().filter(|_| !tour.auto),
        out: Some(PathBuf::from(STATE)),
    };
    let mut plan = Make::default().plan(job, around)?;
    let progress = around.state.join(PROGRESS);
    if progress.is_file() {
        let to = Path::new(STATE).join(PROGRESS);
        plan.share.push(Share {
            from: progress.clone(),
            to,
        });
    }
    plan.share.extend(file.map(|file| Share {
        to: in_the_machine(&file),
        from: file,
    }));
    let back = around.state.join("machine/tour");
    plan.out = Some(back.clone());
    let status = host::run(&plan)?;
    let come = back.join(PROGRESS);
    if come.is_file() {
        fs::rename(&come, &progress).map_err(|error| Error::file(&progress, error))?;
    }
    let _ = fs::remove_dir_all(&back);
    Ok(status)
}

fn owned((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}
