//! What a profile says about each call, in the order in which its rules win.
//!
//! Several rules can be about one call. We let them win as libseccomp does, so that a
//! profile means the same here as in Docker or LXC:
//!
//! - A rule that says what the default says anyway is void.
//! - A rule without conditions holds always: the first of them is all that counts.
//! - Of rules with conditions, the more particular are tried first: higher arguments before
//!   lower ones, equality before an order, the narrower of two ranges before the wider.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::action::Action;
use crate::arch::Arch;
use crate::calls;
use crate::error::{Error, Result};
use crate::multiplex;
use crate::profile::{Compare, Op, Profile, Rule};

use super::halves::{half, words};

/// A rule, as far as it is about one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ruled {
    /// The call, for messages.
    pub call: String,
    /// What must hold, by argument; empty: it holds always.
    pub conditions: Vec<Compare>,
    /// What becomes of the call then.
    pub action: Action,
}

/// The rules for each number of an architecture, the winner first.
pub(super) fn of(profile: &Profile, arch: Arch) -> Result<BTreeMap<u32, Vec<Ruled>>> {
    let mut found = BTreeMap::new();
    for rule in &profile.rules {
        if rule.is_for(arch) && rule.action != profile.default {
            for name in &rule.calls {
                add(&mut found, arch, name, rule)?;
            }
        }
    }
    Ok(found)
}

/// Adds a rule for a call by its own number, and for the way round it.
fn add(found: &mut BTreeMap<u32, Vec<Ruled>>, arch: Arch, name: &str, rule: &Rule) -> Result<()> {
    let ruled = |conditions| Ruled {
        call: name.to_owned(),
        conditions,
        action: rule.action,
    };
    let conditions = checked(name, &rule.args, arch)?;
    if let Some(way) = multiplex::of(arch, name) {
        // The selector takes the place of the first argument: what else the rule compares
        // lies behind a pointer, where libseccomp, and we, look at the pointer.
        let selector = Compare {
            index: 0,
            op: Op::Equal,
            value: way.selector.into(),
            value_two: 0,
        };
        let others = conditions.iter().filter(|condition| condition.index != 0);
        let through = std::iter::once(selector).chain(others.copied()).collect();
        if let Some(number) = calls::number(arch, way.through) {
            insert(found.entry(number).or_default(), ruled(through), arch);
        }
    }
    if let Some(number) = calls::resolve(arch, name) {
        insert(found.entry(number).or_default(), ruled(conditions), arch);
    }
    Ok(())
}

/// The conditions by argument, without those that always hold.
fn checked(call: &str, args: &[Compare], arch: Arch) -> Result<Vec<Compare>> {
    let call = call.to_owned();
    let mut conditions = args.to_vec();
    conditions.sort_by_key(|condition| condition.index);
    if let Some(twice) = conditions
        .windows(2)
        .find(|two| two[0].index == two[1].index)
    {
        let index = twice[0].index;
        return Err(Error::TwiceCompared { call, index });
    }
    if let Some(Compare { index, .. }) = conditions.iter().find(|one| one.index > 5) {
        return Err(Error::NoArgument {
            call,
            index: *index,
        });
    }
    conditions.retain(|one| one.op != Op::MaskedEqual || cut(one.value, arch) != 0);
    Ok(conditions)
}

fn cut(value: u64, arch: Arch) -> u64 {
    match arch.word_bits() {
        32 => value & 0xffff_ffff,
        _ => value,
    }
}

/// Puts a rule where it wins over those behind it.
fn insert(rules: &mut Vec<Ruled>, rule: Ruled, arch: Arch) {
    let always = |rule: &Ruled| rule.conditions.is_empty();
    match (rules.first().is_some_and(always), always(&rule)) {
        (true, _) => {}
        (false, true) => *rules = vec![rule],
        (false, false) => {
            let order = |other: &Ruled| compare(&other.conditions, &rule.conditions, arch);
            let place = rules
                .iter()
                .position(|other| order(other) == Ordering::Less);
            rules.insert(place.unwrap_or(rules.len()), rule);
        }
    }
}

/// Which of two rules is the more particular: the first condition that differs decides.
fn compare(a: &[Compare], b: &[Compare], arch: Arch) -> Ordering {
    for (a, b) in a.iter().zip(b) {
        match weigh(a, b, arch) {
            None => return Ordering::Equal,
            Some(Ordering::Equal) => {}
            Some(order) => return order,
        }
    }
    Ordering::Equal
}

/// Which of two conditions is the more particular; None: neither, and they differ.
fn weigh(a: &Compare, b: &Compare, arch: Arch) -> Option<Ordering> {
    let kind = a.index.cmp(&b.index).then(rank(a.op).cmp(&rank(b.op)));
    if kind != Ordering::Equal {
        return Some(kind);
    }
    // The upper halves first: if their questions differ, they alone decide.
    for word in words(a.index, arch).into_iter().rev() {
        let (one, other) = (half(a, word), half(b, word));
        let order = match a.op {
            Op::Less | Op::LessOrEqual => other.value.cmp(&one.value),
            _ => one.value.cmp(&other.value),
        };
        if order != Ordering::Equal {
            return Some(order);
        }
        let masked = |op| op == Op::MaskedEqual;
        if one.mask != other.mask || masked(a.op) != masked(b.op) {
            return None;
        }
    }
    (a.op == b.op).then_some(Ordering::Equal)
}

fn rank(op: Op) -> u8 {
    match op {
        Op::MaskedEqual | Op::Equal | Op::NotEqual => 3,
        Op::LessOrEqual | Op::Less => 2,
        Op::GreaterOrEqual | Op::Greater => 1,
    }
}
