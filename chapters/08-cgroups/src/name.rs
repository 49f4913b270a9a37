//! What a group may be called. A group is a folder among the kernel's own files, so a name
//! must not climb out of its parent, and not look like one of those files.

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// A name that cannot leave its parent or be taken for a file of the kernel's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Name(String);

/// What the kernel's files begin with, up to the first dot.
const PREFIXES: [&str; 14] = [
    "blkio", "cgroup", "cpu", "cpuacct", "cpuset", "devices", "freezer", "hugetlb", "io", "memory",
    "misc", "net_cls", "pids", "rdma",
];

/// v1's files without a dot.
const FILES: [&str; 3] = ["notify_on_release", "release_agent", "tasks"];

impl Name {
    /// The name as a text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for Name {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let bad = |why: &str| Error::BadName {
            text: text.to_owned(),
            why: why.to_owned(),
        };
        let is_plain = |letter: char| letter.is_alphanumeric() || "-_.:@+".contains(letter);
        let first = text.split('.').next().unwrap_or_default();
        if text.is_empty() {
            Err(bad("it is empty"))
        } else if text.contains('/') {
            Err(bad("a name has no slash: our groups lie in one folder"))
        } else if text.starts_with('.') {
            Err(bad(
                "it begins with a dot, as . and .. do, and our own marks",
            ))
        } else if text.starts_with('-') {
            Err(bad("it begins with a dash, as flags do"))
        } else if text.len() > 200 {
            Err(bad("it is longer than 200 bytes"))
        } else if FILES.contains(&text) || text.contains('.') && PREFIXES.contains(&first) {
            Err(bad("the kernel has a file of this kind in every group"))
        } else if !text.chars().all(is_plain) {
            Err(bad("letters, digits and - _ . : @ + make a name"))
        } else {
            Ok(Name(text.to_owned()))
        }
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_in_its_folder_and_is_no_file_of_the_kernels() {
        for good in ["web", "run-4711", "a.b", "cpu", "memory-hog", "Füße"] {
            assert!(good.parse::<Name>().is_ok(), "{good}");
        }
        for bad in [
            "",
            ".",
            "..",
            "a/b",
            "/",
            "../x",
            ".hidden",
            "cgroup.procs",
            "memory.max",
            "tasks",
            "cpu.x",
            "-r",
            "a b",
            "a\nb",
            "notify_on_release",
            "io.max",
        ] {
            assert!(bad.parse::<Name>().is_err(), "{bad:?}");
        }
        assert!("x".repeat(201).parse::<Name>().is_err());
    }
}
