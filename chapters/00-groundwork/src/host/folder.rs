//! Where we work, and where memory goes when it is short: statfs(2), proc_swaps(5).

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::sys::statfs::statfs;
use nix::sys::statvfs::{FsFlags, statvfs};

use super::child::Stopped;
use super::{Facts, Seen, State};

/// The numbers of linux/magic.h that a work folder may meet.
const TYPES: &[(i64, &str)] = &[
    (0xEF53, "ext4"),
    (0x5846_5342, "xfs"),
    (0x9123_683E, "btrfs"),
    (0x0102_1994, "tmpfs"),
    (0x794C_7630, "overlay"),
    (0x2FC1_2FC1, "zfs"),
    (0xF2F5_2010, "f2fs"),
    (0xCA45_1A4E, "bcachefs"),
    (0x6969, "nfs"),
    (0x0102_1997, "9p"),
    (0x6573_5546, "fuse"),
    (0xFF53_4D42, "cifs"),
    (0xFE53_4D42, "smb2"),
    (0x5346_414F, "afs"),
    (0x4D44, "vfat"),
    (0x2011_BAB0, "exfat"),
    (0x5346_544E, "ntfs"),
];

/// Those that keep no owners and modes of ours, or keep them on another machine.
const FOREIGN: &[(&str, &str)] = &[
    (
        "nfs",
        "a server decides who owns files, and knows no user of a user namespace",
    ),
    ("cifs", "a server decides who owns files"),
    ("smb2", "a server decides who owns files"),
    (
        "9p",
        "a drive of Windows or of a virtual machine's host: no owners, modes or devices of ours",
    ),
    ("vfat", "it keeps neither owners nor modes"),
    ("exfat", "it keeps neither owners nor modes"),
    ("ntfs", "it keeps neither owners nor modes"),
];

/// What the folder to work in is made of: `TYPE FLAG…`.
fn look_at(folder: &Path) -> Result<String, Stopped> {
    let failed = |call: &str, errno| {
        Stopped::Failed(format!("{call}({:?}) gives {errno:?}", folder.as_os_str()))
    };
    // Not made yet, perhaps: the nearest that is there decides.
    let there = folder.ancestors().find(|folder| folder.is_dir());
    let there = there.filter(|folder| !folder.as_os_str().is_empty());
    let there = there.unwrap_or(Path::new("."));
    let number = statfs(there)
        .map_err(|errno| failed("statfs", errno))?
        .filesystem_type()
        .0;
    #[allow(clippy::unnecessary_cast)] // another width on other architectures
    let number = number as i64;
    let known = TYPES.iter().find(|(magic, _)| *magic == number);
    let mut words =
        vec![known.map_or_else(|| format!("{number:#x}"), |(_, name)| (*name).to_owned())];
    let flags = statvfs(there)
        .map_err(|errno| failed("statvfs", errno))?
        .flags();
    for (flag, name) in [
        (FsFlags::ST_RDONLY, "ro"),
        (FsFlags::ST_NOEXEC, "noexec"),
        (FsFlags::ST_NOSUID, "nosuid"),
        (FsFlags::ST_NODEV, "nodev"),
    ] {
        if flags.contains(flag) {
            words.push(name.to_owned());
        }
    }
    words.push(runs_a_program(there));
    Ok(words.join(" "))
}

/// Whether a program in this folder runs: `runs`, or the errno.
fn runs_a_program(folder: &Path) -> String {
    let file = folder.join(format!(".era-doctor-{}", std::process::id()));
    let errno = |error: std::io::Error| {
        let number = error.raw_os_error().unwrap_or(0);
        format!("{:?}", nix::errno::Errno::from_raw(number))
    };
    let outcome = fs::write(&file, "#!/bin/sh\nexit 0\n")
        .and_then(|()| fs::set_permissions(&file, fs::Permissions::from_mode(0o700)))
        .map_err(|error| format!("write={}", errno(error)))
        .and_then(|()| {
            let status = Command::new(&file).stdin(Stdio::null()).status();
            status.map_err(|error| format!("exec={}", errno(error)))
        });
    let _ = fs::remove_file(&file);
    outcome.map_or_else(|why| why, |_| "runs".to_owned())
}

/// The file system of the folder to work in.
pub(super) fn workdir(facts: &Facts) -> Seen {
    let folder = facts.work();
    let words = match facts.look("workdir", || look_at(folder)) {
        Ok(words) => words,
        Err(stopped) => return Seen::new(State::Unknown, stopped.to_string()),
    };
    let place = folder.display();
    let elsewhere = "era --state DIR …   (a folder on this machine's own disk: /var/tmp/era)";
    let mut parts = words.split(' ');
    let kind = parts.next().unwrap_or_default();
    if let Some((_, why)) = FOREIGN.iter().find(|(name, _)| *name == kind) {
        let why = format!("{place} is on {kind}: {why}");
        return Seen::new(State::Refused, why).fix(elsewhere);
    }
    let flags: Vec<&str> = parts.clone().filter(|word| *word != "runs").collect();
    if flags.is_empty() {
        return Seen::works(format!("{kind}, and a program in it runs"));
    }
    let why = format!("{place} is on {kind} with {}", flags.join(", "));
    Seen::new(State::Refused, why).fix(elsewhere)
}

/// Memory's second place.
pub(super) fn swap(facts: &Facts) -> Seen {
    let Some(table) = facts.read("/proc/swaps") else {
        return Seen::new(State::Unknown, "/proc/swaps cannot be read");
    };
    let sizes = table.lines().skip(1).filter_map(|line| {
        let size = line.split_whitespace().nth(2)?;
        size.parse::<u64>().ok()
    });
    let sizes: Vec<u64> = sizes.collect();
    if sizes.is_empty() {
        return Seen::absent("no swap: a group at its memory limit is killed, not slowed");
    }
    let mebibytes = sizes.iter().sum::<u64>() / 1024;
    Seen::works(format!("{mebibytes} MiB in {} areas", sizes.len()))
}
