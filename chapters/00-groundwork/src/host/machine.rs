//! Whether a small virtual machine can be had: an emulator that runs, and a kernel for it.
//!
//! Software emulation needs neither KVM nor root, so this works where nothing else does.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::{Facts, Seen, tools};

/// The emulator of this processor: qemu(1).
pub const EMULATOR: &str = if cfg!(target_arch = "aarch64") {
    "qemu-system-aarch64"
} else {
    "qemu-system-x86_64"
};

/// Debian's package of a kernel that is made for virtual machines.
pub const KERNEL_PACKAGE: &str = if cfg!(target_arch = "aarch64") {
    "linux-image-cloud-arm64"
} else {
    "linux-image-cloud-amd64"
};

/// Names a kernel for the machine, in place of all others.
pub const KERNEL_VARIABLE: &str = "ERA_KERNEL";

/// Where root keeps what everybody may use.
const FOR_ALL: &str = "/var/lib/era";

/// A kernel that a machine can start with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuestKernel {
    /// The file.
    pub image: PathBuf,
    /// Its release, as uname(1) will say it.
    pub release: String,
    /// The folder of its modules.
    pub modules: PathBuf,
}

/// Why a file is no kernel for a machine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoGuestKernel {
    /// It cannot be read.
    #[error("{0:?} cannot be read: {1}")]
    Unreadable(PathBuf, String),
    /// It is something else.
    #[error("{0:?} is no Linux kernel for this processor: {1}")]
    Other(PathBuf, &'static str),
    /// Nothing says which modules are its own.
    #[error("{image:?} is Linux {release}, and its modules are not in {looked}")]
    NoModules {
        /// The file.
        image: PathBuf,
        /// What its header says.
        release: String,
        /// Where they were looked for.
        looked: String,
    },
}

impl GuestKernel {
    /// The kernel in a file, with its modules: in `modules`, else where a package or a host
    /// puts them.
    ///
    /// # Errors
    /// It cannot be read, is no kernel, or its modules are nowhere.
    pub fn of(image: &Path, modules: Option<&Path>) -> Result<Self, NoGuestKernel> {
        let release = release(image)?;
        let folders = match modules {
            Some(folder) => vec![folder.join(&release), folder.to_owned()],
            None => usual_modules(image, &release),
        };
        let has_modules = |folder: &&PathBuf| folder.join("kernel").is_dir();
        match folders.iter().find(has_modules) {
            Some(modules) => Ok(GuestKernel {
                image: image.to_owned(),
                release,
                modules: modules.clone(),
            }),
            None => {
                let looked: Vec<_> = folders.iter().map(|f| f.display().to_string()).collect();
                Err(NoGuestKernel::NoModules {
                    image: image.to_owned(),
                    release,
                    looked: looked.join(" or "),
                })
            }
        }
    }

    /// A kernel that is here already: the one that ERA_KERNEL names, one that was unpacked
    /// below a state folder, or this machine's own, the newest first.
    pub fn find(facts: &Facts) -> Option<Self> {
        if let Some(named) = facts.variable(KERNEL_VARIABLE) {
            return Self::of(Path::new(named), None).ok();
        }
        let kept =
            [facts.work(), &facts.path(FOR_ALL)].map(|state| state.join("machine/kernel/boot"));
        let own = facts.path("/boot");
        let folders = kept.iter().chain([&own]);
        folders
            .flat_map(|folder| images(folder))
            .find_map(|image| Self::of(&image, None).ok())
    }
}

/// The kernels in a folder, the one that was built last first.
fn images(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let named = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("vmlinuz"));
    let mut found: Vec<_> = named
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    found.sort();
    found.into_iter().rev().map(|(_, path)| path).collect()
}

fn usual_modules(image: &Path, release: &str) -> Vec<PathBuf> {
    let beside = image.parent().unwrap_or(Path::new("/"));
    // A package has boot/vmlinuz-* and lib/modules/*, and so has a host.
    let package = beside.join("../lib/modules").join(release);
    let host = Path::new("/lib/modules").join(release);
    vec![package, beside.join(release), host]
}

