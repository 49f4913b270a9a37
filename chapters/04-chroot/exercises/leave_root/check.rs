//! 04.4: random ids in all places, no capability, and the escape of 04.3 fails.

use crate::exercise::check::{Checked, End, Judge, Property, Who, code, number};

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
    look: "setgroups(2); the line Groups of /proc/PID/status",
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

/// One run as root of the cell, who has groups of his own.
pub fn check(judge: &mut Judge) -> Checked {
    let mut scene = judge.scene()?;
    scene.with_many_ids();
    let jail = scene.folder()?;
    scene.folder_in(&jail, "room")?;
    let actor = scene.witness(&jail)?;
    let (uid, gid) = (number(100..30_000), number(100..30_000));
    let mut groups = vec![number(100..20_000), number(20_000..30_000)];
    let list = format!("{},{}", groups[0], groups[1]);
    let command = format!("/{}", actor.name);
    let words = [
        &jail.0,
        &uid.to_string(),
        &gid.to_string(),
        &list,
        &command,
        &actor.nonce,
    ];
    let mut answer = scene.answer(&words.map(String::as_str));
    answer.groups = vec![number(40_000..50_000), number(40_000..50_000)];
    let mut run = scene.run(Who::Root, vec![answer])?;

    let seen = run.witness()?;
    for (key, id, property) in [("Uid", uid, USER), ("Gid", gid, GROUP)] {
        let ids = run.ids(seen, key)?;
        property.holds(ids == [id; 4], format!("{:?}", [id; 4]), format!("{ids:?}"))?;
    }
    let mut found = run.ids(seen, "Groups")?;
    found.sort_unstable();
    groups.sort_unstable();
    GROUPS.holds(found == groups, format!("{groups:?}"), format!("{found:?}"))?;
    for set in ["CapEff", "CapPrm", "CapInh"] {
        let bits = seen.status(set)?;
        let none = bits.trim_matches('0').is_empty();
        POWERLESS.holds(none, format!("{set} is 0"), format!("{set} is {bits}"))?;
    }

    run.order(seen, "e")?;
    let (root, jail) = (seen.inode("root")?, run.inode(&jail)?);
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
