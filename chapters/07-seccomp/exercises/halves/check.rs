//! 07.3: six runs, one for each INDEX, with limits from one end to the other. The filters
//! are read on their way in and asked for 12,000 numbers, most of them near the limit in one
//! half or in both; the witness tries 120.

use seccomp::{Action, Arch, Data, calls};

use crate::exercise::check::{
    Call, Checked, Ending, Judge, Outcome, Property, Refusal, Run, Stack, Who, Witness, command,
    harmless, number, numbers, pick,
};

const ABOVE: Property = Property {
    is: "LIMIT and all above it are refused",
    look: DIGITS,
};
const BELOW: Property = Property {
    is: "all below LIMIT is allowed",
    look: DIGITS,
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

// Where to look depends on the mistake.
const DIGITS: &str = "when is a number of two digits greater than another? all 64 bits count";
const ORDER: &str = "struct seccomp_data of seccomp(2): which half of an argument comes first?";
const INDEX: &str = "struct seccomp_data of seccomp(2): where does argument INDEX begin?";
const ACTION: &str = "seccomp(2), SECCOMP_RET_ALLOW and SECCOMP_RET_ERRNO; errno(3)";
const NEVER: &str = "nothing is refused here: for which CALL does the filter look?";
const SIGN: &str = "the task: all 64 bits count, and there is no sign";

const ASKED: usize = 2000;
const LIVE: usize = 20;
const EPERM: u16 = nix::libc::EPERM as u16;

/// Calls with an argument of 64 bits, and which it is. The witness gives them no open file, no
/// process and no memory, so they change nothing.
const CALLS: &[(&str, usize)] = &[
    ("mincore", 0),
    ("msync", 0),
    ("ftruncate", 1),
    ("lseek", 1),
    ("readahead", 1),
    ("sync_file_range", 1),
    ("fallocate", 2),
    ("pread64", 2),
    ("pwrite64", 2),
    ("readahead", 2),
    ("sync_file_range", 2),
    ("fallocate", 3),
    ("preadv", 3),
    ("pread64", 3),
    ("pwrite64", 3),
    ("pwritev", 3),
    ("copy_file_range", 4),
    ("splice", 4),
    ("epoll_pwait", 5),
    ("mmap", 5),
    ("process_vm_readv", 5),
    ("process_vm_writev", 5),
];
/// To a filter, a call has six arguments. These look at none.
const WITHOUT: &[&str] = &["getegid", "geteuid", "getgid", "getuid", "sched_yield"];

/// What an answer is asked for.
struct Limited {
    name: &'static str,
    call: Call,
    index: usize,
    limit: u64,
}

impl Limited {
    /// One for each index, and each limit of another kind; not all have small numbers.
    fn all() -> Vec<Self> {
        loop {
            let mut all: Vec<_> = limits().into_iter().zip(0..).map(Self::random).collect();
            if all.iter().any(|one| one.call.number > 255) {
                all.rotate_left(number(0..6) as usize);
                return all;
            }
        }
    }

    fn random((limit, index): (u64, usize)) -> Self {
        let native = |name| calls::number(Arch::native(), name).expect("every machine has it");
        let own = CALLS
            .iter()
            .filter(|(_, at)| *at == index)
            .map(|(name, _)| {
                let arguments = [u64::MAX, 0, 0, 0, 0, 0];
                (*name, Call::native(native(name), arguments))
            });
        // Of the harmless ones, none looks at more than three, unless to find nonsense there.
        let ignored = harmless().into_iter();
        let ignored = ignored.filter(|(name, _)| index > 2 || WITHOUT.contains(name));
        let (name, call) = pick(&own.chain(ignored).collect::<Vec<_>>());
        Self {
            name,
            call,
            index,
            limit,
        }
    }

    fn words(&self) -> [String; 3] {
        [
            self.call.number.to_string(),
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
        let mut call = self.call;
        call.arguments[self.index] = value;
        call
    }

    fn property(&self, value: u64) -> Property {
        match value < self.limit {
            true => BELOW,
            false => ABOVE,
        }
    }

    fn told(&self, value: u64) -> String {
        let comparison = match value.cmp(&self.limit) {
            std::cmp::Ordering::Less => "less than",
            std::cmp::Ordering::Equal => "the same as",
            std::cmp::Ordering::Greater => "more than",
        };
        format!(
            "{}, INDEX {}, with {value:#x}, {comparison} {:#x}",
            self.name, self.index, self.limit
        )
    }

    fn expected(&self, value: u64) -> Action {
        match value < self.limit {
            true => Action::Allow,
            false => Action::Errno(EPERM),
        }
    }

    /// What the filters say if the other arguments are these.
    fn answer(&self, filters: &Stack, value: u64, mut arguments: [u64; 6]) -> Action {
        arguments[self.index] = value;
        filters.answer(&Data::new(Arch::native(), self.call.number, arguments))
    }

    /// Says what is wrong with an answer, and where to look.
    fn mistake(&self, filters: &Stack, value: u64, answer: Action) -> Refusal {
        let (expected, told) = (self.expected(value), self.told(value));
        let others = [0, u64::MAX].map(|any| (any, self.answer(filters, value, [any; 6])));
        let look = match answer {
            _ if others.iter().any(|(_, other)| *other != answer) => INDEX,
            Action::Allow | Action::Errno(EPERM) => self.confusion(filters),
            _ => ACTION,
        };
        let is_wrong = |(_, other): &&(u64, Action)| look == INDEX && *other != expected;
        let observed = match others.iter().find(is_wrong) {
            Some((any, other)) => format!("{told}, and {any:#x} in all others: {other}"),
            None => format!("{told}: {answer}"),
        };
        let property = self.property(value);
        Property { look, ..property }.broken(format!("{told}: {expected}"), observed)
    }

    /// By which wrong comparison the filters' answers can be had.
    fn confusion(&self, filters: &Stack) -> &'static str {
        let said: Vec<(u64, bool)> = (self.values(ASKED).into_iter())
            .map(|value| (value, self.answer(filters, value, [0; 6]) != Action::Allow))
            .collect();
        let is =
            |refused: &dyn Fn(u64) -> bool| said.iter().all(|(value, no)| refused(*value) == *no);
        let swapped = |value: u64| value.rotate_left(32);
        let clamped = self.limit.min(i64::MAX as u64);
        if is(&|_| false) {
            NEVER
        } else if is(&|value| swapped(value) >= self.limit)
            || is(&|value| value >= swapped(self.limit))
        {
            ORDER
        } else if is(&|value| value >= clamped) {
            SIGN
        } else {
            DIGITS
        }
    }
}

fn of(values: &[u32], any: u64) -> u32 {
    values[any as usize % values.len()]
}

/// The least and the greatest, with and without the highest bit, and with a lower half that
/// is at one of its ends; in random order.
fn limits() -> Vec<u64> {
    let any = || u64::from(number(1..u32::MAX));
    let mut limits = vec![
        1 << 32,
        u64::MAX,
        (any() << 32 | any()) | 1 << 63,
        u64::from(number(1..1 << 31)) << 32 | any(),
        any() << 32,
        any() << 32 | u64::from(u32::MAX),
    ];
    (0..limits.len())
        .map(|_| limits.swap_remove(number(0..limits.len() as u32) as usize))
        .collect()
}

/// Six runs: which one does not start is seen.
pub fn check(judge: &mut Judge) -> Checked {
    for (index, limited) in Limited::all().iter().enumerate() {
        let ending = match index % 2 {
            0 => Ending::by_itself(),
            _ => Ending::by_signal(),
        };
        once(judge, limited, &ending)?;
    }
    Ok(())
}

fn once(judge: &mut Judge, limited: &Limited, ending: &Ending) -> Checked {
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

    let unfiltered = run.witness()?;
    let live = Live::of(&mut run, unfiltered, limited)?;
    run.send(unfiltered, "q0")?;
    let seen = run.witness()?;
    let filters = run.filters(seen)?;
    asked(&filters, limited)?;
    others(&filters, limited)?;
    live.hold(&mut run, seen)?;
    run.send(seen, &ending.order)?;
    let ends = run.ends()?;
    ending.shows(STATUS, ends[1])
}

/// Numbers, without a process. What else a call has is anything.
fn asked(filters: &Stack, limited: &Limited) -> Checked {
    let any = numbers(ASKED * 8);
    for (value, any) in limited.values(ASKED).into_iter().zip(any.chunks_exact(8)) {
        // Now and then the other arguments are as great or as small as can be.
        let others = match any[7] >> 62 {
            0 => [u64::MAX; 6],
            1 => [0; 6],
            _ => std::array::from_fn(|index| any[index]),
        };
        let answer = limited.answer(filters, value, others);
        if answer != limited.expected(value) {
            return Err(limited.mistake(filters, value, answer));
        }
    }
    Ok(())
}

/// Other calls, with arguments that no limit would let through.
fn others(filters: &Stack, limited: &Limited) -> Checked {
    for number in (0..1024).filter(|number| *number != limited.call.number) {
        let answer = filters.answer(&Data::new(Arch::native(), number, [u64::MAX; 6]));
        let call = format!("call {number} with {:#x}", u64::MAX);
        OTHERS.holds(
            answer == Action::Allow,
            format!("{call}: allow"),
            format!("{call}: {answer}"),
        )?;
    }
    Ok(())
}

/// Calls of the witness, and what they come to without a filter.
struct Live<'a> {
    limited: &'a Limited,
    values: Vec<u64>,
    before: Vec<Outcome>,
}

impl<'a> Live<'a> {
    fn of(run: &mut Run, unfiltered: Witness, limited: &'a Limited) -> Checked<Self> {
        let values = limited.values(LIVE);
        let calls: Vec<Call> = values.iter().map(|value| limited.call(*value)).collect();
        let before = run.outcomes(unfiltered, &calls)?;
        Ok(Live {
            limited,
            values,
            before,
        })
    }

    fn hold(&self, run: &mut Run, seen: Witness) -> Checked {
        for (value, before) in self.values.iter().zip(&self.before) {
            let expected = match *value < self.limited.limit {
                true => *before,
                false => Outcome::error(EPERM),
            };
            let outcome = run.outcomes(seen, &[self.limited.call(*value)])?[0];
            let call = self.limited.told(*value);
            self.limited.property(*value).holds(
                outcome == expected,
                format!("made: {call}: {expected}"),
                format!("made: {call}: {outcome}"),
            )?;
        }
        Ok(())
    }
}
