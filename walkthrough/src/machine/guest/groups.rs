//! Control groups: all controllers in v2's one hierarchy, or each in one of its own as v1 had
//! them; and for the ordinary user what a login of systemd's would give: cgroups(7).

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};

use groundwork::kernel::{self, MsFlags};

const TOP: &str = "/sys/fs/cgroup";
/// The group that is the user's own, below the top.
const USERS: &str = "user-1000";
/// The uid and gid of the ordinary user.
pub const USER: u32 = 1000;

const FLAGS: MsFlags = MsFlags::MS_NOSUID
    .union(MsFlags::MS_NODEV)
    .union(MsFlags::MS_NOEXEC);

/// Mounts them; gives what could not be.
pub fn mount(v1: bool) -> Vec<String> {
    let mut notes = Vec::new();
    let mut take =
        |outcome: kernel::Result<()>| notes.extend(outcome.err().map(|error| error.to_string()));
    if !v1 {
        take(kernel::mount_new("cgroup2", TOP, FLAGS, Some("nsdelegate")));
        take(enable_all(Path::new(TOP)));
        return notes;
    }
    take(kernel::mount_new("tmpfs", TOP, FLAGS, Some("mode=755")));
    for name in controllers() {
        let folder = Path::new(TOP).join(&name);
        let _ = fs::create_dir(&folder);
        take(kernel::mount_new("cgroup", &folder, FLAGS, Some(&name)));
    }
    let named = Path::new(TOP).join("systemd");
    let _ = fs::create_dir(&named);
    take(kernel::mount_new(
        "cgroup",
        &named,
        FLAGS,
        Some("none,name=systemd"),
    ));
    notes
}

/// The controllers that the kernel has switched on: the last column of /proc/cgroups.
fn controllers() -> Vec<String> {
    let table = fs::read_to_string("/proc/cgroups").unwrap_or_default();
    let rows = table.lines().filter(|line| !line.starts_with('#'));
    let on = rows.filter(|row| row.split_whitespace().nth(3) == Some("1"));
    on.filter_map(|row| row.split_whitespace().next().map(str::to_owned))
        .collect()
}

/// Lets the groups below `folder` have every controller that it has.
fn enable_all(folder: &Path) -> kernel::Result<()> {
    let names = fs::read_to_string(folder.join("cgroup.controllers")).unwrap_or_default();
    let words: Vec<_> = names
        .split_whitespace()
        .map(|name| format!("+{name}"))
        .collect();
    kernel::write_file(
        folder.join("cgroup.subtree_control"),
        &words.join(" "),
        "cgroups(7)",
    )
}

/// Makes the user's groups, and gives them to the user.
pub fn delegate(v1: bool) -> Result<(), Box<dyn std::error::Error>> {
    for group in own(v1) {
        fs::create_dir_all(&group)?;
        if v1 {
            inherit_cpuset(&group)?;
            give(&group, &["cgroup.procs", "tasks"])?;
            continue;
        }
        // In v2 a group with processes has none with limits below it: so the processes of
        // a login are in a leaf of their own.
        let above = group.parent().ok_or("a group has one above it")?;
        enable_all(above)?;
        for group in [above, &group] {
            give(
                group,
                &["cgroup.procs", "cgroup.threads", "cgroup.subtree_control"],
            )?;
        }
    }
    Ok(())
}

/// The groups that a process of the user's is put into.
fn own(v1: bool) -> Vec<PathBuf> {
    let top = Path::new(TOP);
    if !v1 {
        return vec![top.join(USERS).join("session")];
    }
    let hierarchies = fs::read_dir(top).into_iter().flatten().flatten();
    hierarchies
        .map(|hierarchy| hierarchy.path().join(USERS))
        .collect()
}

fn give(group: &Path, files: &[&str]) -> std::io::Result<()> {
    chown(group, Some(USER), Some(USER))?;
    for file in files
        .iter()
        .map(|file| group.join(file))
        .filter(|file| file.exists())
    {
        chown(file, Some(USER), Some(USER))?;
    }
    Ok(())
}

/// In v1 a new group of cpuset has no processor, and takes no process: cpuset(7).
fn inherit_cpuset(group: &Path) -> std::io::Result<()> {
    for file in ["cpuset.cpus", "cpuset.mems"] {
        let above = group.join("..").join(file);
        if above.exists() {
            fs::write(group.join(file), fs::read(above)?)?;
        }
    }
    Ok(())
}

/// Puts this process into the user's groups.
pub fn join(v1: bool) -> kernel::Result<()> {
    for group in own(v1) {
        kernel::write_file(group.join("cgroup.procs"), "0", "cgroups(7)")?;
    }
    Ok(())
}
