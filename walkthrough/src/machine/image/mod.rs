//! The machine's root: this host's own programs, as chapter 04 collects them, and a few files
//! that make a system of them. It is written once as an initramfs, and again when one of its
//! parts has changed.
//!
//! # Layout
//!
//! - [`programs`]: which programs; [`etc`]: the files of /etc.
//! - [`entry`]: the archive.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io::{BufWriter, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use chroot::closure::{self, Closure, Kind, Wanted};
use chroot::tree::Tree;
use groundwork::host::GuestKernel;

use super::error::Error;
use super::modules;
use entry::{Entries, Entry, What};

pub mod entry;
pub mod etc;
pub mod programs;

/// Where the kernel's modules lie until init has loaded them.
pub const MODULES: &str = "/.machine/modules";

/// Counts up when this code makes another image of the same parts.
const FORM: u32 = 2;

/// The image for a kernel: the one that was kept, or a new one. `tell` hears what takes long.
///
/// It is two archives one behind the other, which the kernel unpacks in turn: the host's
/// programs, which hardly ever change, and ourselves.
///
/// # Errors
/// A part of it cannot be read, or it cannot be kept.
pub fn of(kernel: &GuestKernel, state: &Path, tell: impl Fn(&str)) -> Result<PathBuf, Error> {
    let era =
        std::env::current_exe().map_err(|error| Error::file(Path::new("/proc/self/exe"), error))?;
    let folder = state.join("machine");
    fs::create_dir_all(&folder).map_err(|error| Error::file(&folder, error))?;
    let wanted = wanted();
    let key_of_programs = key(kernel, &wanted, &[]);
    let whole = folder.join(format!("root-{:016x}.cpio", key(kernel, &wanted, &[&era])));
    if whole.is_file() {
        return Ok(whole);
    }
    let programs = folder.join(format!("programs-{key_of_programs:016x}.cpio"));
    if !programs.is_file() {
        tell("making the machine's root from this host's programs, once");
        keep(&programs, |out| {
            entry::write(&system(kernel, &wanted, &tell)?, out).map_err(Into::into)
        })?;
    }
    keep(&whole, |out| {
        let mut programs = fs::File::open(&programs)?;
        std::io::copy(&mut programs, out)?;
        entry::write(&ourselves(&era)?, out).map_err(Into::into)
    })?;
    Ok(whole)
}

type Written = Result<(), Box<dyn std::error::Error>>;

/// Writes a file, whole or not at all. Others of its kind are of parts that have changed: they
/// will hardly be wanted again, and are large.
fn keep(
    file: &Path,
    write: impl FnOnce(&mut BufWriter<&mut fs::File>) -> Written,
) -> Result<(), Error> {
    let failed = |error| Error::file(file, error);
    let folder = file.parent().unwrap_or(Path::new("/"));
    let mut new = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    let mut out = BufWriter::with_capacity(1 << 20, new.as_file_mut());
    let written = write(&mut out).and_then(|()| Ok(out.flush()?));
    drop(out);
    written.map_err(|error| match error.downcast::<Error>() {
        Ok(error) => *error,
        Err(error) => failed(std::io::Error::other(error.to_string())),
    })?;
    forget_others(folder, file);
    new.persist(file)
        .map_err(|error| failed(error.error))
        .map(drop)
}

/// Programs by name, where they are here: those with folders of their own, and the rest.
fn wanted() -> [Wanted; 2] {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = std::env::split_paths(&path)
        .filter(|folder| folder.is_absolute())
        .collect();
    let system = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].map(PathBuf::from);
    folders.extend(system);
    // A learner's own programs are not the system's: a page would look different.
    folders.retain(|folder| folder.starts_with("/usr") || folder.parent() == Some(Path::new("/")));
    let find = |name: &str| {
        folders
            .iter()
            .map(|folder| folder.join(name))
            .find(|file| is_program(file))
    };
    let names = programs::PROGRAMS.iter().flat_map(|line| line.split(' '));
    let trees = programs::TREES
        .iter()
        .map(PathBuf::from)
        .filter(|tree| tree.is_dir());
    let whole = programs::WITH_FOLDERS.iter().copied().filter_map(find);
    let whole = Wanted {
        programs: whole.collect(),
        ..Wanted::default()
    };
    let rest = Wanted {
        programs: names.filter_map(find).collect(),
        trees: trees.collect(),
        bare: true,
        ..Wanted::default()
    };
    [whole, rest]
}

