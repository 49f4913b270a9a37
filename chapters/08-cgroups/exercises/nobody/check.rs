//! 08.4: runners in a group that become their own children all the time, and one outside who
//! looks like them.

use std::time::{Duration, Instant};

use crate::exercise::check::{Checked, End, Group, Judge, Property, Run, Who, Witness, scene};
use crate::machine::guest::session::times_slower;

const OUTSIDE: Property = Property {
    is: "nobody outside of the group is touched",
    look: "cgroups(7), cgroup.procs: who is in the group?",
};
const GOES_ON: Property = Property {
    is: "the group can be used again",
    look: "cgroup.freeze, on v1 freezer.state: what is in there afterwards?",
};
const EMPTY: Property = Property {
    is: "nobody is left in the group after a second",
    look: "cgroups(7); how old is a list of processes when a signal is sent?",
};
const ENDED: Property = Property {
    is: "whoever was in the group has ended",
    look: "the task: end, not move",
};
const STATUS: Property = Property {
    is: "the program ends with status 0 when nobody is left",
    look: "what it says on stderr; who waits for what?",
};

/// How many of them there are, all the time.
const RUNNERS: u32 = 4;
const PATIENCE: Duration = Duration::from_secs(1);
/// For each ms that it takes to start a program among all these runners.
const SLOW: Duration = Duration::from_millis(20);
/// Until we hear of who was ended.
const SOON: Duration = Duration::from_millis(100);
const FOREVER: Duration = Duration::from_secs(25);

/// Once while they run, and once frozen.
pub fn check(judge: &mut Judge) -> Checked {
    once(judge, false)?;
    once(judge, true)
}

fn once(judge: &mut Judge, frozen: bool) -> Checked {
    let mut scene = judge.scene()?;
    let folder = scene.folder()?;
    let actor = scene.witness(&folder)?;
    let group = scene.group("freezer")?;
    let around = scene.groups("freezer")?;
    let mut first = scene::command(&actor.place.0, &[&actor.nonce]);
    first.stays = true;
    let answer = scene.answer(&[&group.place.0]);
    let mut run = scene.run(Who::Root, vec![first, answer])?;

    run.last((FOREVER + PATIENCE) * times_slower());
    let (seen, alike) = first_of_them(&mut run, &group)?;
    let outside = around.everybody_below().len() - 1;
    run.order(seen, &format!("u{RUNNERS}"))?;
    run.hold_end(seen)?;
    run.send(seen, "s")?;
    if frozen {
        freeze(&mut run, &group)?;
    }
    run.hold_signals(&group);
    let start = Instant::now();
    run.next_command()?;
    let enough = |run: &Run| {
        let began = run.answer_began();
        let in_vain = began.is_some_and(|began| {
            let held = run.slowed().min(PATIENCE);
            let slow_machine = SLOW * began.saturating_duration_since(start).as_millis() as u32;
            began.elapsed() > PATIENCE * times_slower() + held + slow_machine
        });
        run.has_ended(1) || in_vain
    };
    run.becomes(FOREVER * times_slower(), enough)?;

    let ended = run.has_ended(1);
    let left = group.processes().len();
    let is_there = |run: &Run, one: Witness| run.everybody().contains(&one);
    let touched = run.becomes(SOON, |run| !is_there(run, alike))?;
    OUTSIDE.holds(
        !touched,
        "who has the same name and process group lives on",
        "it was ended",
    )?;
    // Who is late after all others are gone may still thaw it: that is told below.
    let stands = group.is_frozen() && (ended || left > 0);
    GOES_ON.holds(!stands, "not frozen", "frozen")?;
    let most = group.text("pids.max").unwrap_or("max".to_owned());
    GOES_ON.holds(most == "max", "pids.max as it was", format!("it is {most}"))?;
    let soon =
        ended && run.becomes(SOON * 10 * times_slower(), |_| group.processes().is_empty())?;
    STATUS.holds(
        left == 0 || !soon,
        "it waits until the list is empty",
        format!("it ended when {left} of them still had to"),
    )?;
    EMPTY.holds(left == 0, "nobody", format!("{left} of them"))?;
    let gone = |run: &Run| !is_there(run, seen) && around.everybody_below().len() <= outside;
    let gone = run.becomes(Duration::from_millis(500), gone)?;
    ENDED.holds(gone, "no process of it", "it runs in another group")?;
    let late = Duration::from_millis(500) * times_slower();
    let end = match run.becomes(late, |run| run.has_ended(1))? {
        true => run.end_of(1)?.to_string(),
        false => "nobody is left, but it goes on, for more than a second".to_owned(),
    };
    STATUS.same(&End::Status(0).to_string(), &end)
}

/// The first of them in the group, and one of the same program outside.
fn first_of_them(run: &mut Run, group: &Group) -> Checked<(Witness, Witness)> {
    let seen = run.witness()?;
    run.order(seen, "d")?;
    let family = run.everybody_of(0).into_iter();
    let alike = { family }.find(|one| *one != seen);
    let lost = crate::exercise::check::Refusal::Undone("a process got lost".to_owned());
    group.write("cgroup.procs", &seen.pid.to_string())?;
    Ok((seen, alike.ok_or(lost)?))
}

fn freeze(run: &mut Run, group: &Group) -> Checked {
    let (file, text) = match group.v2 {
        true => ("cgroup.freeze", "1"),
        false => ("freezer.state", "FROZEN"),
    };
    group.write(file, text)?;
    let stands = |_: &Run| {
        let v1 = group.text("freezer.state").as_deref() == Some("FROZEN");
        v1 || group.number("cgroup.events", "frozen") == Some(1)
    };
    run.becomes(Duration::from_secs(2), stands)?;
    Ok(())
}
