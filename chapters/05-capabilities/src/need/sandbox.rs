//! What one run sees: the files of this machine under a layer of its own, and nothing of it
//! that outlives the run.
//!
//! Everything is built in a mount namespace that ends with the run, on a tmpfs that nobody
//! else sees: no folder is made on any disk, so none can be left, whoever is killed when.
//!
//! It holds mistakes, not malice: whoever may mount, or make devices, could get round it.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use groundwork::kernel::{self, CallError, CloneFlags, Errno, MsFlags, Propagation};
use groundwork::mountinfo::{self, MountPoint};
use groundwork::step;

use super::Refused;

/// Where it is built: a place that every machine has, and that the run gets anew anyway.
const PLACE: &str = "/proc";

/// Below these nothing is layered: they are shown read-only or made anew.
const KERNEL_FOLDERS: &[&str] = &["/proc", "/sys", "/dev"];

/// File systems that are no place for files.
const NO_FILES: &[&str] = &[
    "autofs",
    "binfmt_misc",
    "bpf",
    "cgroup",
    "cgroup2",
    "configfs",
    "debugfs",
    "efivarfs",
    "fusectl",
    "mqueue",
    "nsfs",
    "proc",
    "pstore",
    "rpc_pipefs",
    "securityfs",
    "sysfs",
    "tracefs",
];

/// Files under /proc by which the machine itself is changed.
const SWITCHES: &[&str] = &["sysrq-trigger", "irq", "bus", "fs", "acpi", "scsi", "mtrr"];

/// How a run is shut in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sandbox {
    /// A network of its own, with nothing but lo.
    pub own_network: bool,
    /// It is in a user namespace. Then its mounts came from another one, and the kernel keeps
    /// them together, so that nobody can look under one: a layer can only be where nothing is
    /// mounted below, mount_namespaces(7).
    pub in_user_namespace: bool,
}

impl Sandbox {
    /// The namespaces of a run.
    pub(super) fn namespaces(self) -> CloneFlags {
        let mut flags = CloneFlags::CLONE_NEWPID
            | CloneFlags::CLONE_NEWNS
            | CloneFlags::CLONE_NEWIPC
            | CloneFlags::CLONE_NEWUTS;
        flags.set(CloneFlags::CLONE_NEWNET, self.own_network);
        flags
    }

    // ANCHOR: sandbox
    /// Builds it, in the child, and stands in it. Says what can only be read there.
    pub(super) fn enter(self) -> Result<Vec<PathBuf>, Refused> {
        let (points, here) = (mountinfo::all(), std::env::current_dir());
        step("What is mounted from here on, nobody else sees");
        kernel::mount_propagation("/", Propagation::Private).map_err(built("mounts"))?;

        step("Build in memory: nothing lies on a disk, so nothing can be left there");
        let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
        kernel::mount_new("tmpfs", PLACE, flags, Some("mode=755")).map_err(built("a place"))?;
        let mut layers = Layers::new(points, self.in_user_namespace)?;
        match self.in_user_namespace {
            true => layers.piece_by_piece()?,
            false => layers.whole()?,
        }
        self.proc(&layers.inside("/proc"))?;
        devices(&layers.inside("/dev"))?;

        step("Make it the root, and let the old one go");
        let root = layers.inside("/");
        kernel::chdir(root)
            .and_then(|()| kernel::pivot_root(".", "."))
            .and_then(|()| kernel::detach("."))
            .map_err(built("a root"))?;
        step("Stand where we stood, if that is there");
        here.map(kernel::chdir)
            .unwrap_or_else(|_| kernel::chdir("/"))
            .or_else(|_| kernel::chdir("/"))
            .map_err(built("a place to stand"))?;
        if self.own_network {
            step("A new network can not even reach itself: switch lo on");
            kernel::loopback_up().map_err(built("the loopback interface"))?;
        }
        Ok(layers.read_only)
    }
    // ANCHOR_END: sandbox

