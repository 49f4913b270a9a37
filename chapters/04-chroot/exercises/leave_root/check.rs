//! 04.4: random ids in all places, no capability, no escape; and no command if a call fails.

use crate::exercise::check::{
    Checked, End, Inode, Judge, Property, Run, Who, Witness, code, number,
};

const ROOT: Property = Property {
    is: "ROOT is the command's root directory",
    look: "chroot(2); page 04, The idea",
};
const INSIDE: Property = Property {
    is: "the command stands in its root directory",
    look: "chdir(2); page 04, With our program",
};
const USER: Property = Property {
    is: "all its user ids are UID",
    look: "setuid(2); the line Uid of /proc/PID/status",
};
const GROUP: Property = Property {
    is: "all its group ids are GID",
    look: "setgid(2); who may still change a group?",
};
const GROUPS: Property = Property {
    is: "its supplementary groups are exactly GROUPS",
    look: "setgroups(2); the line Groups of /proc/PID/status; Command::uid() empties it",
};
const POWERLESS: Property = Property {
    is: "it has no capability",
    look: "capabilities(7); the lines Cap… of /proc/PID/status",
};
const STAYS: Property = Property {
    is: "the escape of 04.3 fails",
    look: "page 04, Still escapes today",
};
const STATUS: Property = Property {
    is: "the exit status is the command's",
    look: "wait(2), exit(3)",
};
const NOT_STARTED: Property = Property {
    is: "what cannot be given up is an error, and the command is not started",
    look: "setgroups(2), setgid(2), setuid(2), EINVAL; setresuid(2), -1; whose result is not looked at?",
};

/// To the calls that take several ids it means "leave this one as it is": setresuid(2).
const MINUS_ONE: u32 = u32::MAX;
const NO_ID: &str = "which is no id";
const NOT_MAPPED: &str = "which is not in /proc/self/uid_map or gid_map";

/// Whom the command is to be.
#[derive(Clone)]
struct Somebody {
    uid: u32,
    gid: u32,
    groups: Vec<u32>,
}

impl Somebody {
    fn new() -> Self {
        let groups = vec![number(100..20_000), number(20_000..30_000)];
        let (uid, gid) = (number(100..30_000), number(100..30_000));
        Self { uid, gid, groups }
    }

    fn list(&self) -> String {
        let words: Vec<_> = self.groups.iter().map(u32::to_string).collect();
        words.join(",")
    }
}

/// As root of a cell, who has groups of his own: with groups, and with none; then with an id
/// that does not exist, in each of the three places.
pub fn check(judge: &mut Judge) -> Checked {
    let somebody = Somebody::new();
    becomes(judge, &somebody)?;
    let groups = Vec::new();
    becomes(judge, &Somebody { groups, ..somebody })?;
    // No cell has more than 60,000 ids; these look like any other.
    let nobody = || number(60_100..65_500);
    for (place, id, why) in [
        ("UID", nobody(), NOT_MAPPED),
        ("GID", nobody(), NOT_MAPPED),
        ("GROUPS", nobody(), NOT_MAPPED),
        ("UID", MINUS_ONE, NO_ID),
        ("GID", MINUS_ONE, NO_ID),
    ] {
        let mut other = Somebody::new();
        match place {
            "UID" => other.uid = id,
            "GID" => other.gid = id,
            _ => other.groups[1] = id,
        }
        is_refused(judge, &other, &format!("{place} is {id}, {why}"))?;
    }
    Ok(())
}

/// The answer in a jail, and the jail's root as seen from outside.
fn start(judge: &mut Judge, somebody: &Somebody) -> Checked<(Run, Inode)> {
    let mut scene = judge.scene()?;
    scene.with_many_ids();
    let jail = scene.folder()?;
    scene.folder_in(&jail, "room")?;
    let actor = scene.witness(&jail)?;
    let words = [
        &jail.0,
        &somebody.uid.to_string(),
        &somebody.gid.to_string(),
        &somebody.list(),
        &format!("/{}", actor.name),
        &actor.nonce,
    ];
    let mut answer = scene.answer(&words.map(String::as_str));
    answer.groups = vec![number(40_000..50_000), number(40_000..50_000)];
    let run = scene.run(Who::Root, vec![answer])?;
    let jail = run.inode(&jail)?;
    Ok((run, jail))
}

fn becomes(judge: &mut Judge, somebody: &Somebody) -> Checked {
    let (mut run, jail) = start(judge, somebody)?;
    let seen = run.witness()?;
    ROOT.same(&jail, &seen.inode("root")?)?;
    INSIDE.same(&jail, &seen.inode("cwd")?)?;
    is_somebody(&run, seen, somebody)?;
    run.order(seen, "e")?;
    let root = seen.inode("root")?;
    STAYS.holds(
        root == jail,
        format!("its root is {jail}"),
        format!("it is {root}"),
    )?;
    let status = code();
    run.send(seen, &format!("q{status}"))?;
    let ends = run.ends()?;
    STATUS.same(&End::Status(status.into()), &ends[0])
}

fn is_somebody(run: &Run, seen: Witness, somebody: &Somebody) -> Checked {
    for (key, id, property) in [("Uid", somebody.uid, USER), ("Gid", somebody.gid, GROUP)] {
        let ids = run.ids(seen, key)?;
        property.holds(ids == [id; 4], format!("{:?}", [id; 4]), format!("{ids:?}"))?;
    }
    let (mut found, mut groups) = (run.ids(seen, "Groups")?, somebody.groups.clone());
    found.sort_unstable();
    groups.sort_unstable();
    GROUPS.holds(found == groups, format!("{groups:?}"), format!("{found:?}"))?;
    for set in ["CapEff", "CapPrm", "CapAmb"] {
        let bits = seen.status(set)?;
        let none = bits.trim_matches('0').is_empty();
        POWERLESS.holds(none, format!("{set} is 0"), format!("{set} is {bits}"))?;
    }
    Ok(())
}

/// One id is none here, so that one call fails, or should have.
fn is_refused(judge: &mut Judge, somebody: &Somebody, case: &str) -> Checked {
    let (mut run, _) = start(judge, somebody)?;
    let end = run.ends()?[0];
    NOT_STARTED.holds(
        !run.has_begun(),
        format!("{case}, so the command is not started"),
        format!("{case}, and the command was started"),
    )?;
    NOT_STARTED.holds(
        end != End::Status(0),
        format!("{case}, so the status is not 0"),
        format!("{end}{}", run.last_words(0)),
    )
}
