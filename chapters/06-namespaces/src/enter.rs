//! Entering namespaces that exist: setns(2), in the order of nsenter(1).

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use groundwork::kernel::{self, Gid, OFlag, Pid, Uid};
use groundwork::process::{Exit, Program, Spawn};
use groundwork::step;

use crate::error::{Error, Result};
use crate::kinds::{self, Kind};

/// A directory of the target process, or one by its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The one that the target process has.
    OfTarget,
    /// The one with this path, as seen from here.
    At(PathBuf),
}

/// What is to be entered, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Enter {
    /// The process whose views are to be shared.
    pub target: Option<i32>,
    /// All its views but those that cannot be entered again.
    pub all: bool,
    /// Which of its views.
    pub kinds: Vec<Kind>,
    /// Views that a file stands for.
    pub files: Vec<(Kind, PathBuf)>,
    /// Another root directory.
    pub root: Option<Place>,
    /// Where to stand.
    pub directory: Option<Place>,
    /// Where to stand, by a path inside.
    pub directory_inside: Option<PathBuf>,
    /// The user to become; root, if a user namespace is entered.
    pub setuid: Option<u32>,
    /// The group to become, likewise.
    pub setgid: Option<u32>,
    /// Whether user and groups are left alone, whatever is entered.
    pub preserve_credentials: bool,
    /// Whether the program is no child, even in another PID namespace.
    pub no_fork: bool,
}

/// Namespaces that are open and can be entered.
enum Opened {
    /// All of one process, by a descriptor that stands for it.
    OfProcess(Pid, OwnedFd, Vec<Kind>),
    /// One by one.
    Each(Vec<(Kind, PathBuf, OwnedFd)>),
}

impl Enter {
    /// Enters and becomes the program, or its parent: in another PID namespace only a child
    /// can be. Gives back how the child ended.
    pub fn run(&self, program: &Program) -> Result<Exit> {
        let opened = self.open()?;
        let kinds = opened.kinds();
        let root = self.open_place(&self.root, "root")?;
        let mut directory = self.open_place(&self.directory, "cwd")?;

        let becomes_user = kinds.contains(&Kind::User) && !self.preserve_credentials;
        let dropped = becomes_user && kernel::setgroups(&[]).is_ok();
        opened.enter()?;

        if let Some(root) = root {
            if directory.is_none() && self.directory_inside.is_none() {
                directory = Some(open_directory(Path::new("."))?);
            }
            change_root(root)?;
        }
        if let Some(path) = &self.directory_inside {
            directory = Some(open_directory(path)?);
        }
        if let Some(directory) = directory {
            step("Stand where we were asked to");
            kernel::fchdir(directory).map_err(Error::EnterDirectory)?;
        }

        let inside = || {
            self.become_somebody(becomes_user, dropped)?;
            step("Become the program");
            program.exec().map_err(|call| Error::Exec {
                program: program.name(),
                call,
            })
        };
        if kinds.contains(&Kind::Pid) && !self.no_fork {
            step("A process keeps its number: only a child is in the other PID namespace");
            let started = Spawn::new().holding(&[]).start(|_| Ok(()), inside);
            return Ok(started.map_err(Error::from_start)?.wait_and_stop_with());
        }
        match inside()? {}
    }

    /// Opens every namespace while we still see the files that name them.
    fn open(&self) -> Result<Opened> {
        let kinds = self.wanted_of_target()?;
        if let (Some(pid), true, false) = (self.target, self.files.is_empty(), kinds.is_empty()) {
            step("Hold the process fast: its number could be given to another one");
            let pid = Pid::from_raw(pid);
            let pidfd = kernel::pidfd_open(pid).map_err(|call| Error::Target {
                pid: pid.as_raw(),
                call,
            })?;
            return Ok(Opened::OfProcess(pid, pidfd, kinds));
        }
        let of_target = |kind: &Kind| Some((*kind, namespace_of(self.target?, *kind)));
        let mut paths: Vec<_> = kinds.iter().filter_map(of_target).collect();
        paths.extend(self.files.iter().cloned());
        // The order of nsenter(1), with the user namespace first.
        paths.sort_by_key(|(kind, _)| ORDER.iter().position(|other| other == kind));
        if !paths.is_empty() {
            step("Open what names each namespace");
        }
        let open = |(kind, path): (Kind, PathBuf)| match kernel::open(&path, OFlag::O_RDONLY) {
            Ok(fd) => Ok((kind, path, fd)),
            Err(call) => Err(Error::OpenNamespace { kind, path, call }),
        };
        Ok(Opened::Each(
            paths.into_iter().map(open).collect::<Result<_>>()?,
        ))
    }

    fn wanted_of_target(&self) -> Result<Vec<Kind>> {
        let by_file = |kind: &Kind| self.files.iter().any(|(other, _)| other == kind);
        let mut kinds = self.kinds.clone();
        if self.all {
            let pid = self.target.ok_or(Error::NoTarget {
                what: "--all".to_owned(),
            })?;
            for kind in Kind::ALL {
                if !kinds.contains(&kind) && can_be_entered(pid, kind)? {
                    kinds.push(kind);
                }
            }
        }
        kinds.retain(|kind| !by_file(kind));
        match (self.target, kinds.first()) {
            (None, Some(kind)) => Err(Error::NoTarget {
                what: kind.option().to_owned(),
            }),
            _ => Ok(kinds),
        }
    }

