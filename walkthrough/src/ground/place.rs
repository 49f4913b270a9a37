//! On which file system a ground may lie.
//!
//! Programs are copied to a ground and run there, so a mount that says noexec,
//! nosuid or nodev would show a learner other refusals than those of the page.
//! `/tmp` often is such a mount: mount(8), statvfs(3).

use std::fs::{self, DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::sys::statvfs::{FsFlags, statvfs};

use super::{GroundError, Learner};

/// The folder of grounds: below the state folder if that will do, else in the
/// first that does.
///
/// # Errors
/// None does; what each lacks.
pub fn choose(state: &Path, learner: &Learner) -> Result<PathBuf, GroundError> {
    let uid = learner.uid;
    let elsewhere = ["/var/tmp", "/tmp"].map(|folder| Path::new(folder).join(format!("era-{uid}")));
    let mut refusals = Vec::new();
    for base in [vec![state.to_owned()], elsewhere.to_vec()].concat() {
        match usable(&base, learner) {
            Ok(grounds) => return Ok(grounds),
            Err(why) => refusals.push(format!("{}: {why}", base.display())),
        }
    }
    Err(GroundError::NoPlace(refusals.join("; ")))
}

/// Where grounds will lie, as far as can be said without making anything.
pub fn likely(state: &Path, learner: &Learner) -> PathBuf {
    let elsewhere = Path::new("/var/tmp").join(format!("era-{}", learner.uid));
    let there = |base: &&PathBuf| {
        let made = base.ancestors().find(|folder| folder.is_dir());
        made.is_some_and(|folder| {
            let writable = nix::unistd::access(folder, nix::unistd::AccessFlags::W_OK).is_ok();
            let unfit = FsFlags::ST_NOEXEC | FsFlags::ST_NOSUID | FsFlags::ST_NODEV;
            writable && statvfs(folder).is_ok_and(|found| !found.flags().intersects(unfit))
        })
    };
    let state = state.to_owned();
    [&state, &elsewhere]
        .into_iter()
        .find(there)
        .unwrap_or(&state)
        .clone()
}

fn usable(base: &Path, learner: &Learner) -> Result<PathBuf, String> {
    let grounds = base.join("grounds");
    for folder in [base, &grounds] {
        if !folder.is_dir() {
            let made = DirBuilder::new().recursive(true).mode(0o711).create(folder);
            made.map_err(|error| error.to_string())?;
            let passable = fs::set_permissions(folder, Permissions::from_mode(0o711));
            passable.map_err(|error| error.to_string())?;
        }
    }
    if !is_ours(&grounds) {
        return Err("it belongs to somebody else".to_owned());
    }
    let flags = statvfs(&grounds)
        .map_err(|error| error.to_string())?
        .flags();
    for (flag, name) in [
        (FsFlags::ST_NOEXEC, "noexec"),
        (FsFlags::ST_NOSUID, "nosuid"),
        (FsFlags::ST_NODEV, "nodev"),
        (FsFlags::ST_RDONLY, "read-only"),
    ] {
        if flags.contains(flag) {
            return Err(format!("its file system is mounted {name}"));
        }
    }
    if learner.other {
        let closed = grounds.ancestors().find(|folder| !anybody_may_pass(folder));
        if let Some(folder) = closed {
            return Err(format!(
                "{} may not pass {}",
                learner.name,
                folder.display()
            ));
        }
    }
    nix::unistd::access(&grounds, nix::unistd::AccessFlags::W_OK)
        .map_err(|error| error.to_string())?;
    Ok(grounds)
}

/// `/tmp` is everybody's: a folder there may have been waiting for us.
fn is_ours(folder: &Path) -> bool {
    let me = nix::unistd::geteuid().as_raw();
    fs::symlink_metadata(folder).is_ok_and(|meta| meta.is_dir() && meta.uid() == me)
}

fn anybody_may_pass(folder: &Path) -> bool {
    fs::metadata(folder).is_ok_and(|meta| meta.permissions().mode() & 0o001 != 0)
}
