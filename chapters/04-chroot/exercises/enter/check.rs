//! 04.2: root, working directory, arguments, descriptors and exit status, with random values.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use crate::exercise::check::{
    Checked, Ending, Judge, Place, Property, Run, Who, Witness, number, word,
};

const ROOT: Property = Property {
    is: "ROOT is the command's root directory",
    look: "chroot(2); page 04, The idea",
};
const INSIDE: Property = Property {
    is: "the command stands in its root directory",
    look: "chdir(2); page 04, With our program",
};
const NOTHING_LEFT: Property = Property {
    is: "the command holds descriptors 0, 1 and 2 and no other",
    look: "close_range(2); ls -l /proc/PID/fd",
};
const STATUS: Property = Property {
    is: "the exit status is the command's",
    look: "the task; wait(2), exit(3)",
};

/// Two runs: what always comes out the same is no answer.
pub fn check(judge: &mut Judge) -> Checked {
    once(judge, &Ending::by_itself())?;
    once(judge, &Ending::by_signal())
}

/// The command has the same path outside, so whoever changes no root starts something, too.
fn once(judge: &mut Judge, ending: &Ending) -> Checked {
    let mut scene = judge.scene()?;
    let (jail, room) = (scene.folder()?, format!("/box/{}", word()));
    let (inside, outside) = (scene.folder_in(&jail, &room)?, Place(room.clone()));
    std::fs::create_dir_all(scene.outside(&outside))?;
    let actor = scene.witness(&inside)?;
    scene.twin(&actor, &outside)?;
    let further = arguments();
    scene.expect(&actor, &further);
    let mut answer = scene.answer(&[&jail.0, &format!("{room}/{}", actor.name), &actor.nonce]);
    answer.further = further;
    answer.leaks = true;
    let mut run = scene.run(Who::Root, vec![answer])?;

    let seen = run.witness()?;
    is_inside(&run, seen, &jail)?;

    run.send(seen, &ending.order)?;
    let ends = run.ends()?;
    ending.shows(STATUS, ends[0])
}

/// The command is inside of this folder, and holds nothing of outside.
pub fn is_inside(run: &Run, seen: Witness, jail: &Place) -> Checked {
    let jail = run.inode(jail)?;
    ROOT.same(&jail, &seen.inode("root")?)?;
    INSIDE.same(&jail, &seen.inode("cwd")?)?;
    let open = seen.descriptors()?;
    NOTHING_LEFT.holds(open == [0, 1, 2], "[0, 1, 2]", format!("{open:?}"))
}

/// What a shell or a split would not leave as it is, and what is no text: the byte 255.
fn arguments() -> Vec<OsString> {
    let mut no_text = word().into_bytes();
    no_text.insert(number(0..9) as usize, 0xff);
    vec![
        format!("{}  {} ", word(), word()).into(),
        OsString::new(),
        format!("{}'\"*$HOME\\", word()).into(),
        OsString::from_vec(no_text),
        OsString::new(),
    ]
}
