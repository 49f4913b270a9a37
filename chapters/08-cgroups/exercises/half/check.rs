//! 08.1: a witness that computes with two threads, measured; then it has a child, too.

use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_getcpuclockid, clock_gettime};

use crate::exercise::check::{
    Checked, End, Group, Judge, Property, Run, Who, Witness, number, scene,
};

const ENDS: Property = Property {
    is: "the script works and ends",
    look: "what it says on stderr",
};
const ENDED: Property = Property {
    is: "the script leaves nothing running",
    look: "the task: who goes on limiting when the script is gone?",
};
const GOES_ON: Property = Property {
    is: "the process goes on",
    look: "the task: slows down; which signals does the script send?",
};
const SHARE: Property = Property {
    is: "the process uses PERCENT of one core",
    look: "page 08, Half a core, by hand; which number is the period, and which threads are in?",
};
const CHILD: Property = Property {
    is: "the process and its child use PERCENT of one core together",
    look: "cgroups(7): where is a child born?",
};

/// What a script needs for it, and what it might try.
const TOOLS: &[&str] = &[
    "[", "awk", "basename", "bash", "cat", "cut", "dirname", "echo", "env", "expr", "false",
    "grep", "head", "kill", "ls", "mkdir", "nice", "printf", "ps", "pwd", "readlink", "realpath",
    "renice", "rmdir", "sed", "seq", "setsid", "sh", "sleep", "sort", "stat", "tail", "taskset",
    "tee", "test", "timeout", "touch", "tr", "true", "uniq", "wc",
];

const WINDOW: Duration = Duration::from_secs(1);
const HALT: Duration = Duration::from_secs(1);
const TRIES: usize = 4;
const POINTS: f64 = 5.0;

/// One process, slowed down.
pub fn check(judge: &mut Judge) -> Checked {
    let _alone = judge.alone()?;
    let mut scene = judge.scene()?;
    scene.with_tools(TOOLS);
    let folder = scene.folder()?;
    let actor = scene.witness(&folder)?;
    let group = scene.group("cpu")?;
    goes_first(&group);
    let percent = number(20..71);
    let mut spinner = scene::command(&actor.place.0, &[&actor.nonce]);
    spinner.stays = true;
    let answer = scene.answer(&[&group.place.0, "{0}", &percent.to_string()]);
    let mut run = scene.run(Who::Root, vec![spinner, answer])?;
    run.last(Duration::from_secs(40));

    let seen = run.witness()?;
    run.send(seen, "b")?;
    run.next_command()?;
    let end = run.end_of(1)?;
    let said = run.said(1);
    let said = said.lines().last().unwrap_or_default();
    ENDS.holds(
        end == End::Status(0),
        "status 0",
        format!("{end}; it said: {said}"),
    )?;
    let alone = |run: &Run| run.everybody_of(1).is_empty();
    let ended = run.becomes(Duration::from_millis(500), alone)?;
    ENDED.holds(ended, "no process of it is left", "one is still there")?;
    let measured = uses(&mut run, &group, percent, SHARE);
    if measured.is_err() {
        goes_on(&mut run, seen)?;
    }
    measured?;

    nix::sys::signal::kill(seen.pid, nix::sys::signal::Signal::SIGTRAP)?;
    run.stop_of(seen)?;
    run.send(seen, "c")?;
    let both = |run: &Run| computing(run).len() == 2;
    run.becomes(Duration::from_secs(2), both)?;
    uses(&mut run, &group, percent, CHILD)
}

/// It has not ended, nor does it stand. SIGTERM is kept from it: then it stands, too.
fn goes_on(run: &mut Run, seen: Witness) -> Checked {
    let state = || seen.status("State").unwrap_or_default().chars().next();
    // Who makes a thread stands for a moment.
    run.becomes(HALT, |_| !matches!(state(), Some('T' | 't')))?;
    let observed = match state() {
        None | Some('Z' | 'X') => "it runs no more: it has ended",
        Some('T' | 't') => "it runs no more: it stands still after a signal",
        _ => return Ok(()),
    };
    Err(GOES_ON.broken("it runs, slower", observed))
}

/// What is measured here is a limit, and not who else wants to compute: the groups above
/// come first for this while, as far as we may say so.
fn goes_first(group: &Group) {
    for above in group.all_above() {
        for (file, most) in [("cpu.weight", "10000"), ("cpu.shares", "262144")] {
            if above.text(file).is_some() {
                let _ = above.write(file, most);
            }
        }
    }
}

/// Within a second; when the machine is busy, in a later one, or over all of them: a period
/// more or less in a second is some points.
fn uses(run: &mut Run, group: &Group, percent: u32, property: Property) -> Checked {
    let (start, first) = (Instant::now(), used(run));
    let (mut now, mut before) = (start, first);
    let throttled = |group: &Group| group.number("cpu.stat", "nr_throttled");
    let throttled_before = throttled(group);
    let mut found = 0.0;
    for _ in 0..TRIES {
        run.becomes(WINDOW, |_| false)?;
        let (next, after) = (Instant::now(), used(run));
        found = share(after, before, next - now);
        let all = share(after, first, next - start);
        let off = |share: f64| share - f64::from(percent);
        if [found, all].iter().any(|share| off(*share).abs() <= POINTS) {
            return Ok(());
        }
        // So much is no matter of when we look.
        if off(found) > 3.0 * POINTS {
            break;
        }
        (now, before) = (next, after);
    }
    if is_limited(run, group, percent) && throttled(group) > throttled_before {
        // An emulated machine that has to wait counts time that nobody had.
        return Ok(());
    }
    Err(property.broken(
        format!("{percent} %, 5 points more or less"),
        format!("{found:.0} % of a core"),
    ))
}

/// Whether the kernel says that all threads of all of them have just this limit.
fn is_limited(run: &Run, group: &Group, percent: u32) -> bool {
    let text = |file: &str| group.text(file).unwrap_or_default();
    let limit = match group.v2 {
        true => text("cpu.max"),
        false => [text("cpu.cfs_quota_us"), text("cpu.cfs_period_us")].join(" "),
    };
    let numbers: Vec<f64> = limit.split(' ').flat_map(str::parse).collect();
    let [quota, period] = numbers[..] else {
        return false;
    };
    let threads = text(if group.v2 { "cgroup.threads" } else { "tasks" });
    let all = run.everybody_of(0);
    let inside = all
        .iter()
        .all(|one| threads.lines().any(|line| line == one.pid.to_string()));
    inside && (quota / period * 100.0 - f64::from(percent)).abs() < 1.0
}

fn share(after: Duration, before: Duration, time: Duration) -> f64 {
    after.saturating_sub(before).as_secs_f64() / time.as_secs_f64() * 100.0
}

/// Processes of the cell that have a clock of their own: no threads.
fn computing(run: &Run) -> Vec<(Witness, ClockId)> {
    let all = run.everybody().into_iter();
    all.filter_map(|one| Some((one, clock_getcpuclockid(one.pid).ok()?)))
        .collect()
}

/// CPU time of the whole cell.
fn used(run: &Run) -> Duration {
    let clocks = computing(run).into_iter();
    let times = clocks.filter_map(|(_, clock)| clock_gettime(clock).ok());
    times.map(Duration::from).sum()
}
