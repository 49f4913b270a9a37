//! 08.3: seven commands in one group end in a random order of ways.

use groundwork::kernel::{self, Signal};

use crate::exercise::check::{Checked, Group, Judge, Property, Run, Who, Witness, code, number};
use crate::machine::guest::session::times_slower;

const LIMITED: Property = Property {
    is: "the group has its limit of memory when the command begins",
    look: "page 08, A hundred megabytes; which files has the group?",
};
const NO_SWAP: Property = Property {
    is: "what does not fit into memory does not go to swap",
    look: "page 08, A hundred megabytes; on v1 the files with memsw",
};
const INSIDE: Property = Property {
    is: "the command is in the group when it begins",
    look: "08.2; what does the child do before exec?",
};
const TOLD: Property = Property {
    is: "the program says what ended the command",
    look: "wait(2); oom_kill in memory.events, on v1 in memory.oom_control",
};

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It takes too much.
    Memory,
    /// It gets this signal.
    Signal(u8),
    /// It has had all the memory that it may have; then somebody sends it a SIGKILL.
    FullThenKilled,
    /// It ends by itself.
    Status(u8),
    /// A child of it takes too much; it ends by itself.
    ChildThenStatus(u8),
}

impl std::fmt::Display for Ending {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Ending::Memory => write!(out, "memory"),
            Ending::Signal(number) => write!(out, "signal {number}"),
            Ending::FullThenKilled => write!(out, "signal {}", Signal::SIGKILL as i32),
            Ending::Status(status) | Ending::ChildThenStatus(status) => {
                write!(out, "status {status}")
            }
        }
    }
}

const KILLED: Ending = Ending::Signal(9);

/// All in one cell; the last SIGKILL comes after the counter went up.
pub fn check(judge: &mut Judge) -> Checked {
    let endings = endings();
    let mut scene = judge.scene()?;
    let folder = scene.folder()?;
    let actor = scene.witness(&folder)?;
    let group = scene.group("memory")?;
    let megabytes = number(16..40);
    let words = [
        &group.place.0,
        &megabytes.to_string(),
        &actor.place.0,
        &actor.nonce,
    ];
    let answer = scene.answer(&words.map(String::as_str));
    let mut run = scene.run(Who::Root, vec![answer; endings.len()])?;
    run.last(std::time::Duration::from_secs(30) * times_slower());
    run.hold_parents(std::time::Duration::from_millis(30));
    for (index, ending) in endings.into_iter().enumerate() {
        let seen = run.witness_of(index)?;
        INSIDE.holds(
            group.has(seen),
            format!("it is in {}", group.place),
            "it began outside",
        )?;
        limited(&group, megabytes)?;
        tells(&mut run, seen, ending, megabytes, index)?;
    }
    Ok(())
}

/// All ways to end, and one of them twice.
pub fn endings() -> Vec<Ending> {
    let mut endings = shuffled(vec![
        Ending::Memory,
        KILLED,
        Ending::FullThenKilled,
        Ending::Signal(6),
        Ending::Status(137),
        Ending::ChildThenStatus(code()),
    ]);
    endings.push(KILLED);
    endings
}

/// Lets the command end so: the program of `index` says it.
pub fn tells(
    run: &mut Run,
    seen: Witness,
    ending: Ending,
    megabytes: u32,
    index: usize,
) -> Checked {
    let told = ends(run, seen, ending, megabytes, index)?;
    let expected = ending.to_string();
    TOLD.holds(told == expected, expected, format!("it says {told}"))
}

fn shuffled(mut list: Vec<Ending>) -> Vec<Ending> {
    for last in (1..list.len()).rev() {
        list.swap(last, number(0..last as u32 + 1) as usize);
    }
    list
}

/// The group has this limit of memory, and none of it more in swap.
pub fn limited(group: &Group, megabytes: u32) -> Checked {
    let bytes = u64::from(megabytes) << 20;
    let (memory, swap) = match group.v2 {
        true => ("memory.max", "memory.swap.max"),
        false => ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes"),
    };
    let found = group.text(memory).unwrap_or_default();
    LIMITED.holds(
        found == bytes.to_string(),
        format!("{memory} is {bytes}"),
        format!("it is {found}"),
    )?;
    // Not every kernel has a file for it.
    let Some(found) = group.text(swap) else {
        return Ok(());
    };
    let expected = if group.v2 { 0 } else { bytes };
    let never_swaps = !group.v2 && group.text("memory.swappiness").as_deref() == Some("0");
    NO_SWAP.holds(
        found == expected.to_string() || never_swaps,
        format!("{swap} is {expected}"),
        format!("it is {found}"),
    )
}

/// Lets the command end so; what the program of `index` says then.
fn ends(
    run: &mut Run,
    seen: Witness,
    ending: Ending,
    megabytes: u32,
    index: usize,
) -> Checked<String> {
    let much = megabytes * 3;
    match ending {
        Ending::Memory => run.send(seen, &format!("m{much}"))?,
        Ending::Signal(number) => run.send(seen, &format!("k{number}"))?,
        Ending::FullThenKilled => {
            run.order(seen, &format!("g{}", megabytes + 4))?;
            kernel::kill(seen.pid, Signal::SIGKILL)?;
        }
        Ending::Status(status) => run.send(seen, &format!("q{status}"))?,
        Ending::ChildThenStatus(status) => {
            run.order(seen, &format!("M{much}"))?;
            run.send(seen, &format!("q{status}"))?;
        }
    }
    run.end_of(index)?;
    let said = run.said(index);
    Ok(said.lines().last().unwrap_or("nothing").trim().to_owned())
}
