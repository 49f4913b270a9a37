//! 06.1: processes that share a random part of their namespaces, two of them unreadable.

use groundwork::kernel::{CLONE_NEWTIME, CloneFlags};

use crate::exercise::check::{Checked, End, Judge, Property, Run, Target, Who, number};

const SAME: Property = Property {
    is: "two namespaces are the same if their inodes are",
    look: "namespaces(7), The /proc/pid/ns/ directory",
};
const UNKNOWN: Property = Property {
    is: "what cannot be looked at is unknown",
    look: "readlink(2), EACCES; what does your code do with an error?",
};

const LINES: Property = Property {
    is: "it prints eight lines, in the order of the task, and nothing else",
    look: "the task, What to write",
};
const STATUS: Property = Property {
    is: "the exit status is 0",
    look: "exit(3); what does it say on stderr?",
};

/// Of the second and the third pair one or both processes are not dumpable: ptrace(2).
const UNREADABLE: [&str; 2] = [
    "of a process that may be read and one that may not, such as process 1",
    "of two processes that may not be read",
];

const KINDS: [(&str, CloneFlags); 8] = [
    ("cgroup", CloneFlags::CLONE_NEWCGROUP),
    ("ipc", CloneFlags::CLONE_NEWIPC),
    ("mnt", CloneFlags::CLONE_NEWNS),
    ("net", CloneFlags::CLONE_NEWNET),
    ("pid", CloneFlags::CLONE_NEWPID),
    ("time", CLONE_NEWTIME),
    ("user", CloneFlags::CLONE_NEWUSER),
    ("uts", CloneFlags::CLONE_NEWUTS),
];

/// Once with one PID namespace and once with two.
pub fn check(judge: &mut Judge) -> Checked {
    once(judge, CloneFlags::empty())?;
    once(judge, CloneFlags::CLONE_NEWPID)
}

fn once(judge: &mut Judge, pid: CloneFlags) -> Checked {
    let mut scene = judge.scene()?;
    let seen = |namespaces| Target {
        namespaces,
        ..Target::default()
    };
    let hidden = Target {
        hidden: true,
        ..Target::default()
    };
    let targets = vec![seen(some()), seen(some() | pid), hidden.clone(), hidden];
    scene.targets(targets);
    let pairs = [(0, 1), (0, 2), (3, 2)];
    let commands =
        pairs.map(|(one, other)| scene.answer(&[&format!("{{{one}}}"), &format!("{{{other}}}")]));
    let mut run = scene.run(Who::Root, commands.to_vec())?;
    let ends = run.ends()?;
    let mut shared = Vec::new();
    for (kind, _) in KINDS {
        let link = format!("ns/{kind}");
        if run.target(0).inode(&link)? == run.target(1).inode(&link)? {
            shared.push(kind);
        }
    }
    let kinds = shared.join(", ");
    let pair = match shared.len() {
        0 => "of two processes that share none".to_owned(),
        _ => format!("of two processes that share {kinds}"),
    };
    for (kind, _) in KINDS {
        let word = if shared.contains(&kind) {
            "same"
        } else {
            "different"
        };
        says(&run, SAME, (0, &pair), kind, word)?;
    }
    for (command, pair) in [1, 2].into_iter().zip(UNREADABLE) {
        for (kind, _) in KINDS {
            says(&run, UNKNOWN, (command, pair), kind, "unknown")?;
        }
    }
    for (command, end) in ends.into_iter().enumerate() {
        lines(&run, command)?;
        STATUS.same(&End::Status(0), &end)?;
    }
    Ok(())
}

/// One for each kind, and no others.
fn lines(run: &Run, command: usize) -> Checked {
    let said = run.said(command);
    let first = |line: &str| line.split_whitespace().next().unwrap_or("").to_owned();
    let found: Vec<_> = said.lines().map(first).collect();
    let expected = KINDS.map(|(kind, _)| kind);
    let observed = match found.len() {
        8 => found.join(", "),
        count => format!("{count} lines"),
    };
    LINES.holds(found == expected, expected.join(", "), observed)
}

/// About half of the kinds, but never a PID namespace: that one is not left to chance.
fn some() -> CloneFlags {
    let others = KINDS.iter().filter(|(kind, _)| *kind != "pid");
    let chosen = others.filter(|_| number(0..2) == 0).map(|(_, flag)| *flag);
    chosen.fold(CloneFlags::empty(), |all, flag| all | flag)
}

fn says(
    run: &Run,
    property: Property,
    (command, pair): (usize, &str),
    kind: &str,
    word: &str,
) -> Checked {
    let said = run.said(command);
    let mut lines = said
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    let line = lines.find(|words| words.first() == Some(&kind));
    let expected = format!("{kind} {word}, {pair}");
    let observed = line.map_or_else(|| format!("no line for {kind}"), |words| words.join(" "));
    property.holds(observed == format!("{kind} {word}"), expected, observed)
}
