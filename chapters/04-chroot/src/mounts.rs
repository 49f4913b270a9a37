//! /proc and /dev inside, in a mount namespace that ends with the program: nothing that is
//! mounted here is seen, or has to be unmounted, by anybody else.

use std::fs::File;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use groundwork::kernel::{self, CloneFlags, Errno, MsFlags, Propagation};
use groundwork::step;

use crate::enter::Entry;
use crate::error::Error;

/// Devices that can do no harm, whoever writes to them: null(4), random(4), tty(4).
const DEVICES: &[&str] = &["null", "zero", "full", "random", "urandom", "tty"];

/// Names that programs expect beside them: the descriptors that they have open.
const LINKS: &[(&str, &str)] = &[
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
];

/// Mounts what `entry` asks for below its root.
pub(crate) fn own_mounts(entry: &Entry) -> Result<(), Error> {
    step("Mount where nobody else sees it");
    kernel::unshare(CloneFlags::CLONE_NEWNS)
        .and_then(|()| kernel::mount_propagation("/", Propagation::Private))
        .map_err(refused("anything"))?;
    if entry.proc {
        step("The processes of this machine, as files");
        let proc = folder(&entry.root, "proc")?;
        kernel::bind_mount_recursive("/proc", proc).map_err(refused("/proc"))?;
    }
    if entry.dev {
        let dev = folder(&entry.root, "dev")?;
        devices(&dev).map_err(refused("/dev"))?;
    }
    Ok(())
}

/// A /dev in memory, on the folder `dev`, with the devices of this machine that can do no
/// harm: whoever may not make one with mknod(2) may still show one at a second place.
pub fn devices(dev: &Path) -> kernel::Result<()> {
    step("A /dev of our own, in memory");
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC;
    kernel::mount_new("tmpfs", dev, flags, Some("mode=755"))?;

    step("Devices that can do no harm");
    for name in DEVICES {
        let (outside, inside) = (Path::new("/dev").join(name), dev.join(name));
        if !outside.exists() {
            continue;
        }
        let made = File::create(&inside).map_err(|error| failed("open", &inside, &error));
        made.and_then(|_| kernel::bind_mount(&outside, &inside))?;
    }
    for (name, target) in LINKS {
        let link = dev.join(name);
        symlink(target, &link).map_err(|error| failed("symlink", &link, &error))?;
    }
    Ok(())
}

/// The folder of this name to mount on, made if it is not there. A link in its place could
/// lead the mount to any place outside, so it is refused.
fn folder(root: &Path, name: &str) -> Result<PathBuf, Error> {
    let path = root.join(name);
    if path.is_symlink() {
        let error = io::Error::from_raw_os_error(Errno::ELOOP as i32);
        let call = failed("open", &path, &error);
        return Err(Error::Place { path, call });
    }
    match std::fs::create_dir(&path) {
        Ok(()) => Ok(path),
        Err(_) if path.is_dir() => Ok(path),
        Err(error) => {
            let call = failed("mkdir", &path, &error);
            let root = root.to_owned();
            Err(match root.is_dir() {
                true => Error::Place { path, call },
                false => Error::Root { root, call },
            })
        }
    }
}

fn refused(what: &str) -> impl FnOnce(kernel::CallError) -> Error {
    let what = what.to_owned();
    move |call| Error::Mount { what, call }
}

fn failed(call: &str, path: &Path, error: &io::Error) -> kernel::CallError {
    kernel::CallError::from_io(call, path, "path_resolution(7)", error)
}
