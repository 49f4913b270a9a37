//! Shell completions and man pages, made from the very command lines that the programs
//! parse: they cannot say anything else.

use std::io;
use std::path::PathBuf;

use clap::{Args, Command};
use clap_complete::Shell;

/// Write completions for a shell to stdout
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  era completions bash > ~/.local/share/bash-completion/completions/era\n  era completions fish era-chroot | source\nBook: preface.md"
)]
pub struct Completions {
    /// Which shell
    shell: Shell,
    /// Only for this program; without, for era
    program: Option<String>,
}

/// Write the man pages of all programs into a folder
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  era man ~/.local/share/man/man1\n  era man /tmp/man && man -l /tmp/man/era-chroot.1\nBook: preface.md"
)]
pub struct Man {
    /// The folder; made if it is not there
    folder: PathBuf,
}

/// `era completions`
pub fn completions(asked: &Completions, era: Command) -> Result<u8, Box<dyn std::error::Error>> {
    let name = asked.program.as_deref().unwrap_or("era");
    let mut all = all(era).into_iter();
    let Some(mut command) = all.find(|command| command.get_name() == name) else {
        return Err(format!("there is no program {name}").into());
    };
    clap_complete::generate(asked.shell, &mut command, name, &mut io::stdout());
    Ok(0)
}

/// `era man`
pub fn man(asked: &Man, era: Command) -> Result<u8, Box<dyn std::error::Error>> {
    std::fs::create_dir_all(&asked.folder)?;
    for command in all(era) {
        // One page for a program; those of subcommands are `era-chroot-new.1`.
        clap_mangen::generate_to(command, &asked.folder)?;
    }
    Ok(0)
}

/// `era` itself, then every era's program.
fn all(era: Command) -> Vec<Command> {
    let programs = bins::PROGRAMS.iter().map(|program| (program.command)());
    std::iter::once(era).chain(programs).collect()
}
