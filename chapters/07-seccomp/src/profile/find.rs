//! Profiles by the name that somebody gave: ours, an engine's, or a file.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use groundwork::kernel::CallError;

use crate::arch::Arch;
use crate::compile::compile;
use crate::error::{Error, Result};
use crate::filter::Filter;
use crate::profile::oci::Context;
use crate::profile::{Profile, default, lxc, oci};

/// More bytes than any profile has: a file that goes on and on is none.
const LONGEST: u64 = 16 << 20;

/// Where a profile comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Our own.
    Default,
    /// A file: Docker's JSON, LXC's text, or a compiled filter.
    File(PathBuf),
}

/// What was found there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Rules.
    Profile(Profile),
    /// A filter that somebody has compiled already.
    Filter(Filter),
}

/// Where Debian's packages put the profiles of Docker and of Podman, which is nearly the same.
const DOCKER: [&str; 3] = [
    "/usr/share/gocode/src/github.com/docker/docker/profiles/seccomp/default.json",
    "/etc/containers/seccomp.json",
    "/usr/share/containers/seccomp.json",
];

/// The capabilities that Docker leaves a container, as its documentation lists them.
pub const DOCKER_CAPABILITIES: [&str; 14] = [
    "CAP_AUDIT_WRITE",
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_MKNOD",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_RAW",
    "CAP_SETFCAP",
    "CAP_SETGID",
    "CAP_SETPCAP",
    "CAP_SETUID",
    "CAP_SYS_CHROOT",
];

impl Context {
    /// This machine, and a program that keeps these capabilities.
    pub fn here(capabilities: BTreeSet<String>) -> Context {
        let release = nix::sys::utsname::uname().map(|name| name.release().to_owned());
        let release = release
            .unwrap_or_default()
            .into_string()
            .unwrap_or_default();
        let mut numbers = release
            .split(['.', '-'])
            .map_while(|part| part.parse().ok());
        let mut next = || numbers.next().unwrap_or_default();
        Context {
            arch: Arch::native(),
            capabilities,
            kernel: (next(), next()),
        }
    }
}

impl Source {
    /// `default`, `docker`, or a file.
    pub fn named(name: &Path) -> Result<Source> {
        match name.to_str() {
            Some("default") => Ok(Source::Default),
            Some("docker") => {
                let there = DOCKER.iter().find(|file| Path::new(file).is_file());
                let there = there.ok_or_else(|| Error::NoEngineProfile {
                    engine: "Docker",
                    looked: DOCKER.to_vec(),
                })?;
                Ok(Source::File(PathBuf::from(there)))
            }
            _ => Ok(Source::File(name.to_owned())),
        }
    }

    /// Reads it.
    pub fn load(&self, context: &Context) -> Result<Found> {
        let path = match self {
            Source::Default => {
                let profile = oci::load(default::TEXT, context)?;
                return Ok(Found::Profile(profile));
            }
            Source::File(path) => path,
        };
        let unread = |error| Error::Read {
            path: path.clone(),
            call: CallError::from_io("open", path, "open(2)", &error),
        };
        let mut bytes = Vec::new();
        let file = std::fs::File::open(path).map_err(unread)?;
        file.take(LONGEST + 1)
            .read_to_end(&mut bytes)
            .map_err(unread)?;
        if bytes.len() as u64 > LONGEST {
            return Err(Error::LongProfile { path: path.clone() });
        }
        read(&bytes, context).map_err(|error| Error::InFile {
            path: path.clone(),
            error: Box::new(error),
        })
    }
}

/// JSON begins with a brace, LXC's text with its version; what is no text is a filter.
fn read(bytes: &[u8], context: &Context) -> Result<Found> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Filter::from_bytes(bytes).map(Found::Filter);
    };
    if text.contains('\0') {
        return Filter::from_bytes(bytes).map(Found::Filter);
    }
    let profile = match text.trim_start().starts_with(['{', '[', '"']) {
        true => oci::load(text, context),
        false => lxc::load(text, Arch::native()),
    };
    profile.map(Found::Profile)
}

impl Found {
    /// The filter that it makes.
    pub fn filter(&self) -> Result<Filter> {
        match self {
            Found::Profile(profile) => compile(profile),
            Found::Filter(filter) => Ok(filter.clone()),
        }
    }
}