/// Whether we may read it, too: a program that only runs cannot be copied.
fn is_program(file: &Path) -> bool {
    use nix::unistd::{AccessFlags, access};
    file.is_file() && access(file, AccessFlags::X_OK | AccessFlags::R_OK).is_ok()
}

/// What the image depends on, in one number: looked at, not read. A library changes together
/// with the lists of the package keeper, or with the loader's index.
fn key(kernel: &GuestKernel, wanted: &[Wanted], further: &[&PathBuf]) -> u64 {
    let lists = [
        "/var/lib/dpkg/status",
        "/etc/ld.so.cache",
        "/var/lib/rpm/rpmdb.sqlite",
    ]
    .map(PathBuf::from);
    let files = programs::FILES.iter().map(PathBuf::from);
    let mut hasher = DefaultHasher::new();
    (
        FORM,
        env!("CARGO_PKG_VERSION"),
        &kernel.release,
        &kernel.modules,
    )
        .hash(&mut hasher);
    let wanted = wanted
        .iter()
        .flat_map(|wanted| wanted.programs.iter().chain(&wanted.trees));
    let parts = wanted
        .chain(&lists)
        .chain([&kernel.image])
        .chain(further.iter().copied());
    for file in parts.cloned().chain(files) {
        let seen = fs::metadata(&file).ok();
        let seen = seen.map(|seen| (seen.len(), seen.mtime(), seen.mtime_nsec(), seen.mode()));
        (file, seen).hash(&mut hasher);
    }
    hasher.finish()
}

