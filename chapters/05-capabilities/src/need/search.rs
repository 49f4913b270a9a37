//! Which of many are needed: a set that is enough, and of which none can be left out, found
//! by few questions.
//!
//! There are 2^41 sets, and each question costs a run of a program. Dividing finds `k` of
//! `n` by about 2·k·log(n/k) questions, as long as more never hurts (Junker, QuickXplain,
//! 2004). Whether it hurt is checked after it, by leaving out one after another: that needs no
//! assumption.

use crate::set::{Cap, CapSet};

/// A set that is enough and of which none can be left out. Of two that would do, it takes the
/// one that stands earlier in `order`.
///
/// All of `order` together are enough, and none of them is not: that is known already.
pub(super) fn minimal<E>(
    order: &[Cap],
    is_enough: &mut dyn FnMut(CapSet) -> Result<bool, E>,
) -> Result<CapSet, E> {
    let found = divide(CapSet::EMPTY, false, order, is_enough)?;
    let found = match is_enough(found)? {
        true => found,
        // More has hurt somewhere on the way: begin with what is known to be enough.
        false => order.iter().copied().collect(),
    };
    prune(found, order, is_enough)
}

/// Which of `order` are needed beside `given`; `is_new` if `given` has not been asked about.
fn divide<E>(
    given: CapSet,
    is_new: bool,
    order: &[Cap],
    is_enough: &mut dyn FnMut(CapSet) -> Result<bool, E>,
) -> Result<CapSet, E> {
    if is_new && is_enough(given)? {
        return Ok(CapSet::EMPTY);
    }
    if let [only] = order {
        return Ok(CapSet::from(*only));
    }
    let (early, late) = order.split_at(order.len() / 2);
    let early_ones = given.union(early.iter().copied().collect());
    let of_late = divide(early_ones, !early.is_empty(), late, is_enough)?;
    let of_early = divide(given.union(of_late), !of_late.is_empty(), early, is_enough)?;
    Ok(of_early.union(of_late))
}

/// Leaves out one after another, the last in `order` first, until none can be left out.
fn prune<E>(
    mut set: CapSet,
    order: &[Cap],
    is_enough: &mut dyn FnMut(CapSet) -> Result<bool, E>,
) -> Result<CapSet, E> {
    loop {
        let before = set;
        for cap in order.iter().rev().filter(|cap| before.contains(**cap)) {
            let without = set.without(CapSet::from(*cap));
            if is_enough(without)? {
                set = without;
            }
        }
        if set == before {
            return Ok(set);
        }
    }
}

/// What can stand in the place of one: each a single other one or, if there is none, the few
/// that only together do. `rest` is the set without that one, and is not enough.
pub(super) fn instead<E>(
    rest: CapSet,
    others: &[Cap],
    is_enough: &mut dyn FnMut(CapSet) -> Result<bool, E>,
) -> Result<Vec<CapSet>, E> {
    let all_others = rest.union(others.iter().copied().collect());
    if others.is_empty() || !is_enough(all_others)? {
        return Ok(Vec::new());
    }
    let singles = singles(rest, others, is_enough)?;
    if !singles.is_empty() {
        return Ok(singles.into_iter().map(CapSet::from).collect());
    }
    let mut together = |set: CapSet| is_enough(rest.union(set));
    minimal(others, &mut together).map(|set| vec![set])
}

