//! 07.2: the filters are read on their way in and asked for pairs of architecture and number;
//! then the witness makes some of these calls.

use std::ops::Range;

use seccomp::{Action, Arch, Data, calls};

use crate::exercise::check::{
    Call, Checked, Ending, Judge, Outcome, Property, Run, Stack, Way, Who, Witness, command,
    harmless, numbers, pick,
};

const NATIVE: Property = Property {
    is: "the call is refused to the machine's own programs",
    look: "seccomp(2), SECCOMP_RET_ERRNO",
};
const OLD: Property = Property {
    is: "the call is refused to 32-bit programs",
    look: "page 07, What a filter is made of; struct seccomp_data of seccomp(2)",
};
const X32: Property = Property {
    is: "the call is refused in x32",
    look: "page 07, What a filter is made of; seccomp(2), NOTES",
};
const OTHERS: Property = Property {
    is: "no other call is refused",
    look: "what does the number mean in this architecture? seccomp(2), NOTES",
};
const UNKNOWN: Property = Property {
    is: "an unknown architecture is allowed nothing",
    look: "page 07, What a filter is made of; its fourth instruction; seccomp(2)",
};
const BEFORE_START: &str = "seccomp(2), ERRORS (EACCES, EINVAL); what does it say on stderr?";
const STATUS: Property = Property {
    is: "the exit status is the command's",
    look: "the task; wait(2), exit(3)",
};

const EPERM: u16 = nix::libc::EPERM as u16;
/// Numbers from here on are x32's, or nobody's.
const X32_BIT: u32 = seccomp::arch::X32_BIT;
/// AUDIT_ARCH_ARM: whose programs 64-bit ARM may run, too.
const ARM: u32 = 0x4000_0028;

/// A call by its two numbers.
#[derive(Clone, Copy)]
struct Refused {
    name: &'static str,
    native: Call,
    old: u32,
}

/// What 32-bit ARM has otherwise than 32-bit x86, whose numbers below 200 it shares.
const ON_ARM: &[(&str, u32)] = &[
    ("syncfs", 373),
    ("renameat2", 382),
    ("memfd_create", 385),
    ("mlock2", 390),
];

/// Harmless calls of which we know what they are to 32-bit programs.
fn candidates() -> Vec<Refused> {
    let old = |name| match Arch::native() {
        Arch::Aarch64 => {
            let own = ON_ARM.iter().find(|(call, _)| *call == name);
            let shared = || calls::number(Arch::X86, name).filter(|old| *old < 200);
            own.map(|(_, old)| *old).or_else(shared)
        }
        _ => calls::number(Arch::X86, name),
    };
    let both = harmless().into_iter().filter_map(|(name, native)| {
        let old = old(name)?;
        Some(Refused { name, native, old })
    });
    both.collect()
}

/// The token of 32-bit programs.
fn old() -> u32 {
    match Arch::native() {
        Arch::Aarch64 => ARM,
        _ => Arch::X86.token(),
    }
}

/// Two runs, another call each time: numbers of one byte and of two.
pub fn check(judge: &mut Judge) -> Checked {
    once(judge, 0..256, &Ending::by_itself())?;
    once(judge, 256..X32_BIT, &Ending::by_signal())
}

fn once(judge: &mut Judge, range: Range<u32>, ending: &Ending) -> Checked {
    let is_in = |one: &Refused| range.contains(&one.native.number) && range.contains(&one.old);
    let fitting: Vec<Refused> = candidates().into_iter().filter(is_in).collect();
    let refused = pick(&fitting);
    let mut scene = judge.scene()?;
    scene.before_start(BEFORE_START);
    scene.with_filters();
    let folder = scene.folder()?;
    let actor = scene.witness(&folder)?;
    let plain = command(&actor.place.0, &[&actor.nonce]);
    let (first, second) = (refused.native.number.to_string(), refused.old.to_string());
    let answer = scene.answer(&[&first, &second, &actor.place.0, &actor.nonce]);
    let mut run = scene.run(Who::User, vec![plain, answer])?;

    let unfiltered = run.witness()?;
    let before = Live::of(&mut run, unfiltered, &refused)?;
    if !before.ended {
        run.send(unfiltered, "q0")?;
    }
    let seen = run.witness()?;
    asked(&run.filters(seen)?, &refused)?;
    before.hold(&mut run, seen, &refused)?;
    run.send(seen, &ending.order)?;
    let ends = run.ends()?;
    ending.shows(STATUS, ends[1])
}

