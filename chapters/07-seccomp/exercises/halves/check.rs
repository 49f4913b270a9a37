//! 07.3: a random limit above 2^32. The filters are read on their way in and asked for 10,000
//! numbers, most of them near the limit in one half or in both; the witness tries 50.

use seccomp::{Action, Arch, Data, calls};

use crate::exercise::check::{
    Call, Checked, Ending, Judge, Outcome, Property, Run, Stack, Who, Witness, command, number,
    numbers, pick,
};

const ABOVE: Property = Property {
    is: "LIMIT and all above it are refused",
    look: "when is a number of two digits greater than another? seccomp(2)",
};
const BELOW: Property = Property {
    is: "all below LIMIT is allowed",
    look: "struct seccomp_data of seccomp(2): which half of an argument comes first?",
};
const OTHERS: Property = Property {
    is: "no other call is refused",
    look: "seccomp(2), SECCOMP_RET_ALLOW; how far do your jumps go?",
};
const BEFORE_START: &str = "seccomp(2), ERRORS (EACCES, EINVAL); what does it say on stderr?";
const STATUS: Property = Property {
    is: "the exit status is the command's",
    look: "the task; wait(2), exit(3)",
};

const ASKED: usize = 10_000;
const LIVE: usize = 50;
const EPERM: u16 = nix::libc::EPERM as u16;

/// Calls with an argument of 64 bits, and which it is. The witness gives them no open file, so
/// they change nothing.
const CALLS: &[(&str, usize)] = &[
    ("fallocate", 2),
    ("fallocate", 3),
    ("ftruncate", 1),
    ("lseek", 1),
    ("pread64", 3),
    ("pwrite64", 3),
    ("readahead", 1),
];

/// What an answer is asked for.
struct Limited {
    name: &'static str,
    number: u32,
    index: usize,
    limit: u64,
}

impl Limited {
    fn random(low: u32) -> Self {
        let (name, index) = pick(CALLS);
        let native = calls::number(Arch::native(), name);
        let high = u64::from(number(2..u32::MAX - 1));
        Self {
            name,
            number: native.expect("every machine has it"),
            index,
            limit: high << 32 | u64::from(low),
        }
    }

    fn words(&self) -> [String; 3] {
        [
            self.number.to_string(),
            self.index.to_string(),
            self.limit.to_string(),
        ]
    }

    /// The limit and its neighbours; then each half near that of the limit, near the other
    /// half, or anything. Those below the limit come first.
    fn values(&self, count: usize) -> Vec<u64> {
        let (high, low) = ((self.limit >> 32) as u32, self.limit as u32);
        let near = |half: u32| [half.wrapping_sub(1), half, half.wrapping_add(1)];
        let highs = [near(high), near(high), near(low), near(0)].concat();
        let lows = [near(low), near(low), near(high), near(0)].concat();
        let join = |high: u32, low: u32| u64::from(high) << 32 | u64::from(low);
        let fixed = near(high).into_iter().flat_map(|high| {
            let lows = near(low).into_iter().chain([0, u32::MAX]);
            lows.map(move |low| join(high, low))
        });
        let one = |any: u64| match any % 4 {
            0 => any,
            1 => join(of(&highs, any >> 8), (any >> 32) as u32),
            2 => join((any >> 32) as u32, of(&lows, any >> 8)),
            _ => join(of(&highs, any >> 8), of(&lows, any >> 32)),
        };
        let random = numbers(count).into_iter().map(one);
        let all = [self.limit, self.limit - 1].into_iter().chain(fixed);
        let mut values: Vec<u64> = all.chain(random).take(count).collect();
        values.sort_by_key(|value| *value >= self.limit);
        values
    }

    fn call(&self, value: u64) -> Call {
        let mut arguments = [u64::MAX, 0, 0, 0, 0, 0];
        arguments[self.index] = value;
        Call::native(self.number, arguments)
    }

