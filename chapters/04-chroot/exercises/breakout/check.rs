//! 04.3: a canary with random words, outside of a jail at a random depth.

use std::fs::{self, File, FileTimes};
use std::time::SystemTime;

use crate::exercise::check::{Checked, Judge, Place, Property, Who, number, word};

const BROUGHT_BACK: Property = Property {
    is: "the program prints what is in the canary",
    look: "path_resolution(7); page 04, Still escapes today",
};
const NOTHING_ELSE: Property = Property {
    is: "the program prints nothing else on stdout",
    look: "the task, What to write; stderr is free",
};

/// Two jails, at two depths.
pub fn check(judge: &mut Judge) -> Checked {
    once(judge)?;
    once(judge)
}

/// So deep that nobody gets out by a number that looks large; a path has at most 4096 bytes.
fn once(judge: &mut Judge) -> Checked {
    let mut scene = judge.scene()?;
    let deep = (0..number(260..400)).map(|_| word()).collect::<Vec<_>>();
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
    // The answer waits for us still. Who reads a file that was never read leaves the time.
    let canary = run.path(&canary);
    let never = SystemTime::UNIX_EPOCH;
    let times = FileTimes::new().set_accessed(never).set_modified(never);
    File::open(&canary)?.set_times(times)?;
    let end = run.ends()?[0];
    let was_read = fs::metadata(&canary)?.accessed()? != never;

    let printed = run.printed(0);
    let escaped = match was_read {
        true => "it got out and read the canary",
        false => "it did not come to read the canary outside",
    };
    let observed = format!("{printed:?} ({end}){}; {escaped}", run.last_words(0));
    let expected = format!("{secret:?}");
    BROUGHT_BACK.holds(printed.contains(&secret), &expected, &observed)?;
    NOTHING_ELSE.holds(printed.trim_end_matches('\n') == secret, expected, observed)
}
