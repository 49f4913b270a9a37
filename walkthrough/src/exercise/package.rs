//! The student's folder, and building the answer.
//!
//! ```text
//! 04.2-enter/
//!   task.md            the task
//!   Cargo.toml, .lock  an ordinary package: std, nix, libc; builds without a network
//!   src/main.rs        the answer (answer.sh for an exercise in shell)
//! ```
//!
//! A check reads the answer's file and nothing else of this folder: it builds a copy, with a
//! manifest of its own, below the state folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::fcntl::{Flock, FlockArg};
use tempfile::TempPath;

use super::folders::LOCKED;
use super::{Folder, Verdict};
use crate::probes;

/// Which exercise a student's folder is for.
const MARK: &str = ".era-exercise";

/// Features of nix that answers may use; those of this project, so that one download
/// serves both.
const NIX: &str = "dir, env, feature, fs, hostname, ioctl, mount, net, personality, poll, \
    process, ptrace, resource, sched, signal, socket, term, time, uio, user";

/// The file that a student writes.
pub fn answer(exercise: &Folder, folder: &Path) -> PathBuf {
    folder.join(match exercise.language() {
        "sh" => "answer.sh",
        _ => "src/main.rs",
    })
}

/// Makes the folder; what is there stays as it is.
///
/// # Errors
/// It cannot be written.
pub fn start(exercise: &Folder, folder: &Path) -> io::Result<()> {
    let id = exercise.id();
    let task = exercise.file("task.md").unwrap_or_default();
    let mut files = vec![
        (folder.join("task.md"), without_head(task)),
        (folder.join(MARK), format!("{id}\n")),
        (
            answer(exercise, folder),
            exercise.source("starter").to_owned(),
        ),
    ];
    if exercise.language() == "rs" {
        files.extend([
            (folder.join("Cargo.toml"), manifest("answer")),
            (folder.join("Cargo.lock"), lock("answer")),
            (folder.join(".gitignore"), "target\n".to_owned()),
            (
                folder.join(".cargo/config.toml"),
                "[net]\noffline = true\n".to_owned(),
            ),
        ]);
    }
    let given = exercise.files.iter().filter_map(|(path, text)| {
        let path = path.strip_prefix("given/")?;
        Some((folder.join(path), (*text).to_owned()))
    });
    files.extend(given);
    for (path, text) in files {
        if !path.exists() {
            fs::create_dir_all(path.parent().unwrap_or(folder))?;
            fs::write(path, text)?;
        }
    }
    Ok(())
}

/// Puts the starter back; what was written goes to a file beside it, which is told.
///
/// # Errors
/// The folder cannot be written.
pub fn reset(exercise: &Folder, folder: &Path) -> io::Result<PathBuf> {
    let file = answer(exercise, folder);
    let backup = (1..)
        .map(|number| {
            let mut name = file.clone().into_os_string();
            name.push(format!(".backup-{number}"));
            PathBuf::from(name)
        })
        .find(|path| !path.exists())
        .expect("numbers do not end");
    fs::rename(&file, &backup)?;
    fs::write(file, exercise.source("starter"))?;
    Ok(backup)
}

/// The exercise whose folder this is, if it is one.
pub fn exercise_of(folder: &Path) -> Option<String> {
    let text = fs::read_to_string(folder.join(MARK)).ok()?;
    text.lines().next().map(|id| id.trim().to_owned())
}

/// Whether nothing but blanks and comments was changed in the starter.
pub fn is_not_started(exercise: &Folder, text: &str) -> bool {
    let bare = |text: &str| -> String {
        let lines = text.lines().map(str::trim);
        let code = lines.filter(|line| !line.starts_with("//") && !line.starts_with('#'));
        code.flat_map(str::chars)
            .filter(|c| !c.is_whitespace())
            .collect()
    };
    bare(text) == bare(exercise.source("starter"))
}

/// Whether nothing was built yet: the first time takes the crates, too.
pub fn is_first_build(exercise: &Folder, state: &Path) -> bool {
    exercise.language() == "rs" && !state.join("exercises/target/debug").exists()
}

/// The status of a cargo that could not be shut in.
pub const NO_PLACE: u8 = 125;

/// What builds: the folder of the package, and where to.
pub type Cargo<'a> = &'a dyn Fn(&Path, &Path) -> Command;

/// The one of whoever sits here.
pub fn cargo(copy: &Path, target: &Path) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args(["build", "--quiet", "--offline"])
        .current_dir(copy)
        .env("CARGO_TARGET_DIR", target);
    command
}

/// Builds an answer; gives the program, or why there is none. Two checks at once build one
/// after the other, and each gets a program of its own, which goes when it is dropped.
///
/// # Errors
/// The state folder cannot be written.
pub fn build(
    exercise: &Folder,
    text: &str,
    state: &Path,
    cargo: Cargo<'_>,
) -> io::Result<Result<TempPath, Verdict>> {
    let work = state.join("exercises");
    let copy = work.join("build").join(exercise.id());
    let target = work.join("target");
    fs::create_dir_all(&target)?;
    let lock = fs::File::create(target.join("answers.lock"))?;
    let _lock = Flock::lock(lock, FlockArg::LockExclusive).map_err(|(_, errno)| errno)?;
    let built = match exercise.language() {
        "sh" => script(&copy, text)?,
        _ => program(exercise, &copy, text, (&target, cargo))?,
    };
    let built = match built {
        Ok(built) => built,
        Err(verdict) => return Ok(Err(verdict)),
    };
    let own = tempfile::NamedTempFile::new_in(&work)?.into_temp_path();
    fs::copy(built, &own)?;
    Ok(Ok(own))
}

