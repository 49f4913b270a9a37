//! Profiles as LXC writes them: text, of which there are two versions.
//!
//! The first line is the version, the second what the list is for. In version 1 the numbers
//! of allowed calls follow; in version 2 names, each with what becomes of the call:
//!
//! ```text
//! 2
//! denylist allow
//! reject_force_umount
//! [all]
//! kexec_load errno 1
//! [x86_64]
//! ioctl errno 1 [1,0x5412,SCMP_CMP_MASKED_EQ,0xffffffff]
//! ```

use crate::action::{Action, errno_number};
use crate::arch::Arch;
use crate::calls;
use crate::error::{Error, Result};
use crate::profile::words::{self, OPS};
use crate::profile::{Compare, Op, Profile, Rule};

/// MNT_FORCE of umount2(2).
const MNT_FORCE: u64 = 1;
const EACCES: u16 = 13;

/// The sections of version 2; those without an architecture are for machines we are not.
const SECTIONS: [(&str, Option<Arch>); 17] = [
    ("x86", Some(Arch::X86)),
    ("x32", Some(Arch::X32)),
    ("x86_64", Some(Arch::X86_64)),
    ("arm64", Some(Arch::Aarch64)),
    ("arm", None),
    ("loongarch64", None),
    ("mips", None),
    ("mips64", None),
    ("mips64n32", None),
    ("mipsel", None),
    ("mipsel64", None),
    ("mipsel64n32", None),
    ("ppc", None),
    ("ppc64", None),
    ("ppc64le", None),
    ("s390", None),
    ("s390x", None),
];

/// Operators have signs, too.
const SIGNS: [(&str, Op); 7] = [
    ("!=", Op::NotEqual),
    ("<", Op::Less),
    ("<=", Op::LessOrEqual),
    ("==", Op::Equal),
    (">=", Op::GreaterOrEqual),
    (">", Op::Greater),
    ("&=", Op::MaskedEqual),
];

const ACTIONS: [&str; 5] = ["kill", "errno", "allow", "trap", "notify"];

/// The rules of a profile on a machine of this architecture.
pub fn load(text: &str, native: Arch) -> Result<Profile> {
    let mut lines = text.lines().enumerate().map(|(at, line)| (at + 1, line));
    let (_, version) = lines.next().unwrap_or((1, ""));
    let (at, policy) = lines.next().unwrap_or((2, ""));
    match version.trim() {
        "1" => version_1(policy, lines, native),
        "2" => version_2(at, policy, lines, native),
        other => Err(wrong(
            1,
            format!("{other:?} is no version: there are 1 and 2"),
        )),
    }
}

fn wrong(line: usize, what: impl Into<String>) -> Error {
    Error::Line {
        line,
        what: what.into(),
        like: None,
    }
}

fn unknown(line: usize, what: String, names: &[&str], written: &str) -> Error {
    Error::Line {
        line,
        what,
        like: words::like(names.iter().copied(), written),
    }
}

/// The ways to call the kernel that LXC filters on such a machine.
fn family(native: Arch) -> Vec<Arch> {
    match native {
        Arch::X86_64 => vec![Arch::X86_64, Arch::X86, Arch::X32],
        other => vec![other],
    }
}

/// A list of the numbers of allowed calls, by this machine's own table.
fn version_1<'a>(
    policy: &str,
    lines: impl Iterator<Item = (usize, &'a str)>,
    native: Arch,
) -> Result<Profile> {
    if !["allowlist", "whitelist"].contains(&policy.trim()) {
        let what = format!("{policy:?}: version 1 knows \"allowlist\" alone");
        return Err(wrong(2, what));
    }
    let mut profile = Profile::new(Action::KillThread);
    profile.archs = vec![native];
    for (at, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        let word = line.trim();
        let number = word.parse::<u32>();
        let number = number.map_err(|_| wrong(at, format!("{word:?} is no number of a call")))?;
        let name = calls::name(native, number)
            .ok_or_else(|| wrong(at, format!("{native} has no call {number}")))?;
        profile.rules.push(Rule {
            calls: vec![name.to_owned()],
            action: Action::Allow,
            args: Vec::new(),
            archs: None,
        });
    }
    Ok(profile)
}

/// Names of calls, in sections by architecture.
fn version_2<'a>(
    at: usize,
    policy: &str,
    lines: impl Iterator<Item = (usize, &'a str)>,
    native: Arch,
) -> Result<Profile> {
    let (default, for_rules) = policies(at, policy)?;
    let mut profile = Profile::new(default);
    profile.archs = family(native);
    let mut archs = None;
    for (at, line) in lines {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        if line.starts_with('[') {
            archs = section(at, line)?;
        } else {
            let rule = rule(at, line, for_rules, archs.clone())?;
            profile.rules.push(rule);
        }
    }
    Ok(profile)
}

/// The second line: what becomes of calls that are not listed, and of those that are.
fn policies(at: usize, line: &str) -> Result<(Action, Action)> {
    let line = line.split('#').next().unwrap_or_default().trim();
    let (list, action) = line.split_once(' ').unwrap_or((line, ""));
    let (default, listed) = match list {
        "denylist" | "blacklist" => (Action::Allow, Action::KillThread),
        "allowlist" | "whitelist" => (Action::KillThread, Action::Allow),
        other => {
            let what = format!("{other:?} is neither \"allowlist\" nor \"denylist\"");
            return Err(unknown(at, what, &["allowlist", "denylist"], other));
        }
    };
    let (named, rest) = action_of(at, action.trim())?;
    if !rest.is_empty() {
        return Err(wrong(at, format!("{rest:?} after the action is not known")));
    }
    Ok((named.unwrap_or(default), listed))
}

