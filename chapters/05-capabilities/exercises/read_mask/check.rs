//! 05.1: a process with random sets, and copies from a kernel with more of them.

use std::collections::BTreeSet;

use groundwork::kernel::{self, CapabilitySets};

use crate::exercise::check::{Checked, End, Judge, Place, Property, Refusal, Run, Target, Who};
use crate::exercise::check::{number, word};

const PERMITTED: Property = Property {
    is: "every capability in CapPrm is told, and no other",
    look: "capabilities(7), Capabilities list; which line of the file, and all of its digits?",
};
const EFFECTIVE: Property = Property {
    is: "every capability in CapEff is told, and no other",
    look: "capabilities(7), Capabilities list; which line of the file, and all of its digits?",
};
const UNKNOWN: Property = Property {
    is: "a capability without a name is told by its number",
    look: "the task, What to write; how many bits has a set?",
};
const NONE: Property = Property {
    is: "an empty set is none",
    look: "the task, What to write",
};

const WRITTEN: Property = Property {
    is: "two lines on stdout, as the task writes them",
    look: "the task, What to write, and its example",
};
const STATUS: Property = Property {
    is: "the exit status is 0",
    look: "exit(3); what does it say on stderr?",
};

/// Bits of a set that no kernel of today has.
const UNNAMED: std::ops::Range<u32> = 41..64;
const HIGHEST: u64 = 1 << 63;

/// A live process that lies about its name, and two files, one with an empty set.
pub fn check(judge: &mut Judge) -> Checked {
    let mut scene = judge.scene()?;
    let known = u32::from(kernel::last_capability()).min(UNNAMED.start - 1) + 1;
    let permitted = bits(0..known) | bits(32..known);
    let live = CapabilitySets {
        permitted,
        effective: permitted & !bits(32..known),
        inheritable: bits(0..known),
    };
    scene.targets(vec![Target {
        name: Some(format!("CapPrm:\t{:x}", number(1..0x1000))),
        capabilities: Some(live),
        ..Target::default()
    }]);
    // The highest bit is in a set of each run: who leaves it out does not pass by luck.
    let younger = [(some() | HIGHEST, some()), (bits(0..64), 0)];
    let mut commands = vec![scene.answer(&["/proc/{0}/status"])];
    for (permitted, effective) in younger {
        let place = Place(format!("/box/{}", word()));
        scene.file(&place, status(permitted, effective)?)?;
        commands.push(scene.answer(&[&place.0]));
    }
    let mut run = scene.run(Who::Root, commands)?;
    let ends = run.ends()?;

    let kernel_says = |key| -> Checked<u64> {
        let digits = run.target(0).status(key)?;
        u64::from_str_radix(&digits, 16).map_err(|_| Refusal::Undone(format!("{key}: {digits}")))
    };
    let seen = (kernel_says("CapPrm")?, kernel_says("CapEff")?);
    let all = [seen].into_iter().chain(younger);
    for (command, (permitted, effective)) in all.enumerate() {
        says(&run, PERMITTED, command, "permitted", permitted)?;
        says(&run, EFFECTIVE, command, "effective", effective)?;
        let sets = [("permitted", permitted), ("effective", effective)];
        written(&run, command, sets)?;
        STATUS.same(&End::Status(0), &ends[command])?;
    }
    Ok(())
}

/// Some bits of a range, at least one.
fn bits(of: std::ops::Range<u32>) -> u64 {
    (0..3).fold(0, |set, _| set | 1 << number(of.clone()))
}

/// A set with bits that have names, and bits that have none.
fn some() -> u64 {
    bits(0..32) | bits(32..UNNAMED.start) | bits(UNNAMED)
}

/// What a younger kernel might say of a process: as this one does, with these sets, another
/// name, which is no text, and lines more.
fn status(permitted: u64, effective: u64) -> Checked<Vec<u8>> {
    let ours = std::fs::read("/proc/self/status")?;
    let ours = String::from_utf8_lossy(&ours);
    let mut lines = Vec::new();
    for line in ours.lines().skip(1) {
        lines.push(match line.split(':').next() {
            Some("CapInh") => format!("CapInh:\t{:016x}", some()),
            Some("CapPrm") => format!("CapPrm:\t{permitted:016x}"),
            Some("CapEff") => format!("CapEff:\t{effective:016x}"),
            _ => line.to_owned(),
        });
    }
    for key in [word(), "CapPrmX".to_owned(), "CapEffX".to_owned()] {
        lines.insert(number(1..6) as usize, format!("{key}:\t{:016x}", some()));
    }
    let name = format!("Name:\tCapEff:\t{:x}", number(1..0x1000));
    let rest = format!("\n{}\n", lines.join("\n"));
    Ok([name.as_bytes(), b"\xff", rest.as_bytes()].concat())
}

/// The line of a word has this set.
fn says(run: &Run, property: Property, command: usize, word: &str, set: u64) -> Checked {
    let said = run.printed(command);
    let mut lines = said.lines().map(str::trim);
    let line = lines.find(|line| line.split_whitespace().next() == Some(word));
    let observed = line.map_or_else(
        || {
            let last = said.trim().lines().last().unwrap_or("nothing on stdout");
            format!("no line for {word}: {last}{}", run.last_words(command))
        },
        str::to_owned,
    );
    let told = line.unwrap_or_default()[line.map_or(0, |_| word.len())..].split([',', ' ']);
    let told: BTreeSet<String> = told
        .filter(|one| !one.is_empty())
        .map(str::to_owned)
        .collect();
    let list = names(set);
    let wanted: BTreeSet<String> = list.iter().cloned().collect();
    let unnamed = |set: &BTreeSet<String>| -> BTreeSet<String> {
        let named = kernel::capability_names();
        let has_name = |one: &String| named.contains(&one.to_uppercase().as_str());
        set.iter().filter(|one| !has_name(one)).cloned().collect()
    };
    let only_unnamed = line.is_some()
        && told
            .difference(&unnamed(&told))
            .eq(wanted.difference(&unnamed(&wanted)));
    let property = match set {
        0 => NONE,
        _ if only_unnamed => UNKNOWN,
        _ => property,
    };
    let expected = format!("{word} {}", list.join(","));
    property.holds(told == wanted, expected, observed)
}

/// There is nothing else, and what is there is written as the task has it.
fn written(run: &Run, command: usize, sets: [(&str, u64); 2]) -> Checked {
    let said = run.printed(command);
    let lines: Vec<&str> = said.lines().collect();
    let count = format!("{} lines", lines.len());
    WRITTEN.holds(lines.len() == sets.len(), "2 lines", count)?;
    for ((word, set), line) in sets.into_iter().zip(lines) {
        let mut list = names(set);
        let expected = format!("{word} {}", list.join(","));
        let (first, rest) = line.trim_end().split_once(' ').unwrap_or_default();
        let mut told: Vec<_> = rest.split(',').map(str::to_owned).collect();
        list.sort_unstable();
        told.sort_unstable();
        WRITTEN.holds(first == word && told == list, expected, line)?;
    }
    Ok(())
}

/// As the task wants them.
fn names(set: u64) -> Vec<String> {
    let held = (0..64_u8).filter(|bit| set >> bit & 1 == 1);
    let name = |bit| kernel::capability_name(bit).to_lowercase();
    match set {
        0 => vec!["none".to_owned()],
        _ => held.map(name).collect(),
    }
}
