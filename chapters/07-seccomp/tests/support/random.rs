//! Random profiles, and calls that lie where their rules begin and end.

#![allow(dead_code)] // each test target uses a part

use fastrand::Rng;
use seccomp::arch::X32_BIT;
use seccomp::profile::{Compare, Op, Rule};
use seccomp::{Action, Arch, Data, Profile, calls, multiplex};

/// Calls of each kind: with the same number everywhere and not, of one architecture alone,
/// and many in one on 32-bit x86.
const CALLS: [&str; 16] = [
    "read",
    "write",
    "open",
    "ioctl",
    "clone",
    "personality",
    "mount",
    "umount2",
    "stat64",
    "socket",
    "accept",
    "sendmsg",
    "semop",
    "shmat",
    "arch_prctl",
    "clone3",
];

const ACTIONS: [Action; 7] = [
    Action::Allow,
    Action::Errno(1),
    Action::Errno(38),
    Action::KillThread,
    Action::KillProcess,
    Action::Trap,
    Action::Log,
];

const OPS: [Op; 7] = [
    Op::Less,
    Op::LessOrEqual,
    Op::NotEqual,
    Op::Equal,
    Op::GreaterOrEqual,
    Op::Greater,
    Op::MaskedEqual,
];

/// What sort of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rules {
    /// One condition at most, an equality or a lower bound, on a call that is made by its own
    /// number; all rules for a call have the same action.
    Plain,
    /// All rules for a call have the same action.
    Agree,
    /// They may not.
    Differ,
    /// They may not, and each has several conditions.
    Tangled,
}

/// A profile.
pub fn profile(rng: &mut Rng, rules: Rules) -> Profile {
    let mut profile = Profile::new(*rng.choice(&ACTIONS).unwrap());
    profile.archs = archs(rng);
    let actions: Vec<_> = CALLS
        .iter()
        .map(|_| *rng.choice(&ACTIONS).unwrap())
        .collect();
    for _ in 0..rng.usize(1..14) {
        // Half of the rules are about few calls, so that several meet.
        let call = if rng.bool() {
            rng.usize(..3)
        } else {
            rng.usize(..CALLS.len())
        };
        let plain = rules == Rules::Plain;
        if plain && multiplex::has(Arch::X86, CALLS[call]) {
            continue;
        }
        let action = match rules {
            Rules::Plain | Rules::Agree => actions[call],
            Rules::Differ | Rules::Tangled => *rng.choice(&ACTIONS).unwrap(),
        };
        let count = match rules {
            Rules::Plain => usize::from(rng.u8(..4) > 0),
            Rules::Tangled => rng.usize(1..4),
            _ => [0, 1, 1, 1, 2, 2, 3][rng.usize(..7)],
        };
        profile.rules.push(Rule {
            calls: vec![CALLS[call].to_owned()],
            action,
            args: conditions(rng, count, if plain { &OPS[2..] } else { &OPS }),
            archs: None,
        });
    }
    profile
}

fn archs(rng: &mut Rng) -> Vec<Arch> {
    let sets: [&[Arch]; 6] = [
        &[Arch::X86_64],
        &[Arch::X86],
        &[Arch::X32],
        &[Arch::Aarch64],
        &[Arch::X86_64, Arch::X86],
        &[Arch::X86_64, Arch::X86, Arch::X32],
    ];
    rng.choice(sets).unwrap().to_vec()
}

fn conditions(rng: &mut Rng, count: usize, ops: &[Op]) -> Vec<Compare> {
    let indices = rng.choose_multiple(0..4, count);
    let condition = |index| Compare {
        index,
        op: *rng.choice(ops).unwrap(),
        value: value(rng),
        value_two: value(rng),
    };
    indices.into_iter().map(condition).collect()
}

/// Values that meet, and values that differ in one half.
fn value(rng: &mut Rng) -> u64 {
    let low = [0, 1, 5, 0x11, 0x7e02_0000, 0x8000_0000, 0xffff_ffff];
    let high = [0, 0, 0, 1, 0x7fff_ffff, 0xffff_ffff];
    match rng.u8(..10) {
        0 => rng.u64(..),
        _ => rng.choice(high).unwrap() << 32 | rng.choice(low).unwrap(),
    }
}

/// Calls that show what a profile's program does: for each rule, arguments from its own
/// values; a tenth is uniform.
pub fn calls_for(rng: &mut Rng, profile: &Profile, each: usize) -> Vec<Data> {
    let mut all = Vec::new();
    for rule in &profile.rules {
        for name in &rule.calls {
            for arch in Arch::ALL {
                for _ in 0..each {
                    all.extend(call(rng, profile, rule, name, arch));
                }
            }
        }
    }
    all.extend((0..each * 4).map(|_| anywhere(rng)));
    all
}

