//! The root of the machine, the kernel's modules, and what every Linux has mounted.

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use groundwork::host::Facts;
use groundwork::kernel::{self, MsFlags};

use crate::machine::image::MODULES;

/// Makes the root one that pivot_root(2) accepts.
///
/// The file system that an initramfs was unpacked into is the one at the very bottom, and
/// nothing can be put in its place. So the same files are mounted once more, on top of it.
pub fn root() -> kernel::Result<()> {
    kernel::bind_mount("/", "/mnt")?;
    kernel::chdir("/mnt")?;
    kernel::mount(Some(Path::new(".")), "/", None, MsFlags::MS_MOVE, None)?;
    kernel::chroot(".")?;
    kernel::chdir("/")
}

/// Loads what the host put in, in its order; gives what could not be loaded.
pub fn load_modules() -> Vec<String> {
    let entries = fs::read_dir(MODULES).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.sort();
    let load = |file: &PathBuf| {
        let name = file
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        // It would make a link at once, and here is no network but what somebody makes.
        let parameters = if name.ends_with("-dummy") {
            c"numdummies=0"
        } else {
            c""
        };
        let loaded = super::open(file).and_then(|open| {
            kernel::finit_module(open, parameters).map_err(|error| error.to_string())
        });
        loaded.err().map(|why| format!("module {name}: {why}"))
    };
    let failed = files.iter().filter_map(load).collect();
    let _ = fs::remove_dir_all("/.machine");
    failed
}

const QUIET: MsFlags = MsFlags::MS_NOSUID
    .union(MsFlags::MS_NODEV)
    .union(MsFlags::MS_NOEXEC);
const NO_PROGRAMS: MsFlags = MsFlags::MS_NOSUID.union(MsFlags::MS_NOEXEC);
const NO_DEVICES: MsFlags = MsFlags::MS_NOSUID.union(MsFlags::MS_NODEV);

/// Type, place, flags and options, in order.
const SYSTEM: &[(&str, &str, MsFlags, Option<&str>)] = &[
    ("proc", "/proc", QUIET, None),
    ("sysfs", "/sys", QUIET, None),
    ("devtmpfs", "/dev", MsFlags::MS_NOSUID, Some("mode=755")),
    ("tmpfs", "/run", NO_DEVICES, Some("mode=755")),
    (
        "devpts",
        "/dev/pts",
        NO_PROGRAMS,
        Some("gid=5,mode=620,ptmxmode=666"),
    ),
    ("tmpfs", "/dev/shm", NO_DEVICES, Some("mode=1777")),
    ("mqueue", "/dev/mqueue", QUIET, None),
    ("securityfs", "/sys/kernel/security", QUIET, None),
];

/// Mounts it; gives what could not be mounted.
pub fn system() -> Vec<String> {
    let mut notes = Vec::new();
    for (kind, place, flags, options) in SYSTEM {
        let _ = fs::create_dir_all(place);
        let mounted = kernel::mount_new(kind, place, *flags, *options);
        notes.extend(mounted.err().map(|error| format!("{place}: {error}")));
    }
    // What udev(7) would do.
    for (link, target) in [
        ("/dev/fd", "/proc/self/fd"),
        ("/dev/stdin", "/proc/self/fd/0"),
        ("/dev/stdout", "/proc/self/fd/1"),
        ("/dev/stderr", "/proc/self/fd/2"),
    ] {
        let _ = symlink(target, link);
    }
    notes
}

/// Half of the memory again, compressed in memory: a limit can be seen to slow before it
/// kills, and nothing is worn by it. See zram.rst of the kernel.
pub fn swap() -> Result<(), Box<dyn std::error::Error>> {
    const PAGE: u64 = 4096;
    let total = Facts::here().meminfo("MemTotal");
    let bytes = total.ok_or("no MemTotal")? * 1024 / 2 / PAGE * PAGE;
    let size = Path::new("/sys/block/zram0/disksize");
    kernel::write_file(size, &bytes.to_string(), "zram.rst")?;
    // `union swap_header` of linux/swap.h, as mkswap(8) writes it: version, last page.
    let mut header = vec![0; PAGE as usize];
    header[1024..1028].copy_from_slice(&1_u32.to_ne_bytes());
    header[1028..1032].copy_from_slice(&((bytes / PAGE - 1) as u32).to_ne_bytes());
    header[PAGE as usize - 10..].copy_from_slice(b"SWAPSPACE2");
    let mut device = fs::OpenOptions::new().write(true).open("/dev/zram0")?;
    device.write_all(&header)?;
    drop(device);
    Ok(kernel::swapon("/dev/zram0")?)
}
