//! 07.1: a random call fails with a random error, and all others do what they did before. The
//! witness makes some of them; for the rest, the filters are read on their way in and asked.

use std::ops::Range;

use seccomp::{Action, Arch, Data, calls};

use crate::exercise::check::{
    Call, Checked, Ending, Judge, Outcome, Property, Run, Stack, Who, Witness, command, harmless,
    number, numbers, pick,
};

const REFUSED: Property = Property {
    is: "the call fails with the error",
    look: "seccomp(2), SECCOMP_RET_ERRNO; page 07, 2012: a filter of your own",
};
const OTHERS: Property = Property {
    is: "every other call does what it does without a filter",
    look: "seccomp(2), SECCOMP_RET_ALLOW; how far do your jumps go?",
};
const BEFORE_START: &str = "seccomp(2), ERRORS (EACCES, EINVAL); what does it say on stderr?";
const STATUS: Property = Property {
    is: "the exit status is the command's",
    look: "the task; wait(2), exit(3)",
};

/// What an answer is asked to refuse, and what else is tried.
pub struct Asked {
    /// The call's name.
    name: &'static str,
    call: Call,
    /// The error.
    pub error: u16,
    others: Vec<(&'static str, Call)>,
}

impl Asked {
    /// A random one; there are others below and above it.
    pub fn random() -> Self {
        Self::among(0..u32::MAX)
    }

    /// The same, with a number of this range.
    fn among(range: Range<u32>) -> Self {
        let mut others = harmless();
        let inner = 1..others.len() - 1;
        let fitting: Vec<usize> = inner
            .filter(|at| range.contains(&others[*at].1.number))
            .collect();
        let (name, call) = others.remove(pick(&fitting));
        // None of the calls gives one of these by itself.
        let error = number(40..120) as u16;
        Self {
            name,
            call,
            error,
            others,
        }
    }

    /// The number of the call.
    pub fn number(&self) -> u32 {
        self.call.number
    }

    fn others(&self) -> Vec<Call> {
        self.others.iter().map(|(_, call)| *call).collect()
    }

    /// What the other calls come to where no filter is.
    pub fn before(&self, run: &mut Run, unfiltered: Witness) -> Checked<Vec<Outcome>> {
        run.outcomes(unfiltered, &self.others())
    }

    /// The call is refused as it was asked, and the others are not.
    pub fn holds(&self, run: &mut Run, seen: Witness, before: &[Outcome]) -> Checked {
        run.is_filtered(seen)?;
        let outcome = run.outcomes(seen, &[self.call])?[0];
        let expected = Outcome::error(self.error);
        let call = format!("{}, call {}", self.name, self.call.number);
        REFUSED.holds(
            outcome == expected,
            format!("{call}: {expected}"),
            format!("{call}: {outcome}"),
        )?;
        let now = run.outcomes(seen, &self.others())?;
        for ((name, call), (now, before)) in self.others.iter().zip(now.iter().zip(before)) {
            let call = format!("{name}, call {}", call.number);
            let expected = format!("{call}: {before}");
            OTHERS.holds(now == before, expected, format!("{call}: {now}"))?;
        }
        Ok(())
    }
}

/// Two runs, another call and another error each time: numbers of one byte and of two.
pub fn check(judge: &mut Judge) -> Checked {
    once(judge, &Asked::among(0..256), &Ending::by_itself())?;
    once(judge, &Asked::among(256..u32::MAX), &Ending::by_signal())
}

fn once(judge: &mut Judge, asked: &Asked, ending: &Ending) -> Checked {
    let mut scene = judge.scene()?;
    scene.before_start(BEFORE_START);
    scene.with_filters();
    let folder = scene.folder()?;
    let actor = scene.witness(&folder)?;
    let plain = command(&actor.place.0, &[&actor.nonce]);
    let (call, error) = (asked.number().to_string(), asked.error.to_string());
    let answer = scene.answer(&[&call, &error, &actor.place.0, &actor.nonce]);
    let mut run = scene.run(Who::User, vec![plain, answer])?;

    let unfiltered = run.witness()?;
    let before = asked.before(&mut run, unfiltered)?;
    run.send(unfiltered, "q0")?;
    let seen = run.witness()?;
    asked.holds(&mut run, seen, &before)?;
    all_others(&run.filters(seen)?, asked)?;
    run.send(seen, &ending.order)?;
    let ends = run.ends()?;
    ending.shows(STATUS, ends[1])
}

/// Every call of this machine, without a process. What a supervisor or a tracer answers is
/// seen only where the call is made.
fn all_others(filters: &Stack, asked: &Asked) -> Checked {
    let native = Arch::native();
    for (name, number) in calls::all(native).filter(|(_, number)| *number != asked.number()) {
        let any = numbers(6);
        let arguments = std::array::from_fn(|index| any[index]);
        let answer = filters.answer(&Data::new(native, number, arguments));
        let open = matches!(
            answer,
            Action::Allow | Action::Log | Action::Notify | Action::Trace(_)
        );
        let call = format!("{name}, call {number}");
        OTHERS.holds(open, format!("{call}: allow"), format!("{call}: {answer}"))?;
    }
    Ok(())
}