    fn property(&self, value: u64) -> &'static Property {
        match value < self.limit {
            true => &BELOW,
            false => &ABOVE,
        }
    }

    fn told(&self, value: u64) -> String {
        let comparison = match value.cmp(&self.limit) {
            std::cmp::Ordering::Less => "less than",
            std::cmp::Ordering::Equal => "the same as",
            std::cmp::Ordering::Greater => "more than",
        };
        format!(
            "{} with {value:#x}, {comparison} {:#x}",
            self.name, self.limit
        )
    }
}

fn of(values: &[u32], any: u64) -> u32 {
    values[any as usize % values.len()]
}

/// Two runs; in the second, a half of the limit is at one of its ends.
pub fn check(judge: &mut Judge) -> Checked {
    once(judge, number(2..u32::MAX - 1), &Ending::by_itself())?;
    once(judge, pick(&[0, u32::MAX]), &Ending::by_signal())
}

fn once(judge: &mut Judge, low: u32, ending: &Ending) -> Checked {
    let limited = Limited::random(low);
    let mut scene = judge.scene()?;
    scene.before_start(BEFORE_START);
    scene.with_filters();
    let folder = scene.folder()?;
    let actor = scene.witness(&folder)?;
    let plain = command(&actor.place.0, &[&actor.nonce]);
    let [call, index, limit] = limited.words();
    let words = [&call, &index, &limit, &actor.place.0, &actor.nonce];
    let answer = scene.answer(&words.map(String::as_str));
    let mut run = scene.run(Who::User, vec![plain, answer])?;

    let live: Vec<(u64, Call)> = (limited.values(LIVE).into_iter())
        .map(|value| (value, limited.call(value)))
        .collect();
    let calls: Vec<Call> = live.iter().map(|(_, call)| *call).collect();
    let unfiltered = run.witness()?;
    let before = run.outcomes(unfiltered, &calls)?;
    run.send(unfiltered, "q0")?;
    let seen = run.witness()?;
    asked(&run.filters(seen)?, &limited)?;
    tried(&mut run, seen, &limited, &live, &before)?;
    run.send(seen, &ending.order)?;
    let ends = run.ends()?;
    ending.shows(STATUS, ends[1])
}

/// Numbers, without a process. What else a call has is anything.
fn asked(filters: &Stack, limited: &Limited) -> Checked {
    let any = numbers(ASKED * 8);
    for (value, any) in limited.values(ASKED).into_iter().zip(any.chunks_exact(8)) {
        let mut data = Data::new(Arch::native(), limited.number, [0; 6]);
        data.instruction_pointer = any[6];
        // Now and then the other arguments are as great as can be.
        data.args = match any[7] >> 62 {
            0 => [u64::MAX; 6],
            _ => std::array::from_fn(|index| any[index]),
        };
        data.args[limited.index] = value;
        let expected = match value < limited.limit {
            true => Action::Allow,
            false => Action::Errno(EPERM),
        };
        let answer = filters.answer(&data);
        let call = limited.told(value);
        limited.property(value).holds(
            answer == expected,
            format!("{call}: {expected}"),
            format!("{call}: {answer}"),
        )?;
        data.nr = any[7] as u32 % 1024;
        if data.nr != limited.number {
            let answer = filters.answer(&data);
            let call = format!("call {} with {value:#x}", data.nr);
            OTHERS.holds(
                answer == Action::Allow,
                format!("{call}: allow"),
                format!("{call}: {answer}"),
            )?;
        }
    }
    Ok(())
}

/// Calls of the witness.
fn tried(
    run: &mut Run,
    seen: Witness,
    limited: &Limited,
    live: &[(u64, Call)],
    before: &[Outcome],
) -> Checked {
    for ((value, call), before) in live.iter().zip(before) {
        let expected = match *value < limited.limit {
            true => *before,
            false => Outcome::error(EPERM),
        };
        let outcome = run.outcomes(seen, &[*call])?[0];
        let call = limited.told(*value);
        limited.property(*value).holds(
            outcome == expected,
            format!("made: {call}: {expected}"),
            format!("made: {call}: {outcome}"),
        )?;
    }
    Ok(())
}
