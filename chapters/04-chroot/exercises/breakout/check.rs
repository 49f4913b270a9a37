//! 04.3: a canary with random words, outside of a jail at a random depth.

use crate::exercise::check::{Checked, Judge, Place, Property, Who, number, word};

const BROUGHT_BACK: Property = Property {
    is: "the program prints what is in the canary",
    look: "path_resolution(7); page 04, Still escapes today",
};

/// Two jails, at two depths.
pub fn check(judge: &mut Judge) -> Checked {
    once(judge)?;
    once(judge)
}

fn once(judge: &mut Judge) -> Checked {
    let mut scene = judge.scene()?;
    let deep = (0..number(4..12)).map(|_| word()).collect::<Vec<_>>();
    let top = scene.folder()?;
    let jail = scene.folder_in(&top, &deep.join("/"))?;
    let inside = scene.answer_in(&jail)?;
    let (canary, secret) = (
        Place(format!("/box/{}", word())),
        format!("{} {}", word(), word()),
    );
    scene.file(&canary, format!("{secret}\n"))?;

    let mut answer = scene.answer(&[&canary.0]);
    answer.file = inside.display().to_string();
    answer.jail = Some(jail.0);
    let mut run = scene.run(Who::Root, vec![answer])?;
    let end = run.ends()?[0];
    let said = run.said(0);
    let observed = match said.trim() {
        "" => format!("nothing ({end})"),
        text => text.lines().last().unwrap_or_default().to_owned(),
    };
    BROUGHT_BACK.holds(said.trim() == secret, secret, observed)
}
