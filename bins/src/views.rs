//! The eight views as flags, each with a file if one stands behind `=`: what unshare(1) and
//! nsenter(1) have in common.

use std::path::{Path, PathBuf};

use clap::Args;
use namespaces::Kind;

/// A flag for each kind of namespace. `Some(None)` is the flag alone.
#[derive(Debug, Args)]
pub(crate) struct Views {
    /// Mounts (2002)
    #[arg(short, long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    mount: Option<Option<PathBuf>>,
    /// The machine's name (2006)
    #[arg(short, long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    uts: Option<Option<PathBuf>>,
    /// System V IPC and message queues (2006)
    #[arg(short, long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    ipc: Option<Option<PathBuf>>,
    /// Process numbers, for children (2008)
    #[arg(short, long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    pid: Option<Option<PathBuf>>,
    /// The network (2009)
    #[arg(short, long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    net: Option<Option<PathBuf>>,
    /// Users, groups and capabilities (2013)
    #[arg(short = 'U', long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    user: Option<Option<PathBuf>>,
    /// The root of the cgroup tree (2016)
    #[arg(short = 'C', long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    cgroup: Option<Option<PathBuf>>,
    /// Clocks that count from boot, for children (2020)
    #[arg(short = 'T', long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    time: Option<Option<PathBuf>>,
}

impl Views {
    /// Those that are asked for, in the order in which unshare(1) keeps them, each with its
    /// file.
    pub(crate) fn asked(&self) -> Vec<(Kind, Option<&Path>)> {
        let flags = [
            (Kind::User, &self.user),
            (Kind::Cgroup, &self.cgroup),
            (Kind::Ipc, &self.ipc),
            (Kind::Uts, &self.uts),
            (Kind::Net, &self.net),
            (Kind::Pid, &self.pid),
            (Kind::Mnt, &self.mount),
            (Kind::Time, &self.time),
        ];
        let asked = flags.into_iter().filter_map(|(kind, flag)| {
            let file = flag.as_ref()?;
            Some((kind, file.as_deref()))
        });
        asked.collect()
    }
}
