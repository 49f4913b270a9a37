//! 06.4: nothing of the old root is mounted, nothing leaks, and the escape of 04.3 fails.

use crate::exercise::check::{Checked, End, Judge, Place, Property, Run, Who, Witness, code};

const NEW: Property = Property {
    is: "the command is in a new mount namespace",
    look: "unshare(2), CLONE_NEWNS",
};
const ROOT: Property = Property {
    is: "ROOT is the command's root directory",
    look: "pivot_root(2)",
};
const GONE: Property = Property {
    is: "no mount of the old root is in sight",
    look: "umount(2), MNT_DETACH; cat /proc/PID/mountinfo",
};
const UNCHANGED: Property = Property {
    is: "outside no mount comes or goes",
    look: "mount_namespaces(7), Shared subtrees; in which namespace was it mounted?",
};
const STAYS: Property = Property {
    is: "the escape of 04.3 fails",
    look: "page 06, The escape of 04, stopped",
};
const STATUS: Property = Property {
    is: "the exit status is the command's",
    look: "wait(2), exit(3)",
};

/// One run; the folder has another name and depth each time.
pub fn check(judge: &mut Judge) -> Checked {
    let mut scene = judge.scene()?;
    let jail = scene.folder()?;
    scene.folder_in(&jail, "room")?;
    let actor = scene.witness(&jail)?;
    let answer = scene.answer(&[&jail.0, &format!("/{}", actor.name), &actor.nonce]);
    let mut run = scene.run(Who::Root, vec![answer])?;

    let seen = run.witness()?;
    is_forgotten(&run, seen, &jail)?;
    stays(&mut run, seen, &jail)?;
    let status = code();
    run.send(seen, &format!("q{status}"))?;
    let ends = run.ends()?;
    STATUS.same(&End::Status(status.into()), &ends[0])
}

/// The folder is its root, and nothing of the old root is left.
pub fn is_forgotten(run: &Run, seen: Witness, jail: &Place) -> Checked {
    let new = seen.inode("ns/mnt")? != run.init().inode("ns/mnt")?;
    NEW.holds(new, "another than before", "the one of before")?;
    let folder = run.inode(jail)?;
    ROOT.same(&folder, &seen.inode("root")?)?;
    let mounts = seen.mounts()?;
    let old: Vec<_> = mounts.iter().filter(|mount| run.had(mount)).collect();
    let points: Vec<_> = old
        .iter()
        .take(3)
        .map(|mount| mount.point.as_str())
        .collect();
    let observed = format!("{} of them: {}, …", old.len(), points.join(", "));
    GONE.holds(old.is_empty(), "none", observed)?;
    let changed = run.changed_mounts()?;
    UNCHANGED.holds(
        changed.is_empty(),
        "no change",
        format!("another mount on {}", changed.join(", ")),
    )
}

/// It does not get out, even if it may change its root.
pub fn stays(run: &mut Run, seen: Witness, jail: &Place) -> Checked {
    let folder = run.inode(jail)?;
    run.order(seen, "e")?;
    let root = seen.inode("root")?;
    STAYS.holds(
        root == folder,
        format!("its root is {folder}"),
        format!("it is {root}"),
    )
}
