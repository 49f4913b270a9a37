//! Which rules a command line asks for: a profile by name, and changes of it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use groundwork::kernel;
use seccomp::action::{Action, errno_number};
use seccomp::error::{Error, Result};
use seccomp::filter::Filter;
use seccomp::profile::find::{DOCKER_CAPABILITIES, Found, Source};
use seccomp::profile::oci::Context;
use seccomp::profile::{Flag, Profile, Remark};

/// A profile, or none, or only these calls.
#[derive(Debug, Args)]
pub(super) struct Choice {
    /// default (our own), docker (Docker's, if this machine has it), or a FILE: Docker's
    /// JSON, LXC's text, or an exported filter
    #[arg(long, value_name = "PROFILE")]
    profile: Option<PathBuf>,
    /// Allow these calls and no others
    #[arg(
        long,
        value_name = "CALL,…",
        value_delimiter = ',',
        conflicts_with = "profile"
    )]
    allow_only: Vec<String>,
    #[command(flatten)]
    changes: Changes,
    #[command(flatten)]
    keeps: Keeps,
}

/// What is said of single calls, whatever the profile says of them.
#[derive(Debug, Default, Args)]
pub(super) struct Changes {
    /// Refuse these calls, with EPERM if no other error is named
    #[arg(long, value_name = "CALL[=ERRNO],…", value_delimiter = ',', value_parser = refusal)]
    deny: Vec<(String, u16)>,
    /// End the process that makes one of these calls (SIGSYS)
    #[arg(long, value_name = "CALL,…", value_delimiter = ',')]
    kill: Vec<String>,
    /// Let these calls pass, and write them to the kernel's audit log
    #[arg(long, value_name = "CALL,…", value_delimiter = ',')]
    log: Vec<String>,
}

/// For profiles with rules that depend on capabilities.
#[derive(Debug, Args)]
pub(super) struct Keeps {
    /// Read the profile as for a container with these capabilities: docker (those that it
    /// gives by default), none, or their names
    #[arg(
        long,
        value_name = "CAPS",
        default_value = "docker",
        value_delimiter = ',',
        value_parser = capabilities
    )]
    caps: Vec<BTreeSet<String>>,
}

/// `mkdir`, `mkdir=ENOSYS`, `mkdir=38`.
pub(super) fn refusal(text: &str) -> std::result::Result<(String, u16), String> {
    let (call, errno) = text.split_once('=').unwrap_or((text, "EPERM"));
    let number = errno_number(errno).filter(|number| *number != 0);
    let number = number.ok_or_else(|| format!("there is no error {errno:?}: see errno(3)"))?;
    Ok((call.to_owned(), number))
}

/// `docker`, `none`, or a capability: `sys_admin` is CAP_SYS_ADMIN.
fn capabilities(word: &str) -> std::result::Result<BTreeSet<String>, String> {
    match word {
        "docker" => return Ok(DOCKER_CAPABILITIES.map(str::to_owned).into()),
        "none" => return Ok(BTreeSet::new()),
        _ => {}
    }
    let name = word.to_ascii_uppercase();
    let name = match name.starts_with("CAP_") {
        true => name,
        false => format!("CAP_{name}"),
    };
    let is_known = (0..64).any(|number| kernel::capability_name(number) == name);
    let unknown = || format!("there is no capability {word:?}: see capabilities(7)");
    is_known.then(|| [name].into()).ok_or_else(unknown)
}

impl Keeps {
    pub(super) fn context(&self) -> Context {
        Context::here(self.caps.iter().flatten().cloned().collect())
    }
}

impl Changes {
    fn is_empty(&self) -> bool {
        self.deny.is_empty() && self.kill.is_empty() && self.log.is_empty()
    }

    /// Each call with what is said of it. A call that is named twice would be a riddle.
    fn all(&self) -> Result<Vec<(&str, Action)>> {
        let deny = self.deny.iter();
        let deny = deny.map(|(call, errno)| (call.as_str(), Action::Errno(*errno)));
        let kill = self
            .kill
            .iter()
            .map(|call| (call.as_str(), Action::KillProcess));
        let log = self.log.iter().map(|call| (call.as_str(), Action::Log));
        let all: Vec<_> = deny.chain(kill).chain(log).collect();
        let mut seen = BTreeSet::new();
        match all.iter().find(|(call, _)| !seen.insert(*call)) {
            Some((call, _)) => Err(Error::TwiceNamed {
                call: (*call).to_owned(),
            }),
            None => Ok(all),
        }
    }

    /// What was found, changed.
    pub(super) fn apply(&self, found: Found) -> Result<Found> {
        let mut profile = match found {
            Found::Profile(profile) => profile,
            Found::Filter(_) if !self.is_empty() => return Err(Error::Compiled),
            filter => return Ok(filter),
        };
        for (call, action) in self.all()? {
            profile.set(call, action)?;
        }
        Ok(Found::Profile(profile))
    }
}

impl Choice {
    /// The filter, and the flags that the profile wants with it.
    pub(super) fn filter(&self) -> Result<(Filter, Vec<Flag>)> {
        let found = match &self.profile {
            Some(name) => load(name, &self.keeps)?,
            None if !self.allow_only.is_empty() => Found::Profile(self.only()?),
            None if self.changes.is_empty() => load(Path::new("default"), &self.keeps)?,
            None => Found::Profile(Profile::allow_all()),
        };
        let found = self.changes.apply(found)?;
        let flags = match &found {
            Found::Profile(profile) => profile.flags.clone(),
            Found::Filter(_) => Vec::new(),
        };
        Ok((found.filter()?, flags))
    }

    fn only(&self) -> Result<Profile> {
        let mut profile = Profile::allow_nothing();
        for call in &self.allow_only {
            profile.set(call, Action::Allow)?;
        }
        Ok(profile)
    }
}

/// Reads a profile, and says on stderr which of its names are none.
pub(super) fn load(name: &Path, keeps: &Keeps) -> Result<Found> {
    let source = Source::named(name)?;
    let found = source.load(&keeps.context())?;
    // An engine's own list has the calls of machines that we have no table of.
    let is_the_users = source == Source::File(name.to_owned());
    if let (Found::Profile(profile), true) = (&found, is_the_users) {
        for remark in remarks(profile) {
            crate::result::aside(format_args!("warning: {remark}"));
        }
    }
    Ok(found)
}

/// What of a profile is void or not seen. That a call is not there on one of several
/// architectures is usual, and that a way to make a call is refused altogether hides nothing.
pub(super) fn remarks(profile: &Profile) -> Vec<Remark> {
    let refused = |call: &str| {
        let mut rules = profile.rules.iter().filter(|rule| rule.args.is_empty());
        rules.any(|rule| rule.action != Action::Allow && rule.calls.iter().any(|one| one == call))
    };
    let is_told = |remark: &Remark| match remark {
        Remark::Absent { .. } => false,
        Remark::Unseen { through, .. } => !refused(through),
        _ => true,
    };
    profile.remarks().into_iter().filter(is_told).collect()
}