fn program(
    exercise: &Folder,
    copy: &Path,
    text: &str,
    (target, cargo): (&Path, Cargo<'_>),
) -> io::Result<Result<PathBuf, Verdict>> {
    if let Some(lack) = tools() {
        return Ok(Err(lack));
    }
    let name = program_name(exercise, copy);
    write_if_new(&copy.join("Cargo.toml"), &manifest(&name))?;
    write_if_new(&copy.join("Cargo.lock"), &lock(&name))?;
    write_if_new(&copy.join("src/main.rs"), text)?;
    let output = match cargo(copy, target).output() {
        Ok(output) => output,
        Err(error) => {
            return Ok(Err(Verdict::lacking(format!(
                "cargo does not run: {error}"
            ))));
        }
    };
    if output.status.success() {
        return Ok(Ok(target.join("debug").join(name)));
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.code() == Some(i32::from(NO_PLACE)) {
        return Ok(Err(Verdict::lacking(said.trim())));
    }
    Ok(Err(refused(&said, copy)))
}

/// Cargo tells packages in one target folder apart by their names, not by where they lie:
/// two states that share one (by a link) must not get each other's programs.
fn program_name(exercise: &Folder, copy: &Path) -> String {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    copy.hash(&mut hasher);
    format!(
        "answer-{}-{:08x}",
        exercise.id().replace('.', "-"),
        hasher.finish() as u32
    )
}

/// A shell script is read by sh, which runs nothing of it.
fn script(copy: &Path, text: &str) -> io::Result<Result<PathBuf, Verdict>> {
    let file = copy.join("answer.sh");
    write_if_new(&file, text)?;
    let output = Command::new("/bin/sh").arg("-n").arg(&file).output()?;
    if output.status.success() {
        return Ok(Ok(file));
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Ok(Err(Verdict::DoesNotBuild { said }))
}

/// Whether there is a compiler: what is missing.
fn tools() -> Option<Verdict> {
    let mut found = ["cargo", "cc"].into_iter().filter_map(probes::look);
    let lack = found.find(|finding| !finding.works())?;
    Some(Verdict::CannotBeChecked {
        why: format!("{}: {}", lack.probe, lack.why),
        fix: lack.fix,
    })
}

/// What cargo said when it built nothing: it is the answer's fault, unless crates are
/// missing.
fn refused(said: &str, copy: &Path) -> Verdict {
    let offline = [
        "--offline",
        "no matching package",
        "failed to download",
        "failed to load source",
    ];
    if offline.iter().any(|word| said.contains(word)) {
        let manifest = copy.join("Cargo.toml");
        return Verdict::CannotBeChecked {
            why: "the crates nix and libc are not on this machine yet".to_owned(),
            fix: Some(format!(
                "with a network, once: cargo fetch --manifest-path {}",
                manifest.display()
            )),
        };
    }
    Verdict::DoesNotBuild {
        said: said.to_owned(),
    }
}

/// The manifest of a package whose program has this name.
pub fn manifest(name: &str) -> String {
    let features: Vec<_> = NIX
        .split(',')
        .map(|name| format!("\"{}\"", name.trim()))
        .collect();
    format!(
        "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\
         build = false\nautobins = false\n\n[[bin]]\nname = \"{name}\"\npath = \"src/main.rs\"\n\n\
         [dependencies]\nlibc = \"0.2\"\nnix = {{ version = \"{}\", features = [\n    {},\n] }}\n\n\
         [profile.dev]\nincremental = false\nstrip = \"debuginfo\"\n\n# A package of its own, wherever it lies.\n[workspace]\n",
        nix_version(),
        features.join(", "),
    )
}

/// Its lock file: the crates that this project was built with.
pub fn lock(name: &str) -> String {
    format!(
        "version = 4\n\n[[package]]\nname = \"{name}\"\nversion = \"0.0.0\"\n\
         dependencies = [\n \"libc\",\n \"nix\",\n]\n\n{}",
        LOCKED.trim_end()
    ) + "\n"
}

fn nix_version() -> &'static str {
    let package = LOCKED
        .split("[[package]]")
        .find(|package| package.contains("name = \"nix\""));
    let version = package.and_then(|package| package.split("version = \"").nth(1));
    version
        .and_then(|version| version.split('"').next())
        .unwrap_or("0.31")
}

/// A file that is the same keeps its date, so that nothing is built again.
fn write_if_new(path: &Path, text: &str) -> io::Result<()> {
    if fs::read_to_string(path).is_ok_and(|there| there == text) {
        return Ok(());
    }
    fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
    fs::write(path, text)
}

/// The student reads the task; its head is for us.
fn without_head(task: &str) -> String {
    match (
        task.split_once("<!-- exercise\n"),
        task.split_once("-->\n\n"),
    ) {
        (Some((title, _)), Some((_, text))) => format!("{title}{text}"),
        _ => task.to_owned(),
    }
}
