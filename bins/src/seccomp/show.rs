//! `era-seccomp show`.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use groundwork::kernel::Errno;
use seccomp::action::errno_name;
use seccomp::arch::Arch;
use seccomp::calls;
use seccomp::error::Result;
use seccomp::filter::Filter;
use seccomp::profile::Profile;
use seccomp::profile::default;
use seccomp::profile::find::Found;
use seccomp::profile::write;
use serde_json::json;

use super::choice::{self, Changes, Keeps};
use crate::result;

#[derive(Debug, Args)]
pub(super) struct Show {
    /// default, docker, or a FILE
    profile: PathBuf,
    /// Show the filter that it makes, instruction by instruction
    #[arg(long)]
    bpf: bool,
    /// Write the filter to a file, as the kernel takes it (bwrap --seccomp reads it, too)
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
    /// For programs: the profile in Docker's form, or with --bpf the instructions
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    changes: Changes,
    #[command(flatten)]
    keeps: Keeps,
    #[command(flatten)]
    explain: crate::explain::Explain,
}

impl Show {
    pub(super) fn main(self) -> Result<u8> {
        self.explain.install();
        let found = choice::load(&self.profile, &self.keeps)?;
        let found = self.changes.apply(found)?;
        let filter = found.filter()?;
        if let Some(path) = &self.export {
            write::save(path, &filter.to_bytes())?;
        }
        let text = match (&found, self.bpf, self.json) {
            (_, true, true) | (Found::Filter(_), _, true) => instructions(&filter),
            (_, true, false) | (Found::Filter(_), ..) => seccomp::disassemble(&filter),
            (Found::Profile(profile), false, true) => {
                serde_json::to_string_pretty(&profile.to_json()).expect("plain data")
            }
            (Found::Profile(profile), false, false) => {
                let ours = self.profile == Path::new("default");
                summary(profile, &filter, ours)
            }
        };
        Ok(result::print(&text, 0, super::FAILED))
    }
}

fn instructions(filter: &Filter) -> String {
    let all = filter.instructions().iter();
    let all = all.map(|step| json!({"code": step.code, "jt": step.jt, "jf": step.jf, "k": step.k}));
    serde_json::Value::from_iter(all).to_string()
}

/// What becomes of how many calls, and for our own profile which and why.
fn summary(profile: &Profile, filter: &Filter, ours: bool) -> String {
    let mut text = String::new();
    let archs: Vec<_> = profile.archs.iter().map(|arch| arch.name()).collect();
    let _ = writeln!(text, "calls by    {}", archs.join(", "));
    let _ = writeln!(text, "            else {}", profile.foreign);
    let _ = writeln!(
        text,
        "filter      {} instructions",
        filter.instructions().len()
    );
    for (action, count) in profile.counts() {
        let _ = writeln!(text, "{count:>7}     {action}");
    }
    let conditional = profile.rules.iter().filter(|rule| !rule.args.is_empty());
    let _ = writeln!(
        text,
        "{:>7}     rules that look at arguments",
        conditional.count()
    );
    let _ = writeln!(text, "  other     {}", profile.default);
    if ours {
        reasons(&mut text);
    }
    for remark in choice::remarks(profile) {
        let _ = writeln!(text, "warning: {remark}");
    }
    text
}

/// The groups of our own profile, with the reason for each.
fn reasons(text: &mut String) {
    let groups = default::groups();
    let whole = groups
        .iter()
        .filter(|group| group.errno == Errno::EPERM as u16)
        .flat_map(|group| group.calls.iter().filter(|call| call.only.is_none()));
    let native = Arch::native();
    let count = whole.filter(|call| calls::number(native, &call.call).is_some());
    let count = count.count();
    let _ = writeln!(
        text,
        "\n{count} calls of {native} get EPERM, in these groups:"
    );
    for group in &groups {
        let _ = writeln!(text, "\n{} ({})", group.name, errno_name(group.errno));
        wrapped(text, &group.reason);
        let calls: Vec<_> = group.calls.iter().map(named).collect();
        wrapped(text, &calls.join(" "));
    }
}

/// `clone(CLONE_NEWNS)` where not all of the call is meant.
fn named(call: &default::Refused) -> String {
    match &call.only {
        Some(only) => format!("{}({only})", call.call),
        None => call.call.clone(),
    }
}

fn wrapped(text: &mut String, words: &str) {
    let mut column = 0;
    for word in words.split(' ') {
        if column == 0 || column + 1 + word.len() > 78 {
            let break_before = if column == 0 { "" } else { "\n" };
            let _ = write!(text, "{break_before}  {word}");
            column = 2 + word.len();
        } else {
            let _ = write!(text, " {word}");
            column += 1 + word.len();
        }
    }
    text.push('\n');
}
