//! How each [verb](super::facts::VERBS) of a fact is looked up.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use super::facts::{Truth, World};
use super::world::{blanks_as_one, cannot, ensure};
use crate::proc;

/// Files.
impl World<'_> {
    pub(super) fn exists(&self, path: &str) -> Truth {
        self.meta(path).map(drop)
    }

    pub(super) fn absent(&self, path: &str) -> Truth {
        let found = std::fs::symlink_metadata(self.path(path)?);
        match found {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error.to_string()),
            Ok(_) => Err(format!("{path} is there")),
        }
    }

    pub(super) fn is_dir(&self, path: &str) -> Truth {
        ensure(self.meta(path)?.is_dir(), || {
            format!("{path} is no directory")
        })
    }

    pub(super) fn dir_empty(&self, path: &str) -> Truth {
        let folder = self.path(path)?;
        let mut entries = std::fs::read_dir(&folder).map_err(|error| cannot(&folder, &error))?;
        match entries.next() {
            None => Ok(()),
            Some(entry) => Err(format!(
                "{path} has {:?} in it",
                entry.map(|entry| entry.file_name())
            )),
        }
    }

    pub(super) fn file_is(&self, path: &str, text: &str) -> Truth {
        let found = self.text(path)?;
        ensure(found.strip_suffix('\n').unwrap_or(&found) == text, || {
            format!("{path} is {found:?}")
        })
    }

    pub(super) fn file_has(&self, path: &str, text: &str) -> Truth {
        ensure(self.text(path)?.contains(text), || {
            format!("{path} does not have {text:?}")
        })
    }

    pub(super) fn file_lacks(&self, path: &str, text: &str) -> Truth {
        ensure(!self.text(path)?.contains(text), || {
            format!("{path} has {text:?}")
        })
    }

    pub(super) fn same_file(&self, one: &str, other: &str) -> Truth {
        let read = |word: &str| -> Result<Vec<u8>, String> {
            let path = self.path(word)?;
            std::fs::read(&path).map_err(|error| cannot(&path, &error))
        };
        ensure(read(one)? == read(other)?, || {
            format!("{one} and {other} differ")
        })
    }

    pub(super) fn link_is(&self, path: &str, target: &str) -> Truth {
        let link = self.path(path)?;
        let found = std::fs::read_link(&link).map_err(|error| cannot(&link, &error))?;
        ensure(found == Path::new(target), || {
            format!("{path} points to {}", found.display())
        })
    }

    pub(super) fn mode_is(&self, path: &str, octal: &str) -> Truth {
        let mode = format!("{:o}", self.meta(path)?.permissions().mode() & 0o7777);
        ensure(mode == octal.trim_start_matches('0'), || {
            format!("{path} has mode {mode}")
        })
    }

    pub(super) fn owner_is(&self, path: &str, uid: &str) -> Truth {
        let owner = self.meta(path)?.uid().to_string();
        ensure(owner == uid, || format!("{path} belongs to {owner}"))
    }

    fn inode(&self, path: &str) -> Result<(u64, u64), String> {
        let path = self.path(path)?;
        let found = std::fs::metadata(&path).map_err(|error| cannot(&path, &error))?;
        Ok((found.dev(), found.ino()))
    }

    pub(super) fn inode_same(&self, one: &str, other: &str) -> Truth {
        let (a, b) = (self.inode(one)?, self.inode(other)?);
        ensure(a == b, || {
            format!("{one} is inode {}, {other} is inode {}", a.1, b.1)
        })
    }

    pub(super) fn inode_differs(&self, one: &str, other: &str) -> Truth {
        let (a, b) = (self.inode(one)?, self.inode(other)?);
        ensure(a != b, || {
            format!("{one} and {other} are one inode, {}", a.1)
        })
    }
}

