//! Profiles as Docker, Podman and the OCI's runtimes write them: JSON.
//!
//! The runtimes read `linux.seccomp` of config.json, see config-linux.md of the OCI's runtime
//! specification. The engines read the same with more in it, and turn it into that: which
//! architectures belong together (`archMap`), and which rules count for which capabilities,
//! machines and kernels (`includes`, `excludes`). A field that none of them knows is refused
//! by name: a rule that is not kept is worse than none.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::action::{Action, errno_number};
use crate::arch::Arch;
use crate::error::{Error, Result};
use crate::profile::words::{ACTIONS, ARCHS, FLAGS, OPS, word};
use crate::profile::{Compare, Profile, Rule};

/// EPERM, which a refused call fails with where the profile names no error.
const EPERM: u16 = 1;

/// Where a profile is to be used: `includes` and `excludes` of its rules ask for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// The machine's own architecture.
    pub arch: Arch,
    /// The capabilities that the program keeps: CAP_SYS_ADMIN and so on.
    pub capabilities: BTreeSet<String>,
    /// The kernel's version: 6.1 is (6, 1).
    pub kernel: (u32, u32),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Document {
    default_action: String,
    default_errno_ret: Option<u16>,
    default_errno: Option<String>,
    architectures: Option<Vec<String>>,
    arch_map: Option<Vec<Family>>,
    flags: Option<Vec<String>>,
    listener_path: Option<String>,
    listener_metadata: Option<String>,
    syscalls: Option<Vec<Entry>>,
}

