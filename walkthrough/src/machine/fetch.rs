//! Debian's kernel for virtual machines, from its package: downloaded by apt-get(8) and
//! unpacked by dpkg-deb(1), which are together wherever the first is. Nothing of it is
//! installed, and no root is needed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use groundwork::host::{GuestKernel, KERNEL_PACKAGE};

use super::error::Error;

/// A package as the archive offers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its name, with the release of the kernel in it.
    pub name: String,
    /// How much is downloaded.
    pub bytes: u64,
}

/// Where an unpacked kernel is kept: boot/vmlinuz-* and lib/modules/* as in the package.
pub fn folder(state: &Path) -> PathBuf {
    state.join("machine/kernel")
}

/// What would be downloaded.
///
/// # Errors
/// There is no apt, or it knows no such package.
pub fn offered() -> Result<Package, Error> {
    let said = ask(
        "apt-cache",
        &["depends", "--important", KERNEL_PACKAGE],
        None,
    )?;
    let name = said.lines().find_map(|line| {
        let name = line.trim().strip_prefix("Depends: ")?;
        name.starts_with("linux-image-").then(|| name.to_owned())
    });
    let name = name.ok_or_else(|| unknown(format!("it says {said:?}")))?;
    // 'http://…/x.deb' x.deb 26713492 SHA256:…
    let said = ask("apt-get", &["--print-uris", "download", &name], None)?;
    let size = said
        .split_whitespace()
        .rev()
        .nth(1)
        .and_then(|size| size.parse().ok());
    let bytes = size.ok_or_else(|| unknown(format!("apt-get says {said:?}")))?;
    Ok(Package { name, bytes })
}

/// Downloads and unpacks it below the state folder, whole or not at all.
///
/// # Errors
/// Any step of it.
pub fn fetch(package: &Package, state: &Path) -> Result<GuestKernel, Error> {
    let kept = folder(state);
    let parent = kept.parent().unwrap_or(state);
    fs::create_dir_all(parent).map_err(|error| Error::file(parent, error))?;
    let new = tempfile::tempdir_in(parent).map_err(|error| Error::file(parent, error))?;
    // apt-get would give up root for a user who may not write here.
    let own = [
        "-o",
        "APT::Sandbox::User=root",
        "--quiet",
        "download",
        &package.name,
    ];
    ask("apt-get", &own, Some(new.path()))?;
    let entries = fs::read_dir(new.path()).into_iter().flatten().flatten();
    let mut files = entries.map(|entry| entry.path());
    let deb = files.find(|path| path.extension().is_some_and(|end| end == "deb"));
    let deb = deb.ok_or_else(|| failed("apt-get left no file".to_owned(), None))?;
    let root = new.path().join("kernel");
    let words = ["--extract".as_ref(), deb.as_os_str(), root.as_os_str()];
    run(Command::new("dpkg-deb").args(words))?;
    // The folder is made with the mode of a temporary one; a kernel is no secret.
    let readable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&root, readable).map_err(|error| Error::file(&root, error))?;
    let _ = fs::remove_dir_all(root.join("usr"));
    let _ = fs::remove_dir_all(&kept);
    fs::rename(&root, &kept).map_err(|error| Error::file(&kept, error))?;
    let boot = kept.join("boot");
    let images = fs::read_dir(&boot).map_err(|error| Error::file(&boot, error))?;
    let mut images = images.flatten().map(|entry| entry.path());
    let is_image = |path: &PathBuf| path.to_string_lossy().contains("/vmlinuz");
    let image = images.find(is_image);
    let image = image.ok_or_else(|| failed("the package has no kernel".to_owned(), None))?;
    GuestKernel::of(&image, None).map_err(Error::Kernel)
}

fn failed(why: String, fix: Option<&str>) -> Error {
    Error::Fetch {
        why,
        fix: fix.map(str::to_owned),
    }
}

fn unknown(why: String) -> Error {
    failed(
        why,
        Some("sudo apt-get update, then again; elsewhere than on Debian: --kernel FILE"),
    )
}

/// What a program of apt's says.
fn ask(program: &str, args: &[&str], folder: Option<&Path>) -> Result<String, Error> {
    let mut command = Command::new(program);
    command.args(args).env("LC_ALL", "C");
    if let Some(folder) = folder {
        command.current_dir(folder);
    }
    let output = run(&mut command)?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn run(command: &mut Command) -> Result<Output, Error> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| {
        let fix = "a kernel of your own: era machine --kernel FILE --modules DIR";
        failed(format!("{name} does not run ({error})"), Some(fix))
    })?;
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr)
        .trim()
        .replace('\n', "; ");
    Err(unknown(format!("{name} says {said:?}")))
}
