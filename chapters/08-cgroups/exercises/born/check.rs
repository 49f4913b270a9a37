//! 08.2: twenty commands, each held at its first instruction while its parent is held, too.

use std::time::Duration;

use groundwork::kernel::{self, Signal};

use crate::exercise::check::{
    Checked, End, Ending, Group, Judge, Property, Run, Who, Witness, word,
};
use crate::machine::guest::session::times_slower;

const MADE: Property = Property {
    is: "the group is made before the command begins",
    look: "mkdir(2); cgroups(7): to make the folder is to make the group",
};
const INSIDE: Property = Property {
    is: "the command is in the group from its first instruction on",
    look: "page 08, The code; clone(2), CLONE_INTO_CGROUP; what does the child do before exec?",
};
const ALONE: Property = Property {
    is: "nobody else is in the group when the command begins",
    look: "cgroups(7), cgroup.procs: whose number is written?",
};
const CHILDREN: Property = Property {
    is: "what the command forks is in the group",
    look: "cgroups(7): where is a child born?",
};
const GONE: Property = Property {
    is: "the group is gone when the program has ended",
    look: "rmdir(2); cgroups(7): when may a group be removed?",
};
const STATUS: Property = Property {
    is: "the exit status is the command's",
    look: "the task; wait(2), exit(3)",
};

const RUNS: usize = 20;
/// A child that only sleeps before its exec is found by the first run.
const LONG: Duration = Duration::from_millis(400);
const SHORT: Duration = Duration::from_millis(30);
const FORKS: usize = 3;

/// All runs in one cell.
pub fn check(judge: &mut Judge) -> Checked {
    let mut scene = judge.scene()?;
    let folder = scene.folder()?;
    let actor = scene.witness(&folder)?;
    let parent = scene.groups("pids")?;
    let groups: Vec<Group> = (0..RUNS).map(|_| parent.below(&word())).collect();
    let name = |group: &Group| group.place.0.rsplit('/').next().map(str::to_owned);
    let answer = |group: &Group| {
        let name = name(group).unwrap_or_default();
        scene.answer(&[&parent.place.0, &name, &actor.place.0, &actor.nonce])
    };
    let answers = groups.iter().map(answer).collect();
    let mut run = scene.run(Who::Root, answers)?;
    run.last(Duration::from_secs(30) * times_slower());
    for (index, group) in groups.iter().enumerate() {
        run.hold_parents(if index == 0 { LONG } else { SHORT });
        let seen = run.witness_of(index)?;
        born(group, seen)?;
        if index + 1 == RUNS {
            children(&mut run, group, seen)?;
        }
        let ending = match index % 2 {
            0 => Ending::by_itself(),
            _ => Ending::by_signal(),
        };
        run.send(seen, &ending.order)?;
        let end = run.end_of(index)?;
        gone(group, &ending, end)?;
    }
    Ok(())
}

/// The group went with the command, whose status is the program's.
pub fn gone(group: &Group, ending: &Ending, end: End) -> Checked {
    GONE.holds(
        !group.exists(),
        "the folder is removed",
        format!("{} is still there; {end}", group.place),
    )?;
    ending.shows(STATUS, end)
}

/// A witness that is held at its first instruction is in this group, alone.
pub fn born(group: &Group, seen: Witness) -> Checked {
    MADE.holds(
        group.exists(),
        format!("{} is there", group.place),
        "it is not",
    )?;
    let processes = group.processes();
    INSIDE.holds(
        processes.contains(&seen.pid),
        format!("it is in {}", group.place),
        "it began outside",
    )?;
    let others = processes.len() - 1;
    ALONE.holds(others == 0, "the command alone", format!("{others} more"))
}

/// What it forks is there, too, and it stays there itself.
pub fn children(run: &mut Run, group: &Group, seen: Witness) -> Checked {
    run.order(seen, &format!("f{FORKS}"))?;
    let stays = |_: &Run| group.has(seen);
    run.becomes(SHORT, |run| !stays(run))?;
    INSIDE.holds(stays(run), "it stays there", "it was moved out")?;
    let processes = group.processes();
    let inside = processes.len();
    CHILDREN.holds(
        inside == FORKS + 1,
        format!("it and its {FORKS} children"),
        format!("{inside} of them"),
    )?;
    for pid in processes.into_iter().filter(|pid| *pid != seen.pid) {
        kernel::kill(pid, Signal::SIGKILL)?;
    }
    run.order(seen, "w")
}