/// An architecture, and those that its machines understand, too.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Family {
    architecture: String,
    sub_architectures: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Entry {
    name: Option<String>,
    names: Option<Vec<String>>,
    action: String,
    errno_ret: Option<u16>,
    errno: Option<String>,
    args: Option<Vec<Argument>>,
    /// For readers.
    #[serde(rename = "comment")]
    _comment: Option<String>,
    includes: Option<Conditions>,
    excludes: Option<Conditions>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Argument {
    index: u8,
    value: u64,
    value_two: Option<u64>,
    op: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Conditions {
    caps: Option<Vec<String>>,
    arches: Option<Vec<String>>,
    min_kernel: Option<String>,
}

/// The rules of a profile that count in this context.
pub fn load(text: &str, context: &Context) -> Result<Profile> {
    if text.trim_start().starts_with('[') {
        // A list would be taken for the fields in their order.
        return Err(Error::Json("a profile is an object: {...}".to_owned()));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let document: Document = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| Error::Json(error.to_string()))?;
    reader
        .end()
        .map_err(|error| Error::Json(error.to_string()))?;
    if document.listener_path.is_some() || document.listener_metadata.is_some() {
        let what = "handing a supervisor over to another program is not supported";
        return Err(wrong("listenerPath", what));
    }
    let errno = errno(
        "",
        "defaultErrno",
        document.default_errno_ret,
        &document.default_errno,
    )?;
    let mut profile = Profile::new(action(
        "",
        "defaultAction",
        &document.default_action,
        errno,
    )?);
    architectures(&document, context, &mut profile)?;
    for (at, flag) in document.flags.iter().flatten().enumerate() {
        profile
            .flags
            .push(word(&FLAGS, &format!("flags[{at}]"), flag)?);
    }
    for (at, entry) in document.syscalls.iter().flatten().enumerate() {
        let path = format!("syscalls[{at}].");
        let rules = rules(entry, &path)?;
        if counts(entry, context, &path)? {
            profile.rules.extend(rules);
        }
    }
    Ok(profile)
}

fn wrong(path: &str, what: impl Into<String>) -> Error {
    Error::Value {
        path: path.to_owned(),
        what: what.into(),
        like: None,
    }
}

/// The architectures: as listed, or those of this machine's family, or its own.
fn architectures(document: &Document, context: &Context, profile: &mut Profile) -> Result<()> {
    let families = document.arch_map.as_deref().unwrap_or_default();
    let listed = document.architectures.as_deref().unwrap_or_default();
    if !families.is_empty() && !listed.is_empty() {
        return Err(wrong(
            "archMap",
            "it does not go together with architectures",
        ));
    }
    let mut names: Vec<(String, &String)> = Vec::new();
    for (at, name) in listed.iter().enumerate() {
        names.push((format!("architectures[{at}]"), name));
    }
    for (at, family) in families.iter().enumerate() {
        word(
            &ARCHS,
            &format!("archMap[{at}].architecture"),
            &family.architecture,
        )?;
        if family.architecture == context.arch.oci_name() {
            let subs = family.sub_architectures.iter().flatten();
            let all = std::iter::once(&family.architecture).chain(subs);
            names.extend(all.map(|name| (format!("archMap[{at}]"), name)));
        }
    }
    profile.archs.clear();
    for (path, name) in names {
        match word(&ARCHS, &path, name)? {
            Some(arch) if !profile.archs.contains(&arch) => profile.archs.push(arch),
            Some(_) => {}
            None => profile.without_table.push(name.clone()),
        }
    }
    if profile.archs.is_empty() && profile.without_table.is_empty() {
        profile.archs.push(context.arch);
    }
    Ok(())
}

/// Whether a rule counts here: setupSeccomp() of Docker decides so.
fn counts(entry: &Entry, context: &Context, path: &str) -> Result<bool> {
    let nothing = Conditions::default();
    let excludes = entry.excludes.as_ref().unwrap_or(&nothing);
    let includes = entry.includes.as_ref().unwrap_or(&nothing);
    let has = |cap: &String| context.capabilities.contains(cap);
    let here = |arch: &String| arch == context.arch.docker_name();
    let since = |conditions: &Conditions, field: &str| -> Result<Option<bool>> {
        let path = format!("{path}{field}.minKernel");
        let minimum = conditions.min_kernel.as_ref();
        let minimum = minimum.map(|text| kernel(&path, text)).transpose()?;
        Ok(minimum.map(|minimum| context.kernel >= minimum))
    };
    let arches = includes.arches.as_deref().unwrap_or_default();
    let excluded = excludes.caps.iter().flatten().any(has)
        || excludes.arches.iter().flatten().any(here)
        || since(excludes, "excludes")? == Some(true);
    let included = includes.caps.iter().flatten().all(has)
        && (arches.is_empty() || arches.iter().any(here))
        && since(includes, "includes")? != Some(false);
    Ok(included && !excluded)
}

/// A kernel's version as profiles have it: two numbers and no more.
fn kernel(path: &str, text: &str) -> Result<(u32, u32)> {
    let numbers = text.split_once('.');
    let numbers = numbers.and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    numbers.ok_or_else(|| {
        let what = format!("{text:?} is no version of a kernel, such as \"4.8\"");
        wrong(path, what)
    })
}

/// The rules of an entry. Conditions on the same argument are alternatives, each a rule of
/// its own, as runc has them; all others hold together.
fn rules(entry: &Entry, path: &str) -> Result<Vec<Rule>> {
    let calls = match (&entry.name, &entry.names) {
        (Some(name), None) if !name.is_empty() => vec![name.clone()],
        (None, Some(names)) => names.clone(),
        (Some(name), Some(names)) if name.is_empty() => names.clone(),
        (Some(name), Some(names)) if names.is_empty() => vec![name.clone()],
        (Some(_), Some(_)) => {
            return Err(wrong(
                &format!("{path}name"),
                "it does not go together with names",
            ));
        }
        _ => return Err(wrong(&format!("{path}names"), "the rule names no call")),
    };
    let errno = errno(path, "errno", entry.errno_ret, &entry.errno)?;
    let rule = |args| Rule {
        calls: calls.clone(),
        action: Action::Allow,
        args,
        archs: None,
    };
    let mut args = Vec::new();
    for (at, argument) in entry.args.iter().flatten().enumerate() {
        args.push(condition(argument, &format!("{path}args[{at}]."))?);
    }
    let twice = |one: &Compare| args.iter().filter(|arg| arg.index == one.index).count() > 1;
    let mut rules = match args.iter().any(twice) {
        true => args.iter().map(|one| rule(vec![*one])).collect(),
        false => vec![rule(args)],
    };
    let action = action(path, "action", &entry.action, errno)?;
    for rule in &mut rules {
        rule.action = action;
    }
    Ok(rules)
}

fn condition(argument: &Argument, path: &str) -> Result<Compare> {
    if argument.index > 5 {
        return Err(wrong(
            &format!("{path}index"),
            "a call has arguments 0 to 5",
        ));
    }
    Ok(Compare {
        index: argument.index,
        op: word(&OPS, &format!("{path}op"), &argument.op)?,
        value: argument.value,
        value_two: argument.value_two.unwrap_or(0),
    })
}

/// The error of an entry: a number, to which Podman adds its name.
fn errno(
    path: &str,
    field: &str,
    number: Option<u16>,
    name: &Option<String>,
) -> Result<Option<u16>> {
    let Some(name) = name.as_deref().filter(|name| !name.is_empty()) else {
        return Ok(number);
    };
    let path = format!("{path}{field}");
    let Some(named) = errno_number(name) else {
        return Err(wrong(&path, format!("there is no error {name:?}")));
    };
    match number {
        Some(number) if number != named => Err(wrong(
            &path,
            format!("{name} is {named}, and {field}Ret is {number}"),
        )),
        _ => Ok(Some(named)),
    }
}

/// An action by its name, with its error.
fn action(path: &str, field: &str, name: &str, errno: Option<u16>) -> Result<Action> {
    let action = word(&ACTIONS, &format!("{path}{field}"), name)?;
    match (action, errno) {
        (Action::Errno(_), Some(number @ 4096..)) => Err(wrong(
            &format!("{path}errnoRet"),
            format!("{number} is no error: 4095 is the last"),
        )),
        (Action::Errno(_), number) => Ok(Action::Errno(number.unwrap_or(EPERM))),
        (Action::Trace(_), number) => Ok(Action::Trace(number.unwrap_or(EPERM))),
        (_, Some(_)) => Err(wrong(
            &format!("{path}errnoRet"),
            format!("{name} returns no error"),
        )),
        (action, None) => Ok(action),
    }
}
