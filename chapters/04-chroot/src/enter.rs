//! Entering: the calls of 1979, and what was added to them since.

use std::convert::Infallible;
use std::path::{Path, PathBuf};

use groundwork::kernel::{self, CloneFlags};
use groundwork::process::{self, Groups, Program};
use groundwork::step;

use crate::error::{Error, Place};
use crate::mounts;

/// How to enter a root.
#[derive(Debug, Clone, Default)]
pub struct Entry {
    /// The folder that becomes `/`.
    pub root: PathBuf,
    /// Whom to become; None stays who we are.
    pub user: Option<(u32, u32)>,
    /// First become root of a user namespace of our own.
    pub userns: bool,
    /// Show the processes under /proc inside.
    pub proc: bool,
    /// Show the harmless devices of the host under /dev inside.
    pub dev: bool,
}

/// Makes a folder the root directory of this process and runs a program in it.
///
/// Returns only if something failed. Everything happens to this very process: no child,
/// and no namespace unless one was asked for.
// ANCHOR: run
pub fn run(entry: &Entry, program: &Program) -> Result<Infallible, Error> {
    if entry.userns {
        own_users()?;
    }
    if entry.proc || entry.dev {
        mounts::own_mounts(entry)?;
    }
    // Inside there may be no /proc to ask any more.
    let groups = Groups::of_this_namespace();
    change_root(&entry.root)?;
    if let Some((uid, gid)) = entry.user {
        let refused = |call| Error::Become {
            user: format!("{uid}:{gid}"),
            call,
        };
        process::become_user(uid, gid, groups).map_err(refused)?;
    }
    exec(program, &entry.root)
}
// ANCHOR_END: run

/// Makes a folder the root of this process, and goes on: what [`run`] does before it becomes
/// somebody and something else.
pub fn shut_in(entry: &Entry) -> Result<(), Error> {
    if entry.userns {
        own_users()?;
    }
    change_root(&entry.root)
}

// ANCHOR: enter
/// The two calls, and why there are three.
fn change_root(root: &Path) -> Result<(), Error> {
    let refused = |call| Error::Root {
        root: root.to_owned(),
        call,
    };
    step("Stand in the folder");
    kernel::chdir(root).map_err(refused)?;

    step("Make it the meaning of /");
    kernel::chroot(".").map_err(refused)?;

    step("Whoever stands outside the new root could walk up: stand in it");
    kernel::chdir("/").map_err(refused)
}
// ANCHOR_END: enter

/// A user namespace in which we are root, and nobody outside: user_namespaces(7).
fn own_users() -> Result<(), Error> {
    process::become_root_of_own_users(CloneFlags::empty()).map_err(Error::Userns)
}

/// Nothing that is open goes along but input, output and errors: a directory that stays
/// open is a way out.
fn exec(program: &Program, root: &Path) -> Result<Infallible, Error> {
    let failed = |call| Error::Exec {
        program: program.argv.first().map(PathBuf::from).unwrap_or_default(),
        place: Box::new(Place {
            root: root.to_owned(),
            path: program.search_path().to_string_lossy().into_owned(),
        }),
        call,
    };
    step("Take nothing along but input, output and errors");
    kernel::close_range_on_exec(3).map_err(failed)?;

    step("Become the program");
    program.exec().map_err(failed)
}
