//! Which namespaces there are: lsns(8).
//!
//! The kernel has no list of them. What can be found are those that a process is in, by
//! the links of /proc/PID/ns, and from each of these its owner and its parent, by
//! ioctl_ns(2). Two processes share a namespace if their links have the same inode.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;

use groundwork::kernel;

use crate::error::{Error, Result};
use crate::kinds::Kind;

/// A process, and the namespaces it is in, as far as we may see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: i32,
    /// The number of its parent.
    pub ppid: i32,
    /// Its user.
    pub uid: u32,
    /// The inode of each link that we may read.
    pub namespaces: BTreeMap<Kind, u64>,
}

/// A namespace that somebody is in, or that is above one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespace {
    /// The inode that stands for it.
    pub id: u64,
    /// What it isolates.
    pub kind: Kind,
    /// Who is in it, in the order of their numbers.
    pub members: Vec<i32>,
    /// The namespace above it, for PID and user namespaces.
    pub parent: Option<u64>,
    /// The user namespace whose root has power over it.
    pub owner: Option<u64>,
    /// Who made it, where nobody is in it.
    pub maker: u32,
}

/// All that could be found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// By their numbers.
    pub processes: BTreeMap<i32, Process>,
    /// By their inodes.
    pub namespaces: BTreeMap<u64, Namespace>,
}

impl Listing {
    /// Looks at every process for namespaces of these kinds.
    pub fn read(kinds: &[Kind]) -> Result<Listing> {
        let mut listing = Listing::default();
        let folder = fs::read_dir("/proc").map_err(|error| Error::from_io("/proc", &error))?;
        let number = |entry: fs::DirEntry| entry.file_name().to_str()?.parse().ok();
        let mut pids: Vec<i32> = folder.flatten().filter_map(number).collect();
        pids.sort_unstable();
        // A process that ended while we look is no mistake: it is not there.
        for process in pids.into_iter().filter_map(|pid| Process::read(pid, kinds)) {
            listing.add(process);
        }
        Ok(listing)
    }

    fn add(&mut self, process: Process) {
        let pid = process.pid;
        for (&kind, &id) in &process.namespaces {
            let found = self.namespaces.entry(id).or_insert_with(|| {
                let open = kernel::open_namespace(format!("/proc/{pid}/ns/{kind}"));
                Namespace::above(id, kind, open.ok().map(OwnedFd::from).as_ref())
            });
            found.members.push(pid);
        }
        self.processes.insert(pid, process);
    }

    /// Adds the owners and parents that no process is in.
    pub fn add_ancestors(&mut self) {
        let found: Vec<_> = self.namespaces.values().cloned().collect();
        for namespace in found {
            let Some(pid) = namespace.members.first() else {
                continue;
            };
            let link = format!("/proc/{pid}/ns/{}", namespace.kind);
            if let Ok(open) = kernel::open_namespace(link) {
                self.add_above(&open.into());
            }
        }
    }

    fn add_above(&mut self, namespace: &OwnedFd) {
        let above = [
            kernel::ns_get_userns(namespace),
            kernel::ns_get_parent(namespace),
        ];
        for fd in above.into_iter().flatten() {
            let (Some(id), Some(kind)) = (inode(&fd), kind_of(&fd)) else {
                continue;
            };
            if let Entry::Vacant(place) = self.namespaces.entry(id) {
                place.insert(Namespace::above(id, kind, Some(&fd)));
                self.add_above(&fd);
            }
        }
    }
}

impl Process {
    fn read(pid: i32, kinds: &[Kind]) -> Option<Process> {
        let folder = format!("/proc/{pid}");
        let stat = fs::read_to_string(format!("{folder}/stat")).ok()?;
        // The name is in brackets and may have anything in it: proc_pid_stat(5).
        let ppid = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?;
        let id = |kind: &Kind| {
            let link = fs::metadata(format!("{folder}/ns/{kind}")).ok()?;
            Some((*kind, link.ino()))
        };
        Some(Process {
            pid,
            ppid: ppid.parse().ok()?,
            uid: fs::metadata(&folder).ok()?.uid(),
            namespaces: kinds.iter().filter_map(id).collect(),
        })
    }

    /// What it runs: its command line, or its name if it has none.
    pub fn command(&self) -> String {
        let read = |file: &str| fs::read(format!("/proc/{}/{file}", self.pid)).unwrap_or_default();
        let line = String::from_utf8_lossy(&read("cmdline")).replace('\0', " ");
        match line.trim_end() {
            "" => String::from_utf8_lossy(&read("comm")).trim_end().to_owned(),
            line => line.to_owned(),
        }
    }
}

impl Namespace {
    /// A namespace and what is above it. Not everybody may know that.
    fn above(id: u64, kind: Kind, open: Option<&OwnedFd>) -> Namespace {
        let inode = |fd: kernel::Result<OwnedFd>| inode(&fd.ok()?);
        let has_parent = matches!(kind, Kind::Pid | Kind::User);
        let parent = open.filter(|_| has_parent).map(kernel::ns_get_parent);
        let maker = open
            .filter(|_| kind == Kind::User)
            .map(kernel::ns_get_owner_uid);
        Namespace {
            id,
            kind,
            members: Vec::new(),
            parent: parent.and_then(inode),
            owner: open.map(kernel::ns_get_userns).and_then(inode),
            maker: maker.and_then(kernel::Result::ok).unwrap_or(0),
        }
    }

    /// The number by which our network namespace knows this one, as `lsns` shows it: empty
    /// for another kind, or where the kernel does not tell.
    pub fn network_id(&self) -> Option<String> {
        let pid = self.members.first().filter(|_| self.kind == Kind::Net)?;
        let open = kernel::open_namespace(format!("/proc/{pid}/ns/net")).ok()?;
        let id = kernel::netns_id(open).ok()?;
        Some(id.map_or("unassigned".to_owned(), |id| id.to_string()))
    }
}

fn inode(fd: &OwnedFd) -> Option<u64> {
    let file = File::from(fd.try_clone().ok()?);
    file.metadata().ok().map(|file| file.ino())
}

fn kind_of(fd: &OwnedFd) -> Option<Kind> {
    let flag = kernel::ns_get_nstype(fd).ok()?;
    Kind::ALL
        .into_iter()
        .find(|kind| kind.flag().bits() == flag)
}