/// Processes.
impl World<'_> {
    pub(super) fn alive(&self, process: &str) -> Truth {
        let pid = self.process(process)?;
        ensure(proc::is_alive(&pid), || {
            format!("{process} ({pid}) does not run")
        })
    }

    pub(super) fn gone(&self, process: &str) -> Truth {
        let pid = self.process(process)?;
        ensure(!proc::is_alive(&pid), || {
            format!("{process} ({pid}) still runs")
        })
    }

    pub(super) fn comm_is(&self, process: &str, name: &str) -> Truth {
        let comm = self.proc_text(process, "comm")?;
        ensure(comm.trim_end() == name, || {
            format!("it is {}", comm.trim_end())
        })
    }

    pub(super) fn child_of(&self, process: &str, ancestor: &str) -> Truth {
        let (pid, ancestor) = (self.process(process)?, self.process(ancestor)?);
        let mut at = proc::parent(&pid);
        while let Some(parent) = at {
            if parent == ancestor {
                return Ok(());
            }
            at = proc::parent(&parent);
        }
        Err(format!("{ancestor} is no ancestor of {pid}"))
    }

    pub(super) fn status(&self, process: &str, key: &str) -> Result<String, String> {
        let status = self.proc_text(process, "status")?;
        let value = status
            .lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
        value
            .map(blanks_as_one)
            .ok_or_else(|| format!("its status has no {key}"))
    }

    pub(super) fn status_is(&self, process: &str, key: &str, value: &str) -> Truth {
        let found = self.status(process, key)?;
        ensure(found == blanks_as_one(value), || {
            format!("{key} is {found}")
        })
    }

    pub(super) fn nspid_ends(&self, process: &str, number: &str) -> Truth {
        let found = self.status(process, "NSpid")?;
        ensure(found.split(' ').next_back() == Some(number), || {
            format!("NSpid is {found}")
        })
    }

    pub(super) fn uid_is(&self, process: &str, uid: &str) -> Truth {
        let found = self.status(process, "Uid")?;
        ensure(found.split(' ').nth(1) == Some(uid), || {
            format!("its uids are {found}")
        })
    }

    pub(super) fn root_is(&self, process: &str, path: &str) -> Truth {
        self.inode_same(&format!("/proc/{}/root/.", self.process(process)?), path)
    }

    pub(super) fn root_differs(&self, process: &str) -> Truth {
        self.inode_differs(&format!("/proc/{}/root/.", self.process(process)?), "/.")
    }

    pub(super) fn root_same(&self, process: &str) -> Truth {
        self.inode_same(&format!("/proc/{}/root/.", self.process(process)?), "/.")
    }
}