/// Each of `others` that is enough together with `rest`, where all of them are.
fn singles<E>(
    rest: CapSet,
    others: &[Cap],
    is_enough: &mut dyn FnMut(CapSet) -> Result<bool, E>,
) -> Result<Vec<Cap>, E> {
    if others.len() == 1 {
        return Ok(others.to_vec());
    }
    let mut found = Vec::new();
    let (early, late) = others.split_at(others.len() / 2);
    for half in [early, late] {
        if is_enough(rest.union(half.iter().copied().collect()))? {
            found.extend(singles(rest, half, is_enough)?);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::collections::BTreeMap;
    use std::convert::Infallible;

    /// A program that wants one set of each of these: (a or b) and (c or d)…
    type Program = Vec<Vec<CapSet>>;

    fn caps(numbers: &[u8]) -> CapSet {
        numbers.iter().map(|n| Cap::new(*n).unwrap()).collect()
    }

    fn order() -> Vec<Cap> {
        (0..30).map(|n| Cap::new(n).unwrap()).collect()
    }

    fn all_but(without: CapSet) -> Vec<Cap> {
        let order = order().into_iter();
        order.filter(|cap| !without.contains(*cap)).collect()
    }

    fn is_content(program: &Program, set: CapSet) -> bool {
        let has_one = |any: &Vec<CapSet>| any.iter().any(|all| all.is_within(set));
        program.iter().all(has_one)
    }

    /// Asked as the runs are: each set once.
    fn asked<'a>(
        program: &'a Program,
        count: &'a Cell<usize>,
    ) -> impl FnMut(CapSet) -> Result<bool, Infallible> + 'a {
        let mut known = BTreeMap::new();
        move |set: CapSet| {
            Ok(*known.entry(set.bits()).or_insert_with(|| {
                count.set(count.get() + 1);
                is_content(program, set)
            }))
        }
    }

    fn found(program: &Program, order: &[Cap]) -> CapSet {
        minimal(order, &mut asked(program, &Cell::default())).unwrap()
    }

    #[test]
    fn one_of_thirty_is_found_by_a_dozen_questions() {
        for wanted in 0..30 {
            let (program, count) = (vec![vec![caps(&[wanted])]], Cell::default());
            let found = minimal(&order(), &mut asked(&program, &count)).unwrap();
            assert_eq!(found, caps(&[wanted]));
            assert!(count.get() <= 13, "{wanted}: {} questions", count.get());
        }
    }

    #[test]
    fn what_stands_earlier_is_preferred() {
        let program = vec![vec![caps(&[7]), caps(&[21])]];
        assert_eq!(found(&program, &order()), caps(&[7]));
        let backwards: Vec<_> = order().into_iter().rev().collect();
        assert_eq!(found(&program, &backwards), caps(&[21]));
    }

    /// Over many programs, drawn from a fixed seed: enough, and none can be left out.
    #[test]
    fn the_set_is_enough_and_none_of_it_can_be_left_out() {
        let mut seed = 4711_u64;
        let mut draw = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            ((seed >> 33) % below) as u8
        };
        for _ in 0..500 {
            let mut program = Program::new();
            for _ in 0..=draw(3) {
                let mut any = Vec::new();
                for _ in 0..=draw(2) {
                    any.push((0..=draw(2)).map(|_| Cap::new(draw(30)).unwrap()).collect());
                }
                program.push(any);
            }
            let found = found(&program, &order());
            assert!(is_content(&program, found), "{program:?}: {found}");
            for cap in found.iter() {
                let without = found.without(cap.into());
                assert!(!is_content(&program, without), "{program:?}: {found}");
            }
        }
    }

    #[test]
    fn a_program_that_more_can_hurt_is_still_judged_rightly() {
        // Content with 5, unless it has 3 and not 9.
        let mut ask = |set: CapSet| {
            let has = |n| set.contains(Cap::new(n).unwrap());
            Ok::<_, Infallible>(has(5) && (!has(3) || has(9)))
        };
        let found = minimal(&order(), &mut ask).unwrap();
        assert_eq!(ask(found), Ok(true));
        for cap in found.iter() {
            assert_eq!(ask(found.without(cap.into())), Ok(false), "{found}");
        }
    }

    #[test]
    fn everything_that_can_stand_in_its_place_is_found() {
        let any = [1, 2, 17, 29].map(|number| caps(&[number]));
        let program = vec![any.to_vec(), vec![caps(&[8])]];
        let (count, others) = (Cell::default(), all_but(caps(&[1, 8])));
        let mut ask = asked(&program, &count);
        let instead_of_1 = instead(caps(&[8]), &others, &mut ask).unwrap();
        assert_eq!(instead_of_1, any[1..]);
        assert_eq!(instead(caps(&[1]), &others, &mut ask), Ok(Vec::new()));
    }

    #[test]
    fn what_only_does_together_is_named_together() {
        let program = vec![vec![caps(&[1]), caps(&[4, 20])]];
        let (count, others) = (Cell::default(), all_but(caps(&[1])));
        let found = instead(CapSet::EMPTY, &others, &mut asked(&program, &count));
        assert_eq!(found, Ok(vec![caps(&[4, 20])]));
    }
}
