//! `era-chroot why`: which file is missing when the kernel says that one is.

use std::path::PathBuf;

use chroot::tree::Tree;
use chroot::why::{self, Answer, DEFAULT_PATH};
use clap::Args;

use super::FAILED;
use crate::{failure, result};

#[derive(Debug, Args)]
pub(super) struct Why {
    /// The folder that is /
    root: PathBuf,
    /// The program, as one would name it inside
    command: PathBuf,
    /// The answer as JSON
    #[arg(long)]
    json: bool,
}

/// Something is missing.
const GAP: u8 = 1;

impl Why {
    pub(super) fn main(self) -> u8 {
        let tree = match Tree::of_folder(&self.root) {
            Ok(tree) => tree,
            Err(error) => {
                failure::print(&error);
                return FAILED;
            }
        };
        let answer = why::why(&tree, &Tree::host(), &self.command, DEFAULT_PATH);
        let text = match self.json {
            true => serde_json::to_string_pretty(&answer).expect("plain data"),
            false => self.text(&answer),
        };
        let status = if answer.gaps.is_empty() { 0 } else { GAP };
        result::print(&text, status, FAILED)
    }

    fn text(&self, answer: &Answer) -> String {
        let mut rows = Vec::new();
        for holds in &answer.holds {
            rows.push(format!("{:<12} {}", holds.part, holds.path.display()));
        }
        rows.extend(answer.gaps.iter().map(|gap| format!("missing      {gap}")));
        let fixes = answer.gaps.iter().filter_map(|gap| gap.fix(&self.root));
        let mut fixes: Vec<_> = fixes.collect();
        fixes.dedup();
        rows.extend(fixes.iter().map(|fix| format!("fix          {fix}")));
        if answer.gaps.is_empty() {
            rows.push("it starts".to_owned());
        }
        for later in &answer.later {
            rows.push(format!(
                "later        it reads {}: {} files of {} are not there",
                later.folder.display(),
                later.missing,
                later.packages.join(", ")
            ));
        }
        let mut programs: Vec<_> = answer.later.iter().map(|later| &later.of).collect();
        programs.dedup();
        for program in programs {
            let fix = why::new_with(&self.root, program);
            rows.push(format!("fix          {fix}"));
        }
        rows.join("\n")
    }
}
