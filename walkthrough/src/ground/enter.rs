//! The small programs between the guardian and bash: the keeper of the ground's
//! namespaces, and the one that takes a terminal and becomes a shell.

use std::convert::Infallible;
use std::error::Error;
use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use groundwork::kernel::{self, CloneFlags, Propagation};
use nix::sys::signal::SigSet;

use super::MARK;

/// Where the system's own programs are.
const SYSTEM_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Number of the mark in a prompt: an operating system command (ECMA-48) that no
/// terminal uses.
pub const PROMPT_MARK: &str = "7777";

/// Makes the ground's user and mount namespace, for real root only the latter, says
/// `ready`, and keeps them until stdin ends.
///
/// # Errors
/// A call that the kernel refused; it has been said on stdout, too.
pub fn keeper(real_root: bool) -> Result<(), Box<dyn Error>> {
    let entered = make_namespaces(real_root);
    let said = entered
        .as_ref()
        .map_or_else(ToString::to_string, |()| "ready".to_owned());
    writeln!(std::io::stdout(), "{said}")?;
    entered?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

fn make_namespaces(real_root: bool) -> kernel::Result<()> {
    if real_root {
        kernel::unshare(CloneFlags::CLONE_NEWNS)?;
    } else {
        groundwork::process::become_root_of_own_users(CloneFlags::CLONE_NEWNS)?;
    }
    // Mounts of the host still come in; ours do not go out.
    kernel::mount_propagation("/", Propagation::Slave)
}

/// Takes the terminal, enters the ground if there is a keeper, becomes bash.
///
/// `kind` is the kind of terminal for a shell of the learner's own, `-` for one
/// of a page.
///
/// # Errors
/// Any step of it.
pub fn shell(
    folder: &Path,
    terminal: &Path,
    kind: &str,
    keeper: Option<u32>,
) -> Result<Infallible, Box<dyn Error>> {
    kernel::setsid()?;
    // The guardian is deaf to Ctrl-C; what runs on the ground is not.
    SigSet::all().thread_unblock()?;
    let tty = OpenOptions::new().read(true).write(true).open(terminal)?;
    if let Some(keeper) = keeper {
        let namespaces =
            ["user", "mnt"].map(|kind| kernel::open_namespace(format!("/proc/{keeper}/ns/{kind}")));
        let [user, mnt] = namespaces;
        // Real root's keeper has made no user namespace, and setns(2) refuses to enter
        // the one that we are in.
        if !shares_users_with(keeper) {
            kernel::setns(user?, CloneFlags::CLONE_NEWUSER)?;
        }
        kernel::setns(mnt?, CloneFlags::CLONE_NEWNS)?;
    }
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o022));
    let mut bash = if kind == "-" {
        bash(folder)
    } else {
        own_bash(folder, kind, keeper.is_some())
    };
    bash.stdin(Stdio::from(tty.try_clone()?))
        .stdout(Stdio::from(tty.try_clone()?))
        .stderr(Stdio::from(tty));
    let refused = bash.exec();
    Err(format!("cannot start bash ({refused}); fix: install the package bash").into())
}

fn shares_users_with(keeper: u32) -> bool {
    let users = |pid: &str| std::fs::read_link(format!("/proc/{pid}/ns/user")).ok();
    users("self").is_some_and(|ours| users(&keeper.to_string()) == Some(ours))
}

/// The outer bash: no start-up file but ours, no line editing, an environment
/// from nothing.
fn bash(folder: &Path) -> Command {
    let nonce = folder.file_name().unwrap_or_default();
    let mut bash = Command::new("bash");
    bash.args(["--noprofile", "--noediting", "--rcfile"])
        .arg(folder.join("bashrc"))
        .arg("-i")
        .env_clear()
        .envs(environment(folder))
        .env(MARK, nonce)
        .env("PS1", prompt(&nonce.to_string_lossy()))
        .current_dir(folder.join("box"));
    bash
}

/// A bash for the learner's own hands: line editing, and a prompt to look at.
fn own_bash(folder: &Path, kind: &str, root: bool) -> Command {
    let mut own = Command::new("bash");
    own.args(["--noprofile", "--norc", "-i"])
        .env_clear()
        .envs(environment(folder))
        .env(MARK, folder.file_name().unwrap_or_default())
        .env("TERM", kind)
        .env("PS1", if root { "ground# " } else { "era$ " })
        .env(OWN_SHELL, "1")
        .current_dir(folder.join("box"));
    for page_only in ["NO_COLOR", "COLUMNS", "LINES", "PAGER"] {
        own.env_remove(page_only);
    }
    own
}

/// The environment of a page.
pub fn environment(folder: &Path) -> Vec<(&'static str, PathBuf)> {
    let path = format!("{}:{SYSTEM_PATH}", folder.join("bin").display());
    let fixed = [
        ("LC_ALL", "C"),
        ("TZ", "UTC"),
        ("TERM", "dumb"),
        ("NO_COLOR", "1"),
        ("PAGER", "cat"),
        ("COLUMNS", "80"),
        ("LINES", "24"),
    ];
    let fixed = fixed.map(|(name, value)| (name, PathBuf::from(value)));
    [
        vec![("HOME", folder.join("box")), ("PATH", PathBuf::from(path))],
        fixed.to_vec(),
    ]
    .concat()
}

/// A prompt that says three things and shows none: whose it is, the last
/// status, and whether this is the outer shell (only that one has the variable).
/// bash, dash and busybox's ash all expand it.
fn prompt(nonce: &str) -> String {
    format!("\x1b]{PROMPT_MARK};{nonce};$?;${{era_outer-}}\x07")
}

/// Start-up file of the outer shells.
pub fn bashrc(nonce: &str) -> String {
    format!(
        "era_outer=outer\nPS1='{}'\nPS2=\nunset HISTFILE\n",
        prompt(nonce)
    )
}

/// Set in a shell of the learner's own: in what it starts, a prompt is to be seen.
const OWN_SHELL: &str = "ERA_OWN_SHELL";

/// Start-up file of a bash inside: distributions' own, read before it, set
/// another prompt.
pub fn inner_bashrc(nonce: &str) -> String {
    format!(
        "PS1='{}'\nPS2=\n[ -z \"${{{OWN_SHELL}-}}\" ] || PS1='inside# ' PS2='> '\n\
         PROMPT_COMMAND=\nunset HISTFILE\nunalias -a\n",
        prompt(nonce)
    )
}
