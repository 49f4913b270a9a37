//! `era-chroot why`: which file is missing when the kernel says that one is.

use std::path::PathBuf;

use chroot::tree::Tree;
use chroot::why::{self, Answer, DEFAULT_PATH};
use clap::Args;

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
        let tree = Tree::new(&self.root);
        let answer = why::why(&tree, &Tree::host(), &self.command, DEFAULT_PATH);
        if self.json {
            println!(
                "{}",
                serde_json::to_string_pretty(&answer).expect("plain data")
            );
        } else {
            self.print(&answer);
        }
        if answer.gaps.is_empty() { 0 } else { GAP }
    }

    fn print(&self, answer: &Answer) {
        for holds in &answer.holds {
            println!("{:<12} {}", holds.part, holds.path.display());
        }
        for gap in &answer.gaps {
            println!("missing      {gap}");
        }
        let fixes = answer.gaps.iter().filter_map(|gap| gap.fix(&self.root));
        let mut fixes: Vec<_> = fixes.collect();
        fixes.dedup();
        for fix in fixes {
            println!("fix          {fix}");
        }
        let root = self.root.display();
        if answer.gaps.is_empty() {
            println!("it starts");
        }
        for later in &answer.later {
            println!(
                "later        it reads {}: {} files of {} are not there",
                later.folder.display(),
                later.missing,
                later.packages.join(", ")
            );
        }
        let mut programs: Vec<_> = answer.later.iter().map(|later| &later.of).collect();
        programs.dedup();
        for program in programs {
            println!(
                "fix          era-chroot new {root} --with {}",
                program.display()
            );
        }
    }
}
