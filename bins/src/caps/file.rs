//! `era-caps file`: the capabilities of files.

use std::path::{Path, PathBuf};

use capabilities::file;
use capabilities::{Error, FileCaps, Triple};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::FAILED;
use crate::explain::Explain;
use crate::{failure, result};

#[derive(Debug, Args)]
pub(super) struct File {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print what files have, those that have any
    Get(Get),
    /// Give files capabilities, in place of what they had
    #[command(
        after_help = "TEXT is that of cap_from_text(3): names, then =, + or -, then of the flags\ne (effective), i (inheritable) and p (permitted): cap_net_bind_service=+ep"
    )]
    Set(Set),
    /// Take the capabilities of files away
    Clear(Clear),
}

#[derive(Debug, Args)]
struct Get {
    /// Look into folders, and into those in them
    #[arg(short, long)]
    recursive: bool,
    /// Tell it to a program
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    explain: Explain,
    /// The files
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

#[derive(Debug, Args)]
struct Set {
    /// Count only where this user is root of the user namespace, or of one above
    #[arg(long, value_name = "UID")]
    root_id: Option<u32>,
    #[command(flatten)]
    explain: Explain,
    /// Such as cap_net_bind_service=+ep
    text: String,
    /// The files
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

#[derive(Debug, Args)]
struct Clear {
    #[command(flatten)]
    explain: Explain,
    /// The files
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

impl File {
    pub(super) fn main(self) -> u8 {
        match self.command {
            Command::Get(get) => get.main(),
            Command::Set(set) => set.main(),
            Command::Clear(clear) => clear.main(),
        }
    }
}

impl Get {
    fn main(self) -> u8 {
        self.explain.install();
        let mut status = 0;
        let mut found = Vec::new();
        for path in &self.paths {
            let mut one = |result: file::Found| match result {
                Ok(file) => found.push(file),
                Err(error) => {
                    failure::print(&error);
                    status = FAILED;
                }
            };
            match self.recursive {
                true => file::find(path, &mut one),
                false => match file::get(path) {
                    Ok(Some(caps)) => one(Ok((path.clone(), caps))),
                    Ok(None) => {}
                    Err(error) => one(Err(error)),
                },
            }
        }
        for (path, _) in &found {
            warn_if_ignored(path);
        }
        match self.json {
            true => {
                let values: Vec<_> = found.iter().map(value).collect();
                result::print(&format!("{:#}", json!(values)), status, FAILED)
            }
            false if found.is_empty() => status,
            false => {
                let lines: Vec<_> = found.iter().map(line).collect();
                result::print(&lines.join("\n"), status, FAILED)
            }
        }
    }
}

/// As `getcap -n` prints it.
fn line((path, caps): &(PathBuf, FileCaps)) -> String {
    let root = caps.root.filter(|root| *root != 0);
    let root = root.map_or(String::new(), |root| format!(" [rootid={root}]"));
    format!("{} {}{root}", path.display(), caps.triple())
}

fn value((path, caps): &(PathBuf, FileCaps)) -> Value {
    let list = |set: capabilities::CapSet| set.iter().map(|cap| cap.name()).collect::<Vec<_>>();
    json!({
        "path": path,
        "text": caps.triple().to_string(),
        "permitted": list(caps.permitted),
        "inheritable": list(caps.inheritable),
        "effective": caps.effective,
        "root": caps.root,
    })
}

impl Set {
    fn main(self) -> u8 {
        self.explain.install();
        let caps = self.text.parse::<Triple>();
        let root = self.root_id.filter(|root| *root != 0);
        match caps.and_then(|triple| FileCaps::from_triple(triple, root)) {
            Ok(caps) => each(&self.paths, |path| {
                file::set(path, &caps)?;
                warn_if_ignored(path);
                Ok(())
            }),
            Err(error) => {
                match self.is_the_other_way_round() {
                    true => result::aside("error: the text comes first, then the files"),
                    false => failure::print(&error),
                }
                FAILED
            }
        }
    }

    fn is_the_other_way_round(&self) -> bool {
        let last = self.paths.last().and_then(|path| path.to_str());
        Path::new(&self.text).exists() && last.is_some_and(|last| last.parse::<Triple>().is_ok())
    }
}

impl Clear {
    fn main(self) -> u8 {
        self.explain.install();
        each(&self.paths, file::clear)
    }
}

/// Does it to each, and fails if one failed.
fn each(paths: &[PathBuf], act: impl Fn(&Path) -> Result<(), Error>) -> u8 {
    let mut status = 0;
    for path in paths {
        if let Err(error) = act(path) {
            failure::print(&error);
            status = FAILED;
        }
    }
    status
}

fn warn_if_ignored(path: &Path) {
    if let Some(why) = file::is_ignored(path) {
        result::aside(format_args!("warning: {why}"));
    }
}