    fn open_place(&self, place: &Option<Place>, link: &str) -> Result<Option<OwnedFd>> {
        let path = match (place, self.target) {
            (None, _) => return Ok(None),
            (Some(Place::At(path)), _) => path.clone(),
            (Some(Place::OfTarget), Some(pid)) => PathBuf::from(format!("/proc/{pid}/{link}")),
            (Some(Place::OfTarget), None) => {
                return Err(Error::NoTarget {
                    what: format!("the target's {link}"),
                });
            }
        };
        open_directory(&path).map(Some)
    }

    /// In a user namespace we are nobody until we say who. Groups are dropped before or
    /// after entering, whichever is allowed: `dropped` says that it was before.
    fn become_somebody(&self, becomes_user: bool, dropped: bool) -> Result<()> {
        let forced = becomes_user.then_some(0);
        if let Some(gid) = self.setgid.or(forced) {
            step("Be somebody in here: the group");
            match kernel::setgroups(&[]) {
                Err(call) if becomes_user && !dropped => return Err(Error::Identity(call)),
                _ => {}
            }
            kernel::setgid(Gid::from_raw(gid)).map_err(Error::Identity)?;
        }
        if let Some(uid) = self.setuid.or(forced) {
            step("And the user");
            kernel::setuid(Uid::from_raw(uid)).map_err(Error::Identity)?;
        }
        Ok(())
    }
}

/// The order in which nsenter(1) goes through the kinds.
const ORDER: [Kind; 8] = [
    Kind::User,
    Kind::Cgroup,
    Kind::Ipc,
    Kind::Uts,
    Kind::Net,
    Kind::Pid,
    Kind::Mnt,
    Kind::Time,
];

impl Opened {
    fn kinds(&self) -> Vec<Kind> {
        match self {
            Opened::OfProcess(_, _, kinds) => kinds.clone(),
            Opened::Each(each) => each.iter().map(|(kind, _, _)| *kind).collect(),
        }
    }

    fn enter(self) -> Result<()> {
        match self {
            Opened::OfProcess(pid, pidfd, kinds) => enter_at_once(pid, pidfd, kinds),
            Opened::Each(each) => enter_one_by_one(each),
        }
    }
}

// ANCHOR: enter
/// Enters several views of one process in one call: all or none, in the right order.
fn enter_at_once(pid: Pid, pidfd: OwnedFd, kinds: Vec<Kind>) -> Result<()> {
    step("Share its views: one call for all of them");
    let flags = kinds::flags(&kinds);
    kernel::setns(pidfd, flags).map_err(|call| Error::Enter {
        kinds,
        pid: Some(pid.as_raw()),
        call,
    })
}

/// Enters each in turn, the user namespace last or first.
///
/// Who is root gives that up by entering a user namespace, so it comes last. Who is nobody
/// gains from it the right to enter the others, so it comes first. We try the one, and for
/// what was refused the other.
fn enter_one_by_one(mut each: Vec<(Kind, PathBuf, OwnedFd)>) -> Result<()> {
    let user_is_first = |(kind, _, _): &(Kind, PathBuf, OwnedFd)| *kind != Kind::User;
    if each.iter().any(user_is_first) {
        step("Share these views, with the rights that we have");
    }
    let mut refused = Vec::new();
    for (kind, path, fd) in each.drain(..) {
        if kind == Kind::User || kernel::setns(&fd, kind.flag()).is_err() {
            refused.push((kind, path, fd));
        }
    }
    if !refused.is_empty() {
        step("The user namespace, and then with its rights what was refused before");
    }
    for (kind, _, fd) in refused {
        kernel::setns(&fd, kind.flag()).map_err(|call| Error::Enter {
            kinds: vec![kind],
            pid: None,
            call,
        })?;
    }
    Ok(())
}
// ANCHOR_END: enter

fn change_root(root: OwnedFd) -> Result<()> {
    step("Look for files from there on");
    kernel::fchdir(root).map_err(Error::EnterDirectory)?;
    kernel::chroot(".").map_err(Error::EnterDirectory)?;
    kernel::chdir("/").map_err(Error::EnterDirectory)
}

fn open_directory(path: &Path) -> Result<OwnedFd> {
    kernel::open(path, OFlag::O_RDONLY).map_err(|call| Error::Directory {
        dir: path.to_owned(),
        call,
    })
}

fn namespace_of(pid: i32, kind: Kind) -> PathBuf {
    PathBuf::from(format!("/proc/{pid}/ns/{kind}"))
}

/// The kernel has this kind, and it is not the user namespace that we are in: setns(2)
/// refuses to enter that again.
fn can_be_entered(pid: i32, kind: Kind) -> Result<bool> {
    let ours = Path::new("/proc/self/ns").join(kind.name());
    let Ok(ours) = fs::metadata(ours) else {
        return Ok(false);
    };
    if kind != Kind::User {
        return Ok(true);
    }
    let path = namespace_of(pid, kind);
    let theirs = fs::metadata(&path).map_err(|error| Error::from_io(&path, &error))?;
    Ok(ours.ino() != theirs.ino())
}