fn forget_others(folder: &Path, kept: &Path) {
    let name = |path: &Path| {
        path.file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    let of_kind = name(kept)
        .split_once('-')
        .map(|(kind, _)| format!("{kind}-"));
    let Some(kind) = of_kind else { return };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let images = entries.map(|entry| entry.path());
    // Another machine may be starting with one that is young.
    let is_old = |path: &PathBuf| {
        let age = fs::metadata(path)
            .ok()
            .and_then(|seen| seen.modified().ok()?.elapsed().ok());
        age.is_some_and(|age| age > Duration::from_secs(600))
    };
    let others =
        images.filter(|path| name(path).starts_with(&kind) && path != kept && is_old(path));
    others.for_each(|image| drop(fs::remove_file(image)));
}

/// The host's programs, the files of a system, and the kernel's modules.
fn system(kernel: &GuestKernel, wanted: &[Wanted], tell: &impl Fn(&str)) -> Result<Entries, Error> {
    let mut all = Entries::new();
    for wanted in wanted {
        let closure = closure::collect(&Tree::host(), wanted).map_err(Error::Programs)?;
        all.extend(copies(&closure));
    }
    for file in programs::FILES
        .iter()
        .map(Path::new)
        .filter(|file| file.is_file())
    {
        put(
            &mut all,
            file,
            Entry::new(What::Copy(file.to_owned()), 0o644),
        );
    }
    for (path, mode) in etc::FOLDERS {
        put(&mut all, Path::new(path), Entry::new(What::Folder, *mode));
    }
    for (path, mode, text) in etc::FILES {
        put(
            &mut all,
            Path::new(path),
            Entry::new(What::Bytes(text.as_bytes().to_vec()), *mode),
        );
    }
    let home = Entry {
        owner: 1000,
        ..Entry::new(What::Folder, 0o755)
    };
    put(&mut all, Path::new("/home/era"), home);
    let link = |target: &str| Entry::new(What::Link(PathBuf::from(target)), 0o777);
    put(&mut all, Path::new("/etc/mtab"), link("/proc/self/mounts"));
    put(&mut all, Path::new("/var/run"), link("/run"));
    let (modules, missing) = modules::of(kernel)?;
    if !missing.is_empty() {
        tell(&format!(
            "Linux {} has no module {}",
            kernel.release,
            missing.join(", ")
        ));
    }
    for (number, module) in modules.into_iter().enumerate() {
        let path = Path::new(MODULES).join(format!("{number:03}-{}", module.name));
        put(
            &mut all,
            &path,
            Entry::new(What::Bytes(module.bytes), 0o600),
        );
    }
    Ok(all)
}

/// The closure's files as root's. Programs that are root's identity to somebody are so there,
/// too: nothing is to be guarded in a machine that is thrown away.
fn copies(closure: &Closure) -> Entries {
    let is_set = |path: &Path| {
        let named = programs::SET_USER_ID
            .iter()
            .any(|name| path.ends_with(name));
        let host = fs::symlink_metadata(path);
        named || host.is_ok_and(|seen| seen.uid() == 0 && seen.permissions().mode() & 0o4000 != 0)
    };
    let entry = |(path, item): (&PathBuf, &closure::Item)| {
        let (what, mode) = match &item.kind {
            Kind::Folder => (What::Folder, item.mode),
            Kind::Link(target) => (What::Link(target.clone()), item.mode),
            Kind::File { .. } if is_set(path) => (What::Copy(path.clone()), item.mode | 0o4000),
            Kind::File { .. } => (What::Copy(path.clone()), item.mode),
        };
        (path.clone(), Entry::new(what, mode))
    };
    let is_read = |path: &PathBuf| {
        let text = path.to_string_lossy();
        let library_to_link = text.ends_with(".a") || text.ends_with(".h");
        !library_to_link && !programs::LEFT_OUT.iter().any(|part| text.contains(part))
    };
    closure
        .items
        .iter()
        .filter(|(path, _)| is_read(path))
        .map(entry)
        .collect()
}

/// Our program with its libraries, by all its names, and as the first program of all. It
/// stays where it is on the host, in folders that everybody there may pass.
fn ourselves(era: &Path) -> Result<Entries, Error> {
    let wanted = Wanted {
        programs: vec![era.to_owned()],
        bare: true,
        ..Wanted::default()
    };
    let closure = closure::collect(&Tree::host(), &wanted).map_err(Error::Programs)?;
    let mut all = copies(&closure);
    // The names of users are those of the machine, and not of this host.
    all.retain(|path, _| !path.starts_with("/etc"));
    for folder in era.ancestors().skip(1) {
        if let Some(entry) = all.get_mut(folder) {
            entry.mode |= 0o055;
        }
    }
    if let Some(entry) = all.get_mut(era) {
        entry.what = without_symbols(era);
    }
    let link = |target: &Path| Entry::new(What::Link(target.to_owned()), 0o777);
    let bin = Path::new("/usr/local/bin");
    put(&mut all, Path::new("/init"), link(era));
    if era != bin.join("era") {
        put(&mut all, &bin.join("era"), link(era));
    }
    for program in bins::PROGRAMS {
        put(&mut all, &bin.join(program.name), link(Path::new("era")));
    }
    Ok(all)
}

/// A third of the size, where strip(1) is there: it comes with the linker.
fn without_symbols(era: &Path) -> What {
    let stripped = || -> std::io::Result<Vec<u8>> {
        let file = tempfile::NamedTempFile::new()?;
        let status = Command::new("strip")
            .arg("-o")
            .arg(file.path())
            .arg(era)
            .stderr(Stdio::null())
            .status()?;
        match status.success() {
            true => fs::read(file.path()),
            false => Err(std::io::Error::other("strip failed")),
        }
    };
    stripped().map_or_else(|_| What::Copy(era.to_owned()), What::Bytes)
}

/// One entry, in place of what was there; folders above it are made.
fn put(all: &mut Entries, path: &Path, entry: Entry) {
    let above = path
        .ancestors()
        .skip(1)
        .filter(|folder| *folder != Path::new("/"));
    for folder in above {
        all.entry(folder.to_owned())
            .or_insert_with(|| Entry::new(What::Folder, 0o755));
    }
    all.insert(path.to_owned(), entry);
}