/// One call: by its own number, or through another.
fn call(rng: &mut Rng, profile: &Profile, rule: &Rule, name: &str, arch: Arch) -> Option<Data> {
    let args = arguments(rng, profile, rule);
    let direct = calls::number(arch, name).map(|number| Data::new(arch, number, args));
    let way = multiplex::of(arch, name).filter(|_| direct.is_none() || rng.bool());
    let Some(way) = way else {
        return direct;
    };
    let mut args = args;
    args[0] = u64::from(way.selector) ^ near_zero(rng);
    Some(Data::new(arch, calls::number(arch, way.through)?, args))
}

/// Seldom anything but zero.
fn near_zero(rng: &mut Rng) -> u64 {
    [0, 0, 0, 0, 1, 1 << 32][rng.usize(..6)]
}

/// Arguments near to what the rule compares them with, or another rule for the same call.
fn arguments(rng: &mut Rng, profile: &Profile, rule: &Rule) -> [u64; 6] {
    let same = |other: &&Rule| other.calls == rule.calls;
    let rules: Vec<_> = profile.rules.iter().filter(same).collect();
    std::array::from_fn(|index| {
        let other = if rng.bool() {
            rule
        } else {
            rng.choice(&rules).unwrap()
        };
        let arg = other
            .args
            .iter()
            .find(|arg| usize::from(arg.index) == index);
        match arg {
            Some(arg) if rng.u8(..10) > 0 => near(rng, arg),
            Some(_) => rng.u64(..),
            None => value(rng),
        }
    })
}

/// A value as a condition wants it, or just not.
fn near(rng: &mut Rng, condition: &Compare) -> u64 {
    let (mask, value) = match condition.op {
        Op::MaskedEqual => (condition.value, condition.value_two & condition.value),
        _ => (u64::MAX, condition.value),
    };
    let bit = 1u64 << rng.u32(..64);
    match rng.u8(..9) {
        0 => value.wrapping_sub(1),
        1 => value.wrapping_add(1),
        2 => value ^ (rng.u64(..) << 32),
        3 => value ^ rng.u64(..) >> 32,
        // A bit that counts, and one that does not.
        4 => value ^ (bit & mask),
        5 => value ^ (bit & !mask),
        6 => value | !mask,
        _ => value,
    }
}

/// Any number of any architecture, known or not.
fn anywhere(rng: &mut Rng) -> Data {
    let number = match rng.u8(..8) {
        0 => rng.u32(..),
        1 => u32::MAX,
        2 => X32_BIT - 1 + rng.u32(..3),
        3 => X32_BIT | rng.u32(..600),
        _ => rng.u32(..600),
    };
    let args = std::array::from_fn(|_| value(rng));
    let mut data = Data::new(*rng.choice(Arch::ALL.iter()).unwrap(), number, args);
    if rng.u8(..16) == 0 {
        data.arch = rng.u32(..);
    }
    data
}

/// What the rules say of a call, read one by one: the actions of those that hold, each once,
/// or the default where none does.
pub fn said(profile: &Profile, data: &Data) -> Vec<Action> {
    let Some(arch) = Arch::of_call(data.arch, data.nr) else {
        return vec![profile.foreign];
    };
    if !profile.archs.contains(&arch) {
        // A tracer's -1 is nobody's number.
        let of_token = |arch: &Arch| arch.token() == data.arch;
        let skipped = data.nr == u32::MAX && profile.archs.iter().any(of_token);
        return vec![if skipped {
            profile.default
        } else {
            profile.foreign
        }];
    }
    let holds = |rule: &&Rule| rule.calls.iter().any(|name| holds(rule, name, arch, data));
    let rules = profile
        .rules
        .iter()
        .filter(|rule| rule.action != profile.default);
    let mut actions: Vec<_> = rules.filter(holds).map(|rule| rule.action).collect();
    actions.sort();
    actions.dedup();
    if actions.is_empty() {
        actions.push(profile.default);
    }
    actions
}

/// Whether a call is the rule's, made by its own number or through another.
fn holds(rule: &Rule, name: &str, arch: Arch, data: &Data) -> bool {
    let number = Some(data.nr);
    let bits = arch.word_bits();
    let hold = |from: u8| {
        let mut args = rule.args.iter().filter(|arg| arg.index >= from);
        args.all(|arg| arg.holds(data.args[usize::from(arg.index)], bits))
    };
    let direct = calls::number(arch, name) == number && hold(0);
    let through = multiplex::of(arch, name).is_some_and(|way| {
        let same = data.args[0] as u32 == way.selector;
        calls::number(arch, way.through) == number && same && hold(1)
    });
    direct || through
}
