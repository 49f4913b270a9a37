//! 06.2: root first, then random ids, in both maps at the moment of the start.

use crate::exercise::check::{Checked, End, Judge, Property, Who, code, number};

const NEW: Property = Property {
    is: "the command runs in a new user namespace",
    look: "unshare(2), CLONE_NEWUSER; readlink /proc/PID/ns/user",
};
const BEFORE: Property = Property {
    is: "the maps are there when the command starts",
    look: "execve(2) and capabilities(7): who is root at that moment keeps what root has",
};
const USERS: Property = Property {
    is: "the user map says UID, you, 1",
    look: "user_namespaces(7), Defining user and group ID mappings",
};
const GROUPS: Property = Property {
    is: "the group map says GID, your group, 1",
    look: "user_namespaces(7), Defining user and group ID mappings",
};
const DENIED: Property = Property {
    is: "setgroups is denied",
    look: "user_namespaces(7), The /proc/pid/setgroups file",
};
const STATUS: Property = Property {
    is: "the exit status is the command's",
    look: "wait(2), exit(3)",
};

/// Once as root, since the kernel remembers who was root in time; then as anybody.
pub fn check(judge: &mut Judge) -> Checked {
    once(judge, 0)?;
    once(judge, number(1..60_000))
}

fn once(judge: &mut Judge, uid: u32) -> Checked {
    let (me, my_group) = judge.learner;
    let mut scene = judge.scene()?;
    // Where setgroups is denied already, the order of the writes would not matter.
    scene.with_many_ids();
    let folder = scene.folder()?;
    let actor = scene.witness(&folder)?;
    let (uid, gid) = (uid.to_string(), number(0..60_000).to_string());
    let answer = scene.answer(&[&uid, &gid, &actor.place.0, &actor.nonce]);
    let mut run = scene.run(Who::User, vec![answer])?;

    let seen = run.witness()?;
    let new = seen.inode("ns/user")? != run.init().inode("ns/user")?;
    NEW.holds(new, "another than before", "the one of before")?;
    let powerless = seen.status("CapEff")?.trim_matches('0').is_empty();
    for (property, file, inside, outside) in [
        (USERS, "uid_map", &uid, me),
        (GROUPS, "gid_map", &gid, my_group),
    ] {
        let found = seen.text(file)?;
        let expected = format!("{inside} {outside} 1");
        let late = uid == "0" && powerless && (found.is_empty() || found == expected);
        BEFORE.holds(
            !late,
            "root, with root's capabilities",
            "nobody; the maps came later",
        )?;
        property.holds(found == expected, expected, found)?;
    }
    DENIED.same(&"deny".to_owned(), &seen.text("setgroups")?)?;

    let status = code();
    run.send(seen, &format!("q{status}"))?;
    let ends = run.ends()?;
    STATUS.same(&End::Status(status.into()), &ends[0])
}