/// The release of a kernel. x86 has it in its header: Documentation/arch/x86/boot.rst of the
/// kernel, `kernel_version`. On arm64 only the file's name has it; booting.rst.
fn release(image: &Path) -> Result<String, NoGuestKernel> {
    let unreadable =
        |error: std::io::Error| NoGuestKernel::Unreadable(image.to_owned(), error.to_string());
    let other = |why| NoGuestKernel::Other(image.to_owned(), why);
    let mut head = Vec::new();
    let file = fs::File::open(image).map_err(unreadable)?;
    file.take(0x1_0000)
        .read_to_end(&mut head)
        .map_err(unreadable)?;
    if cfg!(target_arch = "aarch64") {
        if head.get(0x38..0x3C) != Some(b"ARM\x64") {
            return Err(other("no ARM\\x64 at 0x38"));
        }
        let name = image.file_name().unwrap_or_default().to_string_lossy();
        let release = name.split_once('-').map(|(_, release)| release.to_owned());
        return release.ok_or_else(|| other("its name does not end in its release"));
    }
    if head.get(0x202..0x206) != Some(b"HdrS") {
        return Err(other("no HdrS at 0x202"));
    }
    let pointer = head.get(0x20E..0x210).unwrap_or(&[0xff, 0xff]);
    let at = usize::from(u16::from_le_bytes([pointer[0], pointer[1]])) + 0x200;
    let text = head.get(at..).unwrap_or_default();
    let text = text.split(|byte| *byte == 0 || *byte == b' ').next();
    match text.and_then(|text| std::str::from_utf8(text).ok()) {
        Some(release) if !release.is_empty() => Ok(release.to_owned()),
        _ => Err(other("its header names no release")),
    }
}

/// The emulator, run once, and a kernel: quick enough for a first screen. Whether they start
/// together only a machine shows.
pub(super) fn machine(facts: &Facts) -> Seen {
    let packages = if cfg!(target_arch = "aarch64") {
        [
            "qemu-system-arm",
            "qemu-system-aarch64-core",
            "qemu-system-aarch64",
        ]
    } else {
        ["qemu-system-x86", "qemu-system-x86-core", "qemu-system-x86"]
    };
    let emulator = tools::tool(facts, EMULATOR, &["--version"], packages);
    if emulator.state != super::State::Works {
        return emulator;
    }
    if let Some(kernel) = GuestKernel::find(facts) {
        return Seen::works(format!(
            "Linux {} from {}",
            kernel.release,
            kernel.image.display()
        ));
    }
    let why = match facts.variable(KERNEL_VARIABLE) {
        Some(named) => match GuestKernel::of(Path::new(named), None) {
            Err(why) => format!("{KERNEL_VARIABLE}: {why}"),
            Ok(_) => format!("{KERNEL_VARIABLE} changed meanwhile"),
        },
        None => "qemu is here, and no kernel that we may read with its modules".to_owned(),
    };
    let seen = Seen::absent(why);
    match facts.tool("apt-get") {
        Some(_) => seen.fix("era machine --fetch   (27 MB, once; nothing is installed)"),
        None => seen.fix("era machine --kernel FILE --modules DIR"),
    }
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    /// The fields that are read, of a header of x86.
    fn header(release: &str) -> Vec<u8> {
        let mut file = vec![0; 0x400];
        file[0x202..0x206].copy_from_slice(b"HdrS");
        file[0x20E..0x210].copy_from_slice(&0x100_u16.to_le_bytes());
        file[0x300..0x300 + release.len()].copy_from_slice(release.as_bytes());
        file
    }

    #[test]
    fn a_kernel_is_known_by_its_header_and_its_modules_lie_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let image = folder.path().join("boot/vmlinuz");
        fs::create_dir_all(image.parent().unwrap()).unwrap();
        fs::write(&image, header("6.1.0-x (me) #1")).unwrap();
        let alone = GuestKernel::of(&image, None).unwrap_err().to_string();
        assert!(
            alone.contains("is Linux 6.1.0-x, and its modules"),
            "{alone}"
        );
        fs::create_dir_all(folder.path().join("lib/modules/6.1.0-x/kernel")).unwrap();
        assert_eq!(GuestKernel::of(&image, None).unwrap().release, "6.1.0-x");
    }

    #[test]
    fn what_is_no_kernel_is_told_and_no_panic() {
        let folder = tempfile::tempdir().unwrap();
        let image = folder.path().join("vmlinuz");
        let whole = header("6.1.0-x");
        for end in [0, 1, 0x203, 0x206, 0x20F, 0x210, 0x300] {
            fs::write(&image, &whole[..end]).unwrap();
            assert!(GuestKernel::of(&image, None).is_err(), "{end}");
        }
        let mut far = whole.clone();
        far[0x20E..0x210].copy_from_slice(&[0xff, 0xff]);
        fs::write(&image, far).unwrap();
        let told = GuestKernel::of(&image, None).unwrap_err().to_string();
        assert!(told.contains("no Linux kernel"), "{told}");
    }
}
