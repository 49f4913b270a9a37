//! 08.5: the very checks of seven exercises, on one program.

use std::time::Duration;

use nix::libc;

use super::check_04_chroot_enter as enter;
use super::check_05_capabilities_drop as drop;
use super::check_06_namespaces_first_process as first_process;
use super::check_06_namespaces_pivot as pivot;
use super::check_07_seccomp_politely as politely;
use super::check_08_cgroups_born as born;
use super::check_08_cgroups_who_killed as who_killed;
use crate::exercise::check::{
    Call, Checked, Command, Ending, Group, Judge, Outcome, Place, Property, Run, Scene, Who,
    Witness, command, number, word,
};
use crate::machine::guest::session::times_slower;

/// Calls that an answer makes itself, in one or another of its processes: whoever refuses
/// them too early comes to no command. With nothing but zeros none of them does anything.
const NEEDED: [libc::c_long; 4] = [
    libc::SYS_mount,
    libc::SYS_pivot_root,
    libc::SYS_prctl,
    libc::SYS_capset,
];
const REFUSED: Property = Property {
    is: "the call fails with the error, also if the program has made it itself before",
    look: "seccomp(2), SECCOMP_RET_ERRNO; which process puts the filter, and after what?",
};
const BEFORE_START: &str = "what it says on stderr: which process, and which call? CALL may be \
                            one that comes before the filter";

/// Who may change its root could get out of a chroot: the command is one of those.
const SYS_CHROOT: u32 = 18;
/// A command that is moved by its parent is found outside.
const HELD: Duration = Duration::from_millis(400);

/// What the answer is asked for, each time.
struct Asked {
    jail: Place,
    megabytes: u32,
    keep: drop::Kept,
    command: [String; 2],
}

impl Asked {
    /// For a group, a call and its error.
    fn answer(&self, scene: &Scene<'_>, group: &Group, (call, error): (u32, u16)) -> Command {
        let words = [
            self.jail.0.clone(),
            group.place.0.clone(),
            self.megabytes.to_string(),
            self.keep.words(),
            call.to_string(),
            error.to_string(),
        ];
        let words = words.iter().chain(&self.command).map(String::as_str);
        let mut answer = scene.answer(&words.collect::<Vec<_>>());
        answer.leaks = true;
        answer.inherits = self.keep.others();
        answer
    }
}

/// One long life of a command, and seven deaths.
pub fn check(judge: &mut Judge) -> Checked {
    let mut scene = judge.scene()?;
    scene.before_start(BEFORE_START);
    let jail = scene.folder()?;
    scene.folder_in(&jail, "proc")?;
    scene.folder_in(&jail, "room")?;
    let actor = scene.witness(&jail)?;
    let asked = Asked {
        jail,
        megabytes: number(16..40),
        keep: drop::Kept::random().and(SYS_CHROOT),
        command: [format!("/{}", actor.name), actor.nonce.clone()],
    };
    let endings = who_killed::endings();
    let parent = scene.groups("memory")?;
    let groups: Vec<Group> = (0..=endings.len()).map(|_| parent.below(&word())).collect();
    let any = politely::Asked::random();
    let needed = (0..endings.len()).map(|index| {
        let call = NEEDED[index % NEEDED.len()];
        (call as u32, number(40..120) as u16)
    });
    let refused: Vec<_> = { std::iter::once((any.number(), any.error)) }
        .chain(needed)
        .collect();
    let answers = { groups.iter().zip(&refused) }
        .map(|(group, refused)| asked.answer(&scene, group, *refused));
    let plain = command(&actor.place.0, &[&actor.nonce]);
    let commands = std::iter::once(plain).chain(answers).collect();
    let mut run = scene.run(Who::Root, commands)?;
    run.last(Duration::from_secs(30) * times_slower());

    life(&mut run, &asked, &any, &groups[0])?;
    for (index, (group, ending)) in groups[1..].iter().zip(endings).enumerate() {
        let seen = run.witness_of(index + 2)?;
        born::born(group, seen)?;
        who_killed::limited(group, asked.megabytes)?;
        is_refused(&mut run, seen, refused[index + 1])?;
        who_killed::tells(&mut run, seen, ending, asked.megabytes, index + 2)?;
    }
    Ok(())
}

/// A call that the answer needed before.
fn is_refused(run: &mut Run, seen: Witness, (number, error): (u32, u16)) -> Checked {
    let outcome = run.outcomes(seen, &[Call::native(number, [0; 6])])?[0];
    let expected = Outcome::error(error);
    let call = |outcome| format!("call {number}: {outcome}");
    REFUSED.holds(outcome == expected, call(expected), call(outcome))
}

/// All that can be seen of a command that lives.
fn life(run: &mut Run, asked: &Asked, refused: &politely::Asked, group: &Group) -> Checked {
    let unfiltered = run.witness()?;
    let before = refused.before(run, unfiltered)?;
    run.send(unfiltered, "q0")?;
    run.hold_parents(HELD);
    let seen = run.witness_of(1)?;
    born::born(group, seen)?;
    who_killed::limited(group, asked.megabytes)?;
    first_process::numbers(run, seen)?;
    first_process::mounts(run, seen)?;
    pivot::is_forgotten(run, seen, &asked.jail)?;
    enter::is_inside(run, seen, &asked.jail)?;
    asked.keep.holds(run, seen)?;
    refused.holds(run, seen, &before)?;
    acts(run, asked, group, seen)?;
    let ending = Ending::by_itself();
    run.send(seen, &ending.order)?;
    let end = run.end_of(1)?;
    born::gone(group, &ending, end)
}

/// What shows only when it does something.
fn acts(run: &mut Run, asked: &Asked, group: &Group, seen: Witness) -> Checked {
    first_process::orphan(run, seen)?;
    first_process::signal(run, seen)?;
    born::children(run, group, seen)?;
    pivot::stays(run, seen, &asked.jail)
}
