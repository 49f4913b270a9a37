//! Facts: what must be true after a block, whatever it printed.
//!
//! ```text
//! <!-- fact: inode-differs /proc/[PID:a]/ns/pid /proc/self/ns/pid -->
//! ```
//!
//! Our own code reads them, from outside the ground, in `/proc` and in files:
//! never from a program's output, and never from a program of ours. A fact that
//! is not true yet is looked at again for [`PATIENCE`]; nobody sleeps.
//!
//! A *process* is a number, a placeholder (`[PID:a]`), or one of these words:
//!
//! | word | process |
//! |---|---|
//! | `self` | the tour itself: an ordinary process outside |
//! | `ground` | the `#` shell |
//! | `learner` | the `$` shell |
//! | `inside` | the program that a host shell has started and that now waits at its prompt |
//!
//! The same words stand in paths, as in `/proc/inside/ns/pid`. A path that does
//! not start with `/` lies in the sandbox. A text with spaces stands in double
//! quotes; `\n` in it is a new line.
//!
//! [`VERBS`] is the table of what can be said.

use std::time::{Duration, Instant};

use super::parse::PageError;
pub use super::world::{Before, World};

/// How long a fact may take to become true.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// What one can say, and how it is looked up.
pub struct Verb {
    /// Its first word.
    pub name: &'static str,
    /// The words after it.
    pub words: &'static str,
    /// What it means.
    pub about: &'static str,
    check: fn(&World<'_>, &[String]) -> Truth,
}

/// Holds, or what is so instead.
pub(super) type Truth = Result<(), String>;

impl std::fmt::Debug for Verb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

const fn verb(
    name: &'static str,
    words: &'static str,
    about: &'static str,
    check: fn(&World<'_>, &[String]) -> Truth,
) -> Verb {
    Verb {
        name,
        words,
        about,
        check,
    }
}

/// Everything that a fact can say.
pub const VERBS: &[Verb] = &[
    // Files
    verb("exists", "PATH", "there is such a file", |w, a| {
        w.exists(&a[0])
    }),
    verb("absent", "PATH", "there is no such file", |w, a| {
        w.absent(&a[0])
    }),
    verb("is-dir", "PATH", "it is a directory", |w, a| {
        w.is_dir(&a[0])
    }),
    verb(
        "dir-empty",
        "PATH",
        "a directory with nothing in it",
        |w, a| w.dir_empty(&a[0]),
    ),
    verb(
        "file-is",
        "PATH TEXT",
        "the whole of the file, but for a last new line",
        |w, a| w.file_is(&a[0], &a[1]),
    ),
    verb(
        "file-has",
        "PATH TEXT",
        "the text is somewhere in the file",
        |w, a| w.file_has(&a[0], &a[1]),
    ),
    verb(
        "file-lacks",
        "PATH TEXT",
        "the text is nowhere in the file",
        |w, a| w.file_lacks(&a[0], &a[1]),
    ),
    verb(
        "same-file",
        "PATH PATH",
        "two files of equal bytes",
        |w, a| w.same_file(&a[0], &a[1]),
    ),
    verb(
        "link-is",
        "PATH TARGET",
        "a symbolic link, and where it points",
        |w, a| w.link_is(&a[0], &a[1]),
    ),
    verb("mode-is", "PATH OCTAL", "permission bits: 1777", |w, a| {
        w.mode_is(&a[0], &a[1])
    }),
    verb(
        "owner-is",
        "PATH UID",
        "the owner as seen from outside",
        |w, a| w.owner_is(&a[0], &a[1]),
    ),
    verb(
        "file-caps",
        "PATH TEXT",
        "security.capability: names, =, then e, i, p: cap_chown,cap_kill=ep",
        |w, a| w.file_caps(&a[0], &a[1]),
    ),
    verb(
        "inode-same",
        "PATH PATH",
        "one inode: /proc/PID/ns/NAME, /proc/PID/root, files",
        |w, a| w.inode_same(&a[0], &a[1]),
    ),
    verb("inode-differs", "PATH PATH", "two inodes", |w, a| {
        w.inode_differs(&a[0], &a[1])
    }),
    // Processes
    verb("alive", "PROCESS", "it runs", |w, a| w.alive(&a[0])),
    verb("gone", "PROCESS", "it runs no more", |w, a| w.gone(&a[0])),
    verb(
        "comm-is",
        "PROCESS NAME",
        "the name of its program",
        |w, a| w.comm_is(&a[0], &a[1]),
    ),
    verb(
        "child-of",
        "PROCESS PROCESS",
        "the second is the parent, or its parent",
        |w, a| w.child_of(&a[0], &a[1]),
    ),
    verb(
        "status-is",
        "PROCESS KEY VALUE",
        "a line of /proc/PID/status, blanks as one",
        |w, a| w.status_is(&a[0], &a[1], &a[2]),
    ),
    verb(
        "nspid-ends",
        "PROCESS NUMBER",
        "its PID in the innermost PID namespace",
        |w, a| w.nspid_ends(&a[0], &a[1]),
    ),
    verb(
        "uid-is",
        "PROCESS UID",
        "its effective uid as seen from outside",
        |w, a| w.uid_is(&a[0], &a[1]),
    ),
    verb("root-is", "PROCESS PATH", "its root directory", |w, a| {
        w.root_is(&a[0], &a[1])
    }),
    verb(
        "root-differs",
        "PROCESS",
        "its root is not the host's",
        |w, a| w.root_differs(&a[0]),
    ),
    verb("root-same", "PROCESS", "its root is the host's", |w, a| {
        w.root_same(&a[0])
    }),
    verb(
        "cap-has",
        "PROCESS CAP",
        "effective capability: CAP_SYS_CHROOT",
        |w, a| w.cap_has(&a[0], &a[1]),
    ),
    verb(
        "cap-lacks",
        "PROCESS CAP",
        "not in its effective set",
        |w, a| w.cap_lacks(&a[0], &a[1]),
    ),
    verb(
        "cap-set",
        "PROCESS SET NAMES",
        "permitted, effective, inheritable, bounding or ambient: CAP_CHOWN,CAP_KILL, or none",
        |w, a| w.cap_set(&a[0], &a[1], &a[2]),
    ),
    // Views
    verb(
        "ns-own",
        "PROCESS KINDS",
        "its namespaces of these kinds are not the tour's: pid,mnt",
        |w, a| w.ns_own(&a[0], &a[1]),
    ),
    verb(
        "ns-shared",
        "PROCESS KINDS",
        "its namespaces of these kinds are the tour's",
        |w, a| w.ns_shared(&a[0], &a[1]),
    ),
    verb(
        "uid-map",
        "PROCESS MAP",
        "its uid_map, blanks as one: \"0 1000 1\"",
        |w, a| w.id_map(&a[0], "uid_map", &a[1]),
    ),
    verb("gid-map", "PROCESS MAP", "its gid_map", |w, a| {
        w.id_map(&a[0], "gid_map", &a[1])
    }),
    verb(
        "interfaces",
        "PROCESS NAMES",
        "all its network interfaces: lo",
        |w, a| w.interfaces(&a[0], &a[1]),
    ),
    verb(
        "mounted",
        "PROCESS PATH TYPE",
        "it sees a mount of that type there",
        |w, a| w.mounted(&a[0], &a[1], &a[2]),
    ),
    verb(
        "not-mounted",
        "PROCESS PATH",
        "it sees no mount there",
        |w, a| w.not_mounted(&a[0], &a[1]),
    ),
    // Control groups
    verb(
        "in-group",
        "PROCESS GROUP",
        "it is in the control group, one below the ground's: half, era/web",
        |w, a| w.in_group(&a[0], &a[1]),
    ),
    verb(
        "not-in-group",
        "PROCESS GROUP",
        "it is not in that group",
        |w, a| w.not_in_group(&a[0], &a[1]),
    ),
    verb(
        "limited",
        "GROUP WHAT VALUE",
        "its limit of cpu (0.5 cores), memory (bytes) or pids",
        |w, a| w.limited(&a[0], &a[1], &a[2]),
    ),
    verb(
        "oom-kills",
        "GROUP NUMBER",
        "how many of its processes the kernel's out-of-memory killer has ended",
        |w, a| w.oom_kills(&a[0], &a[1]),
    ),
    verb(
        "pids-refused",
        "GROUP",
        "one more process was refused to it, once or more",
        |w, a| w.pids_refused(&a[0]),
    ),
    verb(
        "group-gone",
        "GROUP",
        "there is no such group in any tree",
        |w, a| w.group_gone(&a[0]),
    ),
    verb(
        "cpu-share",
        "PROCESS RANGE",
        "the CPU time that it takes in a second: 0.45..0.53",
        |w, a| w.cpu_share(&a[0], &a[1]),
    ),
    // The machine
    verb(
        "hostname-unchanged",
        "",
        "this machine's host name is the one from before the page",
        |w, _| w.hostname_unchanged(),
    ),
    verb(
        "mounts-unchanged",
        "",
        "this machine's mounts are those from before the page",
        |w, _| w.mounts_unchanged(),
    ),
];

/// A fact as a page states it.
#[derive(Debug, Clone)]
pub struct Fact {
    verb: &'static Verb,
    words: Vec<String>,
    /// As it is written.
    pub text: String,
}

impl Fact {
    /// Reads one.
    ///
    /// # Errors
    /// An unknown first word, or too few or too many words after it.
    pub fn parse(text: &str, at: usize) -> Result<Self, PageError> {
        let mut words = split(text).into_iter();
        let first = words.next().unwrap_or_default();
        let Some(verb) = VERBS.iter().find(|verb| verb.name == first) else {
            return Err(PageError::new(at, format!("no such fact: {first}")));
        };
        let words: Vec<_> = words.collect();
        if words.len() != verb.words.split_whitespace().count() {
            return Err(PageError::new(
                at,
                format!("write: {} {}", verb.name, verb.words),
            ));
        }
        Ok(Self {
            verb,
            words,
            text: text.to_owned(),
        })
    }

    /// Whether it is true, now or within `patience`.
    ///
    /// # Errors
    /// What is so instead.
    pub fn check(&self, world: &World<'_>, patience: Duration) -> Result<(), String> {
        let filled: Result<Vec<_>, _> = self
            .words
            .iter()
            .map(|word| world.bindings.fill(word))
            .collect();
        let words = filled.map_err(|unbound| format!("nothing has bound {unbound}"))?;
        let until = Instant::now() + patience;
        loop {
            let truth = (self.verb.check)(world, &words);
            if truth.is_ok() || Instant::now() >= until {
                return truth;
            }
            std::thread::sleep(Duration::from_millis(15));
        }
    }
}

/// Words; a text in double quotes is one.
fn split(text: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted, mut begun) = (Vec::new(), String::new(), false, false);
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => (quoted, begun) = (!quoted, true),
            '\\' if quoted => word.push(match chars.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some(other) => other,
                None => '\\',
            }),
            c if c.is_whitespace() && !quoted => {
                if begun {
                    words.push(std::mem::take(&mut word));
                }
                begun = false;
            }
            c => {
                word.push(c);
                begun = true;
            }
        }
    }
    if begun {
        words.push(word);
    }
    words
}
