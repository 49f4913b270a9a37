//! 06.4: nothing of the old root is mounted, held or hidden, nothing leaks, and no way leads
//! out.

use std::fs;

use crate::exercise::check::{Checked, Ending, Judge, Place, Property, Run, Who, Witness};

const BEFORE_START: &str = "pivot_root(2), ERRORS (EINVAL, EBUSY); what does it say on stderr?";

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
const NOT_HELD: Property = Property {
    is: "no open descriptor leads to the old root",
    look: "ls -l /proc/PID/fd; close_range(2); open(2), O_CLOEXEC; fchdir(2)",
};
const UNCHANGED: Property = Property {
    is: "outside no mount comes or goes",
    look: "mount_namespaces(7), Shared subtrees; mount(2): which mounts does MS_REC reach?",
};
const STAYS: Property = Property {
    is: "the escape of 04.3 fails",
    look: "page 06, The escape of 04, stopped",
};
const GONE_FOR_GOOD: Property = Property {
    is: "the old root is gone, not hidden below another mount",
    look: "pivot_root(2), NOTES; umount(2): what lies under the command's root?",
};
const STATUS: Property = Property {
    is: "the exit status is the command's",
    look: "the task; wait(2), exit(3)",
};

/// As many mounts may lie on the old root.
const LAYERS: usize = 4;

/// Two runs; the folder has another name and depth each time.
pub fn check(judge: &mut Judge) -> Checked {
    once(judge, &Ending::by_itself())?;
    once(judge, &Ending::by_signal())
}

fn once(judge: &mut Judge, ending: &Ending) -> Checked {
    let mut scene = judge.scene()?;
    scene.before_start(BEFORE_START);
    let jail = scene.folder()?;
    scene.folder_in(&jail, "room")?;
    let actor = scene.witness(&jail)?;
    let mut answer = scene.answer(&[&jail.0, &format!("/{}", actor.name), &actor.nonce]);
    answer.leaks = true;
    let mut run = scene.run(Who::Root, vec![answer])?;

    let seen = run.witness()?;
    is_forgotten(&run, seen, &jail)?;
    holds_nothing(seen)?;
    stays(&mut run, seen, &jail)?;
    finds_nothing(&mut run, seen)?;
    run.send(seen, &ending.order)?;
    let ends = run.ends()?;
    ending.shows(STATUS, ends[0])
}

/// The folder is its root, and nothing of the old root is left.
pub fn is_forgotten(run: &Run, seen: Witness, jail: &Place) -> Checked {
    let new = seen.inode("ns/mnt")? != run.init().inode("ns/mnt")?;
    NEW.holds(
        new,
        "another mount namespace than before",
        "the mount namespace of before",
    )?;
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
        format!("something came or went at {}", changed.join(", ")),
    )
}

/// No folder of another mount than it sees is open: fchdir(2) would lead there.
fn holds_nothing(seen: Witness) -> Checked {
    let mounts = fs::read_to_string(seen.path("mountinfo"))?;
    let is_seen = |id: &str| {
        mounts
            .lines()
            .any(|line| line.split(' ').next() == Some(id))
    };
    for open in seen.descriptors()? {
        let link = seen.path(&format!("fd/{open}"));
        let info = fs::read_to_string(seen.path(&format!("fdinfo/{open}")))?;
        let mut lines = info.lines();
        let mount = lines.find_map(|line| line.strip_prefix("mnt_id:"));
        let inside = mount.is_some_and(|id| is_seen(id.trim()));
        let folder = fs::metadata(&link)?.is_dir();
        NOT_HELD.holds(
            inside || !folder,
            "none",
            format!("descriptor {open} leads to a folder of the old root"),
        )?;
    }
    Ok(())
}

/// It does not get out, even if it may change its root.
pub fn stays(run: &mut Run, seen: Witness, jail: &Place) -> Checked {
    let folder = run.inode(jail)?;
    run.order(seen, "e")?;
    let root = seen.inode("root")?;
    STAYS.holds(
        root == folder,
        "its root is still ROOT",
        "the escape got out: its root is another folder now",
    )
}

/// It takes its own root away and looks what was below.
fn finds_nothing(run: &mut Run, seen: Witness) -> Checked {
    let old = run.init().inode("root")?;
    for _ in 0..LAYERS {
        run.order(seen, "p")?;
        GONE_FOR_GOOD.holds(
            seen.inode("root")? != old,
            "nothing of it can be reached",
            "the command unmounts its own root, and the old one is there",
        )?;
    }
    Ok(())
}
