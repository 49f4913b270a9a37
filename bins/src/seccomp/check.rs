//! `era-seccomp check`.

use std::path::PathBuf;

use clap::Args;
use groundwork::kernel::CloneFlags;
use seccomp::action::Action;
use seccomp::arch::Arch;
use seccomp::calls;
use seccomp::error::Result;
use seccomp::interpret::{Data, interpret};
use serde_json::json;

use super::choice::{self, Changes, Keeps};
use crate::result;

#[derive(Debug, Args)]
pub(super) struct Check {
    /// default, docker, or a FILE
    profile: PathBuf,
    /// The call, by name or number
    call: String,
    /// Its arguments, as numbers or names of clone's flags; the rest are 0
    #[arg(value_name = "ARG", num_args = 0..=6, value_parser = number)]
    args: Vec<u64>,
    /// The way it is made: x86_64, x86 (int 0x80), x32, aarch64; else this machine's own
    #[arg(long, value_parser = arch)]
    arch: Option<Arch>,
    #[command(flatten)]
    changes: Changes,
    #[command(flatten)]
    keeps: Keeps,
    /// Print it for programs
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    explain: crate::explain::Explain,
}

/// `40`, `0x28`, `CLONE_NEWUSER`, `CLONE_NEWNS|CLONE_NEWUTS`.
fn number(text: &str) -> std::result::Result<u64, String> {
    let one = |word: &str| {
        let digits = word.strip_prefix("0x");
        let hexadecimal = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
        let flag = || Some(CloneFlags::from_name(word)?.bits() as u32 as u64);
        let negative = || word.parse::<i64>().ok().map(|number| number as u64);
        hexadecimal
            .or_else(|| word.parse().ok())
            .or_else(negative)
            .or_else(flag)
            .ok_or_else(|| format!("{word:?} is no number and no flag of clone(2)"))
    };
    text.split('|')
        .try_fold(0, |all, word| Ok(all | one(word)?))
}

fn arch(text: &str) -> std::result::Result<Arch, String> {
    let mut known = Arch::ALL.into_iter();
    let names = Arch::ALL.map(Arch::name).join(", ");
    known
        .find(|arch| arch.name() == text || arch.docker_name() == text)
        .ok_or_else(|| format!("we know {names}"))
}

impl Check {
    pub(super) fn main(self) -> Result<u8> {
        self.explain.install();
        let found = choice::load(&self.profile, &self.keeps)?;
        let filter = self.changes.apply(found)?.filter()?;
        let arch = self.arch.unwrap_or(Arch::native());
        let number = calls::parse(arch, &self.call)?;
        let mut args = [0; 6];
        args[..self.args.len()].copy_from_slice(&self.args);
        let verdict = interpret(&filter, &Data::new(arch, number, args));
        let passes = matches!(verdict.action, Action::Allow | Action::Log);
        let (asked, length) = (verdict.path.len(), filter.instructions().len());
        let text = if self.json {
            json!({
                "call": calls::name(arch, number),
                "number": number,
                "arch": arch.name(),
                "args": args,
                "verdict": verdict.action.to_string(),
                "value": verdict.value,
                "passes": passes,
                "executed": verdict.path,
                "instructions": length,
            })
            .to_string()
        } else {
            let shown: Vec<_> = self.args.iter().map(|arg| format!("{arg:#x}")).collect();
            let call = format!("{}({})", self.call, shown.join(", "));
            let action = verdict.action;
            format!("{call} on {arch}: {action}   ({asked} of {length} instructions)")
        };
        Ok(result::print(&text, u8::from(!passes), super::FAILED))
    }
}
