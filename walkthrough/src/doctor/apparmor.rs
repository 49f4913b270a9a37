//! `era doctor --fix apparmor`: a profile that gives our programs what Ubuntu takes from
//! every program without one.
//!
//! Ubuntu since 23.10 lets a program make a user namespace and then denies it all power
//! inside (kernel.apparmor_restrict_unprivileged_userns). Turning that off would open it
//! to all programs; a profile that says `userns,` opens it to those at its paths.

use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use groundwork::kernel::Uid;

use crate::state::Surroundings;

const SETTING: &str = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns";
/// Where profiles lie: apparmor.d(5).
const PLACE: &str = "/etc/apparmor.d/era";

/// Why nothing was installed.
#[derive(Debug, thiserror::Error)]
pub enum ApparmorError {
    /// There is no such restriction.
    #[error("nothing to fix: AppArmor does not restrict user namespaces here\n  {0}")]
    NotRestricted(String),
    /// Where we are cannot be said.
    #[error("cannot tell where our programs are: {0}")]
    Where(std::io::Error),
    /// A path cannot be written into a profile.
    #[error("a profile cannot name {0:?}: it holds a character that AppArmor reads as a pattern")]
    Path(PathBuf),
    /// The learner said no.
    #[error("nothing was changed")]
    Declined,
    /// A step of the installation.
    #[error("{command} failed: {why}\n  {PLACE} was taken away again")]
    Install {
        /// The command line.
        command: String,
        /// What went wrong.
        why: String,
    },
}

/// Shows the profile, asks, installs it, and tries a user namespace.
pub fn main(around: &Surroundings) -> u8 {
    match fix(around) {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("error: {error}");
            1
        }
    }
}

fn fix(around: &Surroundings) -> Result<(), ApparmorError> {
    restricted(Path::new("/"))?;
    let this = std::env::current_exe().map_err(ApparmorError::Where)?;
    let profile = profile(&paths(&this, &around.state))?;
    println!("{profile}");
    println!("This goes to {PLACE}, and apparmor_parser loads it.");
    println!("It counts for the programs at these paths and what they start, for nothing");
    println!("else. To take it back:");
    println!("  sudo apparmor_parser --remove {PLACE} && sudo rm {PLACE}");
    if !agreed("Install it?") {
        return Err(ApparmorError::Declined);
    }
    install(&profile)?;
    // A profile is taken up at execve(2): only a new process has it.
    let tried = Command::new(&this).args(["doctor", "userns"]).status();
    match tried {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(ApparmorError::Install {
            command: format!("{} doctor userns", this.display()),
            why: format!("the profile is loaded and did not help ({status})"),
        }),
        Err(error) => Err(ApparmorError::Where(error)),
    }
}

/// Whether there is something to fix on the machine whose files are under `root`.
///
/// # Errors
/// [`ApparmorError::NotRestricted`], with what was read.
pub fn restricted(root: &Path) -> Result<(), ApparmorError> {
    let file = root.join(SETTING.trim_start_matches('/'));
    let not = |why: String| Err(ApparmorError::NotRestricted(why));
    match std::fs::read_to_string(file) {
        Ok(value) if value.trim() == "0" => not(format!("{SETTING} is 0")),
        Ok(_) => Ok(()),
        Err(_) => not(format!("this kernel has no {SETTING}")),
    }
}

/// Where our programs run from: this file and those beside it, and their copies on grounds.
fn paths(this: &Path, state: &Path) -> Vec<PathBuf> {
    let beside = this.parent().unwrap_or(Path::new("/"));
    let grounds = state.join("grounds");
    vec![beside.to_owned(), grounds]
}

/// The text of the profile for programs in the folder `paths[0]`, and below `paths[1]`.
///
/// # Errors
/// A path with a character that means something in a profile.
pub fn profile(paths: &[PathBuf]) -> Result<String, ApparmorError> {
    let plain = |path: &PathBuf| {
        let text = path.to_str().unwrap_or("*");
        let special = |c: char| "*?[]{}\"\\,^@#".contains(c) || c.is_whitespace();
        match text.contains(special) {
            true => Err(ApparmorError::Path(path.clone())),
            false => Ok(text.trim_start_matches('/').to_owned()),
        }
    };
    let plain = paths.iter().map(plain).collect::<Result<Vec<_>, _>>()?;
    let [programs, grounds] = &plain[..] else {
        unreachable!("programs and grounds")
    };
    Ok(format!(
        "\
# Eras: its own programs may use user namespaces. Made by `era doctor --fix apparmor`.
abi <abi/4.0>,
include <tunables/global>

profile era /{{{programs}/era{{,-*}},{grounds}/*/bin/era}} flags=(unconfined) {{
  userns,

  include if exists <local/era>
}}
"
    ))
}

/// Asks on the terminal; without one nobody can agree.
pub fn agreed(question: &str) -> bool {
    let input = std::io::stdin();
    if !input.is_terminal() {
        eprintln!("{question} Nobody can answer: this is no terminal.");
        return false;
    }
    eprint!("{question} [y/N] ");
    let _ = std::io::stderr().flush();
    let mut answer = String::new();
    let _ = input.lock().read_line(&mut answer);
    matches!(answer.trim(), "y" | "Y" | "yes")
}

fn install(profile: &str) -> Result<(), ApparmorError> {
    let write = || -> std::io::Result<tempfile::NamedTempFile> {
        let mut file = tempfile::NamedTempFile::new()?;
        file.write_all(profile.as_bytes())?;
        Ok(file)
    };
    let file = write().map_err(ApparmorError::Where)?;
    let source = file.path().to_string_lossy().into_owned();
    as_root(&[
        "install", "-m", "644", "-o", "root", "-g", "root", &source, PLACE,
    ])?;
    as_root(&["apparmor_parser", "--replace", PLACE]).inspect_err(|_| {
        let _ = as_root(&["rm", "-f", PLACE]);
    })
}

/// Runs a command as root: as it is, or through sudo, which asks for the password itself.
fn as_root(words: &[&str]) -> Result<(), ApparmorError> {
    let mut line = words.to_vec();
    if !Uid::effective().is_root() {
        line.insert(0, "sudo");
    }
    println!("+ {}", line.join(" "));
    let failed = |why: String| ApparmorError::Install {
        command: line.join(" "),
        why,
    };
    match Command::new(line[0]).args(&line[1..]).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(failed(status.to_string())),
        Err(error) => Err(failed(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_names_our_programs_and_their_copies_only() {
        let paths = [
            "/home/a/eras/target/debug",
            "/home/a/.local/state/era/grounds",
        ];
        let text = profile(&paths.map(PathBuf::from)).unwrap();
        let line = "profile era /{home/a/eras/target/debug/era{,-*},\
                    home/a/.local/state/era/grounds/*/bin/era} flags=(unconfined) {";
        assert!(text.lines().any(|one| one == line), "{text}");
        assert!(text.contains("\n  userns,\n"), "{text}");
    }

    #[test]
    fn a_path_that_would_match_more_is_refused() {
        for odd in ["/home/*", "/home/a b", "/home/{a,b}"] {
            let paths = [PathBuf::from(odd), PathBuf::from("/state")];
            assert!(profile(&paths).is_err(), "{odd}");
        }
    }
}