/// Pairs of architecture and number, without a process.
fn asked(filters: &Stack, refused: &Refused) -> Checked {
    let native = Arch::native().token();
    let eperm = Action::Errno(EPERM);
    let is = |property: &Property, arch, nr, expected: Action| {
        let answer = filters.answer(&data(arch, nr));
        let call = call(arch, nr);
        property.holds(
            answer == expected,
            format!("{call}: {expected}"),
            format!("{call}: {answer}"),
        )
    };
    is(&NATIVE, native, refused.native.number, eperm)?;
    is(&OLD, old(), refused.old, eperm)?;
    if Arch::native() == Arch::X86_64 {
        is(&X32, native, refused.native.number | X32_BIT, eperm)?;
    }
    let random = numbers(2000).into_iter().map(|any| any as u32 % X32_BIT);
    let all: Vec<u32> = (0..1024).chain(random).collect();
    for nr in &all {
        if *nr != refused.native.number {
            is(&OTHERS, native, *nr, Action::Allow)?;
        }
        if *nr != refused.old {
            is(&OTHERS, old(), *nr, Action::Allow)?;
        }
    }
    for (nr, arch) in all.into_iter().zip(unknown()) {
        let answer = filters.answer(&data(arch, nr));
        let observed = format!("{}: {answer}", call(arch, nr));
        UNKNOWN.holds(is_closed(answer), "an error, or the end", observed)?;
    }
    Ok(())
}

/// Without anybody's help: error 0 is success to whoever called.
fn is_closed(answer: Action) -> bool {
    match answer {
        Action::KillProcess | Action::KillThread | Action::Trap => true,
        Action::Errno(error) => error != 0,
        Action::Notify | Action::Trace(_) | Action::Log | Action::Allow => false,
    }
}

/// Architectures that are not of this machine; many differ from one that is by a bit.
fn unknown() -> Vec<u32> {
    let tokens = [Arch::native().token(), old()];
    let bits = (0..32).flat_map(|bit| tokens.map(|token| token ^ 1 << bit));
    let known = [
        ARM,
        Arch::X86.token(),
        Arch::X86_64.token(),
        Arch::Aarch64.token(),
    ];
    let random = numbers(2000).into_iter().map(|any| any as u32);
    let all = bits.chain(known).chain(random);
    all.filter(|token| !tokens.contains(token)).collect()
}

/// A filter that looks at anything else is wrong for some of them.
fn data(arch: u32, nr: u32) -> Data {
    let any = numbers(7);
    Data {
        nr,
        arch,
        instruction_pointer: any[6],
        args: std::array::from_fn(|index| any[index]),
    }
}

fn call(arch: u32, nr: u32) -> String {
    match Arch::of_call(arch, nr).filter(|_| arch == Arch::native().token() || arch == old()) {
        Some(Arch::X32) => format!("{nr:#x} (x32) of architecture {arch:#x}"),
        Some(arch) => format!("call {nr} of {arch}"),
        None => format!("call {nr} of architecture {arch:#x}"),
    }
}

/// Calls that the witness makes, and what they came to without a filter.
struct Live {
    native: Vec<Outcome>,
    /// None where the machine takes no `int 0x80`.
    old: Option<Vec<Outcome>>,
    /// By trying that, which it did not survive.
    ended: bool,
}

impl Live {
    fn of(run: &mut Run, seen: Witness, refused: &Refused) -> Checked<Self> {
        let native = run.outcomes(seen, &natives(refused))?;
        let mut live = Live {
            native,
            old: None,
            ended: false,
        };
        if Arch::native() == Arch::X86_64 {
            let outcomes = run.outcomes(seen, &olds(refused))?;
            live.ended = matches!(outcomes.last(), Some(Outcome::Ended(_)));
            live.old = (!live.ended).then_some(outcomes);
        }
        Ok(live)
    }

    fn hold(&self, run: &mut Run, seen: Witness, refused: &Refused) -> Checked {
        let mut live = |property: &Property, call: &Call, expected: &Outcome| {
            let outcome = run.outcomes(seen, &[*call])?[0];
            let name = match call.way {
                Way::Native => format!("made: call {:#x}", call.number),
                Way::Interrupt => format!("made: call {} by int 0x80", call.number),
            };
            property.holds(
                outcome == *expected,
                format!("{name}: {expected}"),
                format!("{name}: {outcome}"),
            )
        };
        for (call, expected) in natives(refused).iter().zip(&self.native) {
            live(&OTHERS, call, expected)?;
        }
        let eperm = Outcome::error(EPERM);
        live(&NATIVE, &refused.native, &eperm)?;
        if Arch::native() == Arch::X86_64 {
            let number = refused.native.number | X32_BIT;
            let call = Call::native(number, refused.native.arguments);
            live(&X32, &call, &eperm)?;
        }
        for (call, expected) in olds(refused).iter().zip(self.old.iter().flatten()) {
            live(&OTHERS, call, expected)?;
        }
        if self.old.is_some() {
            live(&OLD, &by_interrupt(refused), &eperm)?;
        }
        Ok(())
    }
}

fn by_interrupt(of: &Refused) -> Call {
    Call {
        way: Way::Interrupt,
        number: of.old,
        ..of.native
    }
}

fn others(refused: &Refused) -> impl Iterator<Item = Refused> + use<> {
    let name = refused.name;
    candidates().into_iter().filter(move |one| one.name != name)
}

fn natives(refused: &Refused) -> Vec<Call> {
    others(refused).map(|one| one.native).collect()
}

fn olds(refused: &Refused) -> Vec<Call> {
    others(refused).map(|one| by_interrupt(&one)).collect()
}
