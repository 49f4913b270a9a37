//! 06.3: numbers, mounts, orphans, a signal and a random end.

use std::time::Duration;

use groundwork::kernel::{self, Signal};

use crate::exercise::check::{Checked, Ending, Judge, Property, Run, Who, Witness, number};

const BEFORE_START: &str = "pid_namespaces(7), mount(2); what does it say on stderr?";

const NEW: Property = Property {
    is: "the command is in a new PID namespace",
    look: "NSpid in /proc/PID/status; pid_namespaces(7): is the caller in a new one, or its child?",
};
const FIRST: Property = Property {
    is: "PID 1 is the program's own, and the parent of the command",
    look: "pid_namespaces(7), The namespace init process",
};
const OWN_PROC: Property = Property {
    is: "the command sees a /proc of its own namespace",
    look: "pid_namespaces(7), /proc and PID namespaces",
};
const UNCHANGED: Property = Property {
    is: "the mounts of outside stay as they were",
    look: "mount_namespaces(7): CLONE_NEWNS, and Shared subtrees; mount(2), MS_PRIVATE",
};
const REAPED: Property = Property {
    is: "no zombie stays",
    look: "wait(2): for one child or for any? signal(7): does SIGCHLD come once for each?",
};
const TERM: Property = Property {
    is: "a SIGTERM arrives at the command",
    look: "kill(2), sigaction(2); pid_namespaces(7) on signals to PID 1; is it blocked?",
};
const STATUS: Property = Property {
    is: "the exit status is the command's",
    look: "the task; wait(2), exit(3)",
};

const PATIENCE: Duration = Duration::from_secs(2);

/// One long life of a command, and a short one.
pub fn check(judge: &mut Judge) -> Checked {
    once(judge, &Ending::by_itself())?;
    once(judge, &Ending::by_signal())
}

fn once(judge: &mut Judge, ending: &Ending) -> Checked {
    let mut scene = judge.scene()?;
    scene.before_start(BEFORE_START);
    let folder = scene.folder()?;
    let actor = scene.witness(&folder)?;
    let answer = scene.answer(&[&actor.place.0, &actor.nonce]);
    let mut run = scene.run(Who::Root, vec![answer])?;

    let seen = run.witness()?;
    numbers(&run, seen)?;
    mounts(&run, seen)?;
    orphan(&mut run, seen)?;
    signal(&mut run, seen)?;
    run.send(seen, &ending.order)?;
    let ends = run.ends()?;
    ending.shows(STATUS, ends[0])
}

/// It is in a new PID namespace, below a PID 1 that is the program's.
pub fn numbers(run: &Run, seen: Witness) -> Checked {
    let (numbers, before) = (seen.numbers()?, run.init().numbers()?.len());
    NEW.holds(
        numbers.len() > before,
        format!(
            "a PID more than outside: NSpid of the command has {} numbers",
            before + 1
        ),
        format!("its NSpid has {} numbers, as before", numbers.len()),
    )?;
    let itself = numbers.last() == Some(&1);
    FIRST.holds(
        !itself,
        "its parent is PID 1",
        "the command is PID 1 itself",
    )?;
    let parent = seen.parent()?.numbers()?;
    let number = parent.last().copied().unwrap_or_default();
    let first = number == 1 && parent.len() == numbers.len();
    FIRST.holds(
        first,
        "its parent is PID 1",
        format!("its parent is {number} of {parent:?}"),
    )
}

/// It sees a proc of its own, and nobody else sees that.
pub fn mounts(run: &Run, seen: Witness) -> Checked {
    let mounts = seen.mounts()?;
    let topmost = mounts.iter().rev().find(|mount| mount.point == "/proc");
    let own = topmost.is_some_and(|mount| mount.kind == "proc" && !run.had(mount));
    OWN_PROC.holds(own, "a new proc on /proc", "the /proc of outside")?;
    let changed = run.changed_mounts()?;
    let within = if seen.inode("ns/mnt")? == run.init().inode("ns/mnt")? {
        "the command has no mount namespace of its own"
    } else {
        "it was passed on by a shared mount"
    };
    UNCHANGED.holds(
        changed.is_empty(),
        "no change",
        format!("another mount on {}: {within}", changed.join(", ")),
    )
}

/// The witness leaves a grandchild behind, which ends a moment later; then many that have
/// ended.
pub fn orphan(run: &mut Run, seen: Witness) -> Checked {
    let before = run.everybody().len();
    run.order(seen, "o")?;
    run.becomes(PATIENCE, |run| run.everybody().len() <= before)?;
    collected(run, 1)?;
    let many = number(12..40);
    run.order(seen, &format!("z{many}"))?;
    collected(run, many)
}

fn collected(run: &mut Run, ended: u32) -> Checked {
    let clean = run.becomes(PATIENCE, |run| run.zombies().is_empty())?;
    let observed = format!("{} of {ended} are a zombie still", run.zombies().len());
    REAPED.holds(clean, "orphans that have ended are collected", observed)
}

/// What is sent to the program arrives at it.
pub fn signal(run: &mut Run, seen: Witness) -> Checked {
    run.send(seen, "s")?;
    let Some(answer) = run.answer() else {
        return Err(TERM.broken("it gets one", "the program is gone"));
    };
    kernel::kill(answer, Signal::SIGTERM)?;
    let got = run.signal_of(seen, PATIENCE)?;
    TERM.holds(
        got == Some(Signal::SIGTERM as i32),
        "it gets one",
        "it got none",
    )
}