    /// /proc for the new PID namespace. Its switches are the machine's: read-only, but for
    /// those of a network of our own.
    fn proc(self, proc: &Path) -> Result<(), Refused> {
        step("The processes of this run, as files; the switches of the machine read-only");
        let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
        kernel::mount_new("proc", proc, flags, None).map_err(built("/proc"))?;
        let (sys, net) = (proc.join("sys"), proc.join("sys/net"));
        if self.own_network && net.exists() {
            kernel::bind_mount(&net, &net).map_err(built("/proc/sys/net"))?;
        }
        kernel::bind_mount_recursive(&sys, &sys)
            .and_then(|()| kernel::mount_read_only(&sys, false))
            .map_err(built("/proc/sys"))?;
        for switch in SWITCHES.iter().map(|name| proc.join(name)) {
            if switch.exists() {
                kernel::bind_mount(&switch, &switch)
                    .and_then(|()| kernel::mount_read_only(&switch, false))
                    .map_err(built("a switch of /proc"))?;
            }
        }
        Ok(())
    }
}

/// A /dev with nothing in it that can do harm: no disk, no memory, no terminal of ours.
fn devices(dev: &Path) -> Result<(), Refused> {
    chroot::mounts::devices(dev).map_err(built("/dev"))?;
    step("Terminals and shared memory of its own");
    let (pts, shm) = (dev.join("pts"), dev.join("shm"));
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    let options = Some("newinstance,ptmxmode=0666");
    kernel::mkdir(&pts, 0o755)
        .and_then(|()| kernel::mount_new("devpts", &pts, flags, options))
        .and_then(|()| kernel::mkdir(&shm, 0o777))
        .and_then(|()| kernel::mount_new("tmpfs", &shm, flags, Some("mode=1777")))
        .map_err(built("/dev"))?;
    let link = dev.join("ptmx");
    symlink("pts/ptmx", &link)
        .map_err(|error| failed("symlink", &link, &error))
        .map_err(built("/dev"))
}

/// The layers of a run, one above each place that can have one.
struct Layers {
    points: Vec<MountPoint>,
    in_user_namespace: bool,
    count: u32,
    read_only: Vec<PathBuf>,
}

impl Layers {
    fn new(points: Vec<MountPoint>, in_user_namespace: bool) -> Result<Self, Refused> {
        let layers = Layers {
            points,
            in_user_namespace,
            count: 0,
            read_only: Vec::new(),
        };
        let root = layers.inside("/");
        kernel::mkdir(root, 0o755).map_err(built("a place"))?;
        Ok(layers)
    }

    /// Where a path of this machine is in the new root.
    fn inside(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        let path = path.strip_prefix("/").unwrap_or(path);
        Path::new(PLACE).join("root").join(path)
    }

    /// One layer above the root, and one above each mount in it.
    fn whole(&mut self) -> Result<(), Refused> {
        step("A layer above the files of this machine: what is written goes there");
        self.layer(Path::new("/"))
            .map_err(built("a layer above /"))?;

        step("And above each other place where files are; what is no place is read-only");
        let sys = Path::new("/sys");
        if sys.exists() {
            self.show(sys).map_err(built("/sys"))?;
        }
        for at in self.places() {
            let name = at.display().to_string();
            let is_layered = at.is_dir() && self.try_layer(&at).map_err(built(&name))?;
            if !is_layered {
                self.show(&at).map_err(built(&name))?;
                self.read_only.push(at);
            }
        }
        Ok(())
    }

    /// Everything read-only first, then a layer above each folder that has no mount below.
    fn piece_by_piece(&mut self) -> Result<(), Refused> {
        step("The files of this machine, read-only");
        self.show(Path::new("/"))
            .map_err(built("the files of this machine"))?;

        step("A layer above each folder that can have one: what is written goes there");
        self.descend(Path::new("/")).map_err(built("a layer"))
    }

    fn descend(&mut self, folder: &Path) -> kernel::Result<()> {
        let holds_mounts = self.points.iter().any(|point| point.is_below(folder));
        if !holds_mounts && self.try_layer(folder)? {
            return Ok(());
        }
        self.read_only.push(folder.to_owned());
        if !holds_mounts {
            return Ok(());
        }
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let is_folder = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
        let mut folders: Vec<_> = entries
            .filter(is_folder)
            .map(|entry| entry.path())
            .collect();
        folders.retain(|folder| self.is_for_files(folder));
        folders.sort_unstable();
        folders.iter().try_for_each(|folder| self.descend(folder))
    }

