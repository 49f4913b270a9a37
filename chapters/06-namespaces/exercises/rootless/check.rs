//! 06.2: root first, then random ids, in both maps at the moment of the start.

use std::time::Duration;

use crate::exercise::check::{
    Checked, Ending, Judge, Property, Refusal, Run, Who, Witness, number,
};

const BEFORE_START: &str = "user_namespaces(7), Defining user and group ID mappings (EPERM, \
    EINVAL): who writes a map, when, how often?";
/// A map that comes later comes soon.
const SOON: Duration = Duration::from_millis(500);

const NEW: Property = Property {
    is: "the command runs in a new user namespace",
    look: "unshare(2), CLONE_NEWUSER; readlink /proc/PID/ns/user",
};
const BEFORE: Property = Property {
    is: "the maps are there when the command starts",
    look: "/proc/PID/uid_map and gid_map; capabilities(7): who is root at execve(2) stays it",
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
    look: "the task; wait(2), exit(3)",
};

/// Once as root, since the kernel remembers who was root in time; then as anybody.
pub fn check(judge: &mut Judge) -> Checked {
    once(judge, 0, &Ending::by_itself())?;
    once(judge, number(1..60_000), &Ending::by_signal())
}

fn once(judge: &mut Judge, uid: u32, ending: &Ending) -> Checked {
    let (me, my_group) = judge.learner;
    let mut scene = judge.scene()?;
    scene.before_start(BEFORE_START);
    // Where setgroups is denied already, the order of the writes would not matter.
    scene.with_many_ids();
    let folder = scene.folder()?;
    let actor = scene.witness(&folder)?;
    let (uid, gid) = (uid.to_string(), number(0..60_000).to_string());
    let answer = scene.answer(&[&uid, &gid, &actor.place.0, &actor.nonce]);
    let mut run = scene.run(Who::User, vec![answer])?;

    let seen = run.witness()?;
    let new = seen.inode("ns/user")? != run.init().inode("ns/user")?;
    NEW.holds(
        new,
        "another user namespace than before",
        "the user namespace of before",
    )?;
    let powerless = uid == "0" && seen.status("CapEff")?.trim_matches('0').is_empty();
    for (property, file, inside, outside) in [
        (USERS, "uid_map", &uid, me),
        (GROUPS, "gid_map", &gid, my_group),
    ] {
        let found = seen.text(file)?;
        let expected = format!("{inside} {outside} 1");
        let told = in_cell(&run, file, &expected)?;
        if found.is_empty() || powerless && found == expected {
            return Err(late(&mut run, seen, file, told));
        }
        property.holds(found == expected, told, in_cell(&run, file, &found)?)?;
    }
    DENIED.same(&"deny".to_owned(), &seen.text("setgroups")?)?;

    run.send(seen, &ending.order)?;
    let ends = run.ends()?;
    ending.shows(STATUS, ends[0])
}

/// A map with the ids as the answer sees them: of who reads it, the kernel tells his own.
fn in_cell(run: &Run, file: &str, map: &str) -> Checked<String> {
    let cell = run.init().text(file)?;
    let numbers = |text: &str| -> Vec<u64> {
        let words = text.split(' ').filter_map(|word| word.parse().ok());
        words.collect()
    };
    let cell = numbers(&cell);
    let mut words: Vec<String> = map.split(' ').map(str::to_owned).collect();
    for (outside, word) in numbers(map).into_iter().zip(&mut words).skip(1).step_by(3) {
        let mut ranges = cell.chunks_exact(3);
        let inside = ranges.find_map(|range| {
            let at = outside.checked_sub(range[1]).filter(|at| *at < range[2])?;
            Some(range[0] + at)
        });
        *word = inside.map_or("nobody".to_owned(), |id| id.to_string());
    }
    Ok(words.join(" "))
}

/// There was no map at the beginning; whether it comes at all is worth a moment.
fn late(run: &mut Run, seen: Witness, file: &str, expected: String) -> Refusal {
    let comes = run.becomes(SOON, |_| seen.text(file).is_ok_and(|map| !map.is_empty()));
    let since = match comes {
        Ok(true) => "it came later",
        Ok(false) => "nor did one come",
        Err(other) => return other,
    };
    BEFORE.broken(expected, format!("no {file} when it started; {since}"))
}