/// Views.
impl World<'_> {
    fn views(&self, process: &str, kinds: &str, own: bool) -> Truth {
        let pid = self.process(process)?;
        for kind in kinds.split(',') {
            let (theirs, ours) = (
                format!("/proc/{pid}/ns/{kind}"),
                format!("/proc/self/ns/{kind}"),
            );
            if own {
                self.inode_differs(&theirs, &ours)?;
            } else {
                self.inode_same(&theirs, &ours)?;
            }
        }
        Ok(())
    }

    pub(super) fn ns_own(&self, process: &str, kinds: &str) -> Truth {
        self.views(process, kinds, true)
    }

    pub(super) fn ns_shared(&self, process: &str, kinds: &str) -> Truth {
        self.views(process, kinds, false)
    }

    pub(super) fn id_map(&self, process: &str, file: &str, map: &str) -> Truth {
        let found = self.proc_text(process, file)?;
        let found = found
            .lines()
            .map(blanks_as_one)
            .collect::<Vec<_>>()
            .join("\n");
        ensure(found == map, || format!("{file} is {found:?}"))
    }

    pub(super) fn interfaces(&self, process: &str, names: &str) -> Truth {
        let table = self.proc_text(process, "net/dev")?;
        let mut found: Vec<_> = table
            .lines()
            .skip(2)
            .filter_map(|line| line.split(':').next())
            .map(str::trim)
            .collect();
        let mut wanted: Vec<_> = names.split(',').collect();
        found.sort_unstable();
        wanted.sort_unstable();
        ensure(found == wanted, || {
            format!("its interfaces are {}", found.join(","))
        })
    }

    pub(super) fn mounted(&self, process: &str, path: &str, kind: &str) -> Truth {
        let found = proc::mount_type(&self.process(process)?, path)?;
        ensure(found.as_deref() == Some(kind), || {
            format!("{path}: {}", found.unwrap_or_else(|| "no mount".to_owned()))
        })
    }

    pub(super) fn not_mounted(&self, process: &str, path: &str) -> Truth {
        let found = proc::mount_type(&self.process(process)?, path)?;
        found.map_or(Ok(()), |kind| Err(format!("{path} is a mount of {kind}")))
    }

    pub(super) fn hostname_unchanged(&self) -> Truth {
        let now = super::facts::Before::now();
        ensure(now.hostname == self.before.hostname, || {
            format!("it is {} now", now.hostname.trim_end())
        })
    }

    pub(super) fn mounts_unchanged(&self) -> Truth {
        let now = super::facts::Before::now();
        let new = now
            .mounts
            .iter()
            .find(|mount| !self.before.mounts.contains(mount));
        let gone = self
            .before
            .mounts
            .iter()
            .find(|mount| !now.mounts.contains(mount));
        match (new, gone) {
            (None, None) => Ok(()),
            (Some(mount), _) => Err(format!("new mount: {mount}")),
            (_, Some(mount)) => Err(format!("mount gone: {mount}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::facts::{Before, Fact, VERBS};
    use super::super::placeholder::Bindings;
    use super::*;

    fn check(sandbox: &Path, text: &str) -> Truth {
        let world = World {
            sandbox,
            bindings: &Bindings::default(),
            ground: None,
            learner: None,
            inside: None,
            before: &Before::now(),
        };
        Fact::parse(text, 1)
            .unwrap()
            .check(&world, std::time::Duration::ZERO)
    }

    #[test]
    fn file_facts_hold_and_fail() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("f"), "two words\n").unwrap();
        std::os::unix::fs::symlink("f", folder.path().join("l")).unwrap();
        std::fs::create_dir(folder.path().join("d")).unwrap();
        for holds in [
            "exists f",
            "absent g",
            "is-dir d",
            "dir-empty d",
            "file-is f \"two words\"",
            "file-has f words",
            "file-lacks f three",
            "same-file f l",
            "link-is l f",
            "inode-same f l",
            "inode-differs f d",
        ] {
            assert_eq!(check(folder.path(), holds), Ok(()), "{holds}");
        }
        for fails in [
            "exists g",
            "absent f",
            "is-dir f",
            "file-is f two",
            "file-lacks f two",
            "link-is l d",
            "inode-same f d",
        ] {
            assert!(check(folder.path(), fails).is_err(), "{fails}");
        }
    }

    #[test]
    fn process_facts_read_the_kernel() {
        let here = Path::new("/");
        for holds in [
            "alive self",
            "root-same self",
            "ns-shared self pid,mnt,user",
            "inode-same /proc/self/ns/pid /proc/1/../self/ns/pid",
        ] {
            assert_eq!(check(here, holds), Ok(()), "{holds}");
        }
        for fails in [
            "gone self",
            "root-differs self",
            "ns-own self pid",
            "nspid-ends self 0",
            "comm-is self nobody",
            "alive inside",
        ] {
            assert!(check(here, fails).is_err(), "{fails}");
        }
    }

    #[test]
    fn the_authors_guide_lists_every_verb_and_every_type() {
        let guide = include_str!("../../../book/AUTHORING.md");
        for verb in VERBS {
            let row = format!("| `{}` |", format!("{} {}", verb.name, verb.words).trim());
            assert!(guide.contains(&row), "no row {row}");
        }
        for kind in super::super::placeholder::TYPES {
            assert!(
                guide.contains(&format!("| `{}` |", kind.name)),
                "no row for {}",
                kind.name
            );
        }
    }
}
