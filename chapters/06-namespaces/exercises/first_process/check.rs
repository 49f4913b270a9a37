//! 06.3: numbers, mounts, an orphan, a signal and a random exit status.

use std::time::Duration;

use groundwork::kernel::{self, Signal};

use crate::exercise::check::{Checked, End, Judge, Property, Run, Who, Witness, code};

const NEW: Property = Property {
    is: "the command is in a new PID namespace",
    look: "pid_namespaces(7): who is in a new one, the caller or its child?",
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
    look: "mount_namespaces(7), Shared subtrees; mount(2), MS_PRIVATE",
};
const REAPED: Property = Property {
    is: "no zombie stays",
    look: "wait(2): for one child or for any?",
};
const TERM: Property = Property {
    is: "a SIGTERM arrives at the command",
    look: "kill(2), sigaction(2); pid_namespaces(7) on signals to PID 1; is it blocked?",
};
const STATUS: Property = Property {
    is: "the exit status is the command's",
    look: "wait(2), exit(3)",
};

const PATIENCE: Duration = Duration::from_secs(2);

/// One long life of a command.
pub fn check(judge: &mut Judge) -> Checked {
    let mut scene = judge.scene()?;
    let folder = scene.folder()?;
    let actor = scene.witness(&folder)?;
    let answer = scene.answer(&[&actor.place.0, &actor.nonce]);
    let mut run = scene.run(Who::Root, vec![answer])?;

    let seen = run.witness()?;
    numbers(&run, seen)?;
    mounts(&run, seen)?;
    orphan(&mut run, seen)?;
    signal(&mut run, seen)?;
    let status = code();
    run.send(seen, &format!("q{status}"))?;
    let ends = run.ends()?;
    STATUS.same(&End::Status(status.into()), &ends[0])
}

/// It is in a new PID namespace, below a PID 1 that is the program's.
pub fn numbers(run: &Run, seen: Witness) -> Checked {
    let (numbers, before) = (seen.numbers()?, run.init().numbers()?.len());
    let observed = format!("{} numbers, as before", numbers.len());
    NEW.holds(
        numbers.len() > before,
        format!("{} numbers", before + 1),
        observed,
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
    OWN_PROC.holds(own, "a new proc on /proc", "the one of outside")?;
    let changed = run.changed_mounts()?;
    UNCHANGED.holds(
        changed.is_empty(),
        "no change",
        format!("another mount on {}", changed.join(", ")),
    )
}

/// The witness leaves a grandchild behind, which ends a moment later.
pub fn orphan(run: &mut Run, seen: Witness) -> Checked {
    let before = run.everybody().len();
    run.order(seen, "o")?;
    run.becomes(PATIENCE, |run| run.everybody().len() <= before)?;
    let clean = run.becomes(PATIENCE, |run| run.zombies().is_empty())?;
    let left = run.zombies().len();
    REAPED.holds(
        clean,
        "an orphan that ended is collected",
        format!("{left} zombie"),
    )
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