    /// Mounts in sight that hold files, but for the root: those above others first.
    fn places(&self) -> Vec<PathBuf> {
        let mut places: Vec<_> = self.points.iter().map(|point| point.at.clone()).collect();
        places.sort_unstable();
        places.dedup();
        places.retain(|at| at != Path::new("/") && self.is_for_files(at) && at.exists());
        places
    }

    fn is_for_files(&self, at: &Path) -> bool {
        let of_kernel = KERNEL_FOLDERS.iter().any(|folder| at.starts_with(folder));
        // Of several at one place the last is in sight.
        let point = self.points.iter().rfind(|point| point.at == at);
        let holds_files = point.is_none_or(|point| !NO_FILES.contains(&point.fs_type.as_str()));
        !of_kernel && holds_files
    }

    /// Shows a place with all below it, read-only.
    fn show(&self, at: &Path) -> kernel::Result<()> {
        let target = self.inside(at);
        kernel::bind_mount_recursive(at, &target)?;
        kernel::mount_read_only(&target, true)
    }

    /// Puts a layer above a folder. False for one that cannot have a layer, because of what it
    /// is or since we may not look into it.
    fn try_layer(&mut self, folder: &Path) -> kernel::Result<bool> {
        match self.layer(folder) {
            Ok(()) => Ok(true),
            Err(call) => match call.errno() {
                // Somebody may have removed it meanwhile: then there is nothing to put one above.
                Errno::ENOENT => Ok(!folder.exists()),
                Errno::EINVAL | Errno::EACCES | Errno::ELOOP | Errno::EOPNOTSUPP => Ok(false),
                _ => Err(call),
            },
        }
    }

    /// Puts a layer above one folder.
    fn layer(&mut self, folder: &Path) -> kernel::Result<()> {
        self.count += 1;
        let layer = Path::new(PLACE).join(self.count.to_string());
        let (upper, work) = (layer.join("upper"), layer.join("work"));
        for place in [&layer, &upper, &work] {
            kernel::mkdir(place, 0o755)?;
        }
        imitate(folder, &upper)?;
        // Attributes that are called trusted are for root of the machine alone.
        let attributes = if self.in_user_namespace {
            ",userxattr"
        } else {
            ""
        };
        let options = format!(
            "lowerdir={},upperdir={},workdir={}{attributes}",
            escaped(folder),
            upper.display(),
            work.display()
        );
        let target = self.inside(folder);
        kernel::mount_new("overlay", target, MsFlags::MS_NODEV, Some(&options))
    }
}

/// The folder of the layer stands for the one below it, so it gets its owner and its mode.
/// An owner whom this user namespace does not know it cannot have: then it is ours, with as
/// much as the others have.
fn imitate(below: &Path, upper: &Path) -> kernel::Result<()> {
    let about = fs::metadata(below).map_err(|error| failed("stat", below, &error))?;
    let (mode, owner) = (about.mode() & 0o7777, (about.uid(), about.gid()));
    let is_its_own = chown(upper, Some(owner.0), Some(owner.1)).is_ok();
    let mode = match is_its_own {
        true => mode,
        false => mode & 0o7077 | (mode & 0o7) << 6,
    };
    fs::set_permissions(upper, fs::Permissions::from_mode(mode))
        .map_err(|error| failed("chmod", upper, &error))
}

/// A path among the options of overlayfs, where these letters mean something.
fn escaped(path: &Path) -> String {
    let text = path.to_string_lossy();
    let letters = text.chars().flat_map(|letter| {
        let before = "\\:,".contains(letter).then_some('\\');
        before.into_iter().chain([letter])
    });
    letters.collect()
}

fn built(what: &str) -> impl FnOnce(CallError) -> Refused {
    let what = what.to_owned();
    move |call| Refused::Sandbox { what, call }
}

fn failed(call: &str, path: &Path, error: &io::Error) -> CallError {
    CallError::from_io(call, path, "path_resolution(7)", error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_mean_something_to_overlayfs_are_escaped() {
        assert_eq!(escaped(Path::new("/usr/lib")), "/usr/lib");
        assert_eq!(escaped(Path::new("/a:b,c\\d e")), "/a\\:b\\,c\\\\d e");
    }
}
