//! 06.1: processes that share a random part of their namespaces, two of them unreadable.

use groundwork::kernel::{CLONE_NEWTIME, CloneFlags};

use crate::exercise::check::{Checked, Judge, Property, Run, Target, Who, number};

const SAME: Property = Property {
    is: "two namespaces are the same if their inodes are",
    look: "namespaces(7), The /proc/pid/ns/ directory",
};
const UNKNOWN: Property = Property {
    is: "what cannot be looked at is unknown",
    look: "readlink(2), EACCES; what does your code do with an error?",
};

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
    run.ends()?;
    for (kind, _) in KINDS {
        let link = format!("ns/{kind}");
        let shared = run.target(0).inode(&link)? == run.target(1).inode(&link)?;
        let word = if shared { "same" } else { "different" };
        says(&run, SAME, 0, kind, word)?;
    }
    for (command, (kind, _)) in [1, 2]
        .into_iter()
        .flat_map(|command| KINDS.map(|kind| (command, kind)))
    {
        says(&run, UNKNOWN, command, kind, "unknown")?;
    }
    Ok(())
}

/// About half of the kinds, but never a PID namespace: that one is not left to chance.
fn some() -> CloneFlags {
    let others = KINDS.iter().filter(|(kind, _)| *kind != "pid");
    let chosen = others.filter(|_| number(0..2) == 0).map(|(_, flag)| *flag);
    chosen.fold(CloneFlags::empty(), |all, flag| all | flag)
}

fn says(run: &Run, property: Property, command: usize, kind: &str, word: &str) -> Checked {
    let said = run.said(command);
    let mut lines = said
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    let line = lines.find(|words| words.first() == Some(&kind));
    let expected = format!("{kind} {word}");
    let observed = line.map_or_else(|| format!("no line for {kind}"), |words| words.join(" "));
    property.holds(observed == expected, expected.clone(), observed.clone())
}