/// The architectures of a section; None: all of the machine's.
fn section(at: usize, line: &str) -> Result<Option<Vec<Arch>>> {
    let inner = line
        .strip_prefix('[')
        .and_then(|line| line.strip_suffix(']'));
    let name = inner.unwrap_or(line).to_lowercase();
    if inner.is_some() && name == "all" {
        return Ok(None);
    }
    let known = SECTIONS
        .iter()
        .find(|(section, _)| inner.is_some() && *section == name);
    let Some((_, arch)) = known else {
        let names: Vec<_> = SECTIONS.iter().map(|(name, _)| *name).collect();
        return Err(unknown(
            at,
            format!("there is no architecture {line}"),
            &names,
            &name,
        ));
    };
    Ok(Some(arch.iter().copied().collect()))
}

/// `NAME [ACTION] [CONDITION]...`
fn rule(at: usize, line: &str, otherwise: Action, archs: Option<Vec<Arch>>) -> Result<Rule> {
    let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
    let (action, rest) = action_of(at, rest.trim())?;
    let mut rule = Rule {
        calls: vec![name.to_owned()],
        action: action.unwrap_or(otherwise),
        args: conditions(at, rest)?,
        archs,
    };
    if name == "reject_force_umount" {
        rule.calls = vec!["umount2".to_owned()];
        rule.action = Action::Errno(EACCES);
        rule.args = vec![Compare {
            index: 1,
            op: Op::MaskedEqual,
            value: MNT_FORCE,
            value_two: MNT_FORCE,
        }];
    }
    Ok(rule)
}

/// The action that a text begins with, if it names one, and what is behind it.
fn action_of(at: usize, text: &str) -> Result<(Option<Action>, &str)> {
    let end = text.find([' ', '[']).unwrap_or(text.len());
    let (word, rest) = (&text[..end], text[end..].trim_start());
    let action = match word {
        "" => return Ok((None, rest)),
        "kill" => Action::KillThread,
        "allow" => Action::Allow,
        "trap" => Action::Trap,
        "notify" => Action::Notify,
        "errno" => {
            let end = rest.find([' ', '[']).unwrap_or(rest.len());
            let number = errno_number(&rest[..end]);
            let none = || wrong(at, format!("errno wants an error, not {:?}", &rest[..end]));
            return Ok((
                Some(Action::Errno(number.ok_or_else(none)?)),
                rest[end..].trim_start(),
            ));
        }
        other => {
            return Err(unknown(
                at,
                format!("there is no action {other:?}"),
                &ACTIONS,
                other,
            ));
        }
    };
    Ok((Some(action), rest))
}

/// `[INDEX,VALUE,OPERATOR]` or `[INDEX,VALUE,OPERATOR,MASK]`, one after the other.
fn conditions(at: usize, mut text: &str) -> Result<Vec<Compare>> {
    let mut args: Vec<Compare> = Vec::new();
    while !text.is_empty() {
        let inner = text.strip_prefix('[').and_then(|text| text.split_once(']'));
        let Some((inner, rest)) = inner else {
            return Err(wrong(
                at,
                format!("{text:?} is no condition: [INDEX,VALUE,OPERATOR]"),
            ));
        };
        let condition = condition(at, inner)?;
        if args.iter().any(|arg| arg.index == condition.index) {
            let index = condition.index;
            return Err(wrong(at, format!("argument {index} is compared twice")));
        }
        args.push(condition);
        text = rest.trim_start();
    }
    Ok(args)
}

fn condition(at: usize, text: &str) -> Result<Compare> {
    let fields: Vec<_> = text.split(',').map(str::trim).collect();
    let (index, value, op, mask) = match fields[..] {
        [index, value, op] => (index, value, op, "0"),
        [index, value, op, mask] => (index, value, op, mask),
        _ => return Err(wrong(at, format!("[{text}] has not three or four fields"))),
    };
    let index = index.parse().ok().filter(|index| *index < 6);
    let index = index.ok_or_else(|| wrong(at, format!("[{text}]: a call has arguments 0 to 5")))?;
    let (value, mask) = (number(at, value)?, number(at, mask)?);
    let known = OPS.iter().chain(&SIGNS).find(|(name, _)| *name == op);
    let Some((_, op)) = known.copied() else {
        let names: Vec<_> = OPS.iter().map(|(name, _)| *name).collect();
        return Err(unknown(
            at,
            format!("there is no operator {op:?}"),
            &names,
            op,
        ));
    };
    let (value, value_two) = match op {
        Op::MaskedEqual => (mask, value),
        _ => (value, 0),
    };
    Ok(Compare {
        index,
        op,
        value,
        value_two,
    })
}

/// A number as strtoull(3) reads it with base 0.
fn number(at: usize, text: &str) -> Result<u64> {
    let read = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16),
        None if text.len() > 1 && text.starts_with('0') => u64::from_str_radix(text, 8),
        None => text.parse(),
    };
    read.map_err(|_| wrong(at, format!("{text:?} is no number")))
}
