//! Whatever the profile, the program says what the rules say.

#[path = "support/random.rs"]
mod random;

use std::time::{Duration, Instant};

use fastrand::Rng;
use random::Rules;
use seccomp::profile::Rule;
use seccomp::{Action, Arch, Data, Error, Filter, Profile, calls, compile, disassemble, interpret};

/// How many times more in a long run.
fn times(count: usize) -> usize {
    match std::env::var_os("ERA_LONG") {
        Some(_) => count * 50,
        None => count,
    }
}

#[test]
fn a_program_says_what_its_rules_say() {
    let mut rng = Rng::with_seed(7);
    for round in 0..times(400) {
        let profile = random::profile(&mut rng, Rules::Agree);
        let filter = compile(&profile).unwrap();
        for data in random::calls_for(&mut rng, &profile, 8) {
            let verdict = interpret(&filter, &data).action;
            let wanted = random::said(&profile, &data);
            assert_eq!(
                wanted,
                [verdict],
                "round {round}: {data:x?} of {profile:#?}"
            );
        }
    }
}

#[test]
fn the_path_of_a_verdict_ends_at_a_return_and_is_never_longer_than_the_program() {
    let mut rng = Rng::with_seed(8);
    for _ in 0..times(50) {
        let profile = random::profile(&mut rng, Rules::Differ);
        let filter = compile(&profile).unwrap();
        for data in random::calls_for(&mut rng, &profile, 2) {
            let verdict = interpret(&filter, &data);
            assert!(verdict.path.is_sorted());
            let last = filter.instructions()[*verdict.path.last().unwrap()];
            assert_eq!(
                (last.code, last.k),
                (seccomp::filter::code::RETURN, verdict.value)
            );
        }
    }
}

/// `count` conditions on one argument of one call.
fn crowded(count: u64) -> Profile {
    let mut profile = Profile::new(Action::Allow);
    profile.archs = vec![Arch::X86_64];
    for value in 0..count {
        profile.rules.push(Rule {
            calls: vec!["ioctl".to_owned()],
            action: Action::Errno(1),
            args: vec![seccomp::profile::Compare {
                index: 1,
                op: seccomp::profile::Op::Equal,
                value: value * 3,
                value_two: 0,
            }],
            archs: None,
        });
    }
    profile
}

#[test]
fn jumps_over_more_than_255_instructions_arrive() {
    for count in [200, 250, 253, 255, 257, 300, 511, 1000, 3900] {
        let profile = crowded(count);
        let filter = compile(&profile).unwrap();
        assert!(filter.instructions().len() < count as usize + 60, "{count}");
        let number = calls::number(Arch::X86_64, "ioctl").unwrap();
        for value in [0, 1, 3, count * 3 - 3, count * 3 - 2, count * 3, 1 << 32] {
            let data = Data::new(Arch::X86_64, number, [7, value, 0, 0, 0, 0]);
            let verdict = interpret(&filter, &data).action;
            assert_eq!(
                random::said(&profile, &data),
                [verdict],
                "{value} of {count}"
            );
        }
    }
}

#[test]
fn a_profile_that_the_kernel_could_not_take_is_refused_with_its_length() {
    match compile(&crowded(4200)) {
        Err(Error::TooLong { length }) => assert!(length > 4200),
        other => panic!("{other:?}"),
    }
}

#[test]
fn thousands_of_tangled_rules_are_compiled_or_refused_in_bounded_time() {
    let mut rng = Rng::with_seed(10);
    for count in [60, 64, 65, 300, 700, 3000] {
        let mut profile = crowded(0);
        for _ in 0..count {
            let mut rule = random::profile(&mut rng, Rules::Tangled).rules.remove(0);
            rule.calls = vec!["ioctl".to_owned()];
            profile.rules.push(rule);
        }
        let started = Instant::now();
        match compile(&profile) {
            Ok(filter) => {
                for data in random::calls_for(&mut rng, &profile, 1).iter().take(2000) {
                    let said = random::said(&profile, data);
                    assert!(said.contains(&interpret(&filter, data).action), "{data:x?}");
                }
            }
            Err(Error::TooLong { .. } | Error::TooManyQuestions { .. }) => assert!(count > 65),
            Err(other) => panic!("{other}"),
        }
        assert!(started.elapsed() < Duration::from_secs(20), "{count}");
    }
}

#[test]
fn what_no_call_can_meet_is_refused() {
    let mut profile = crowded(1);
    profile.rules[0].args[0].index = 6;
    assert!(matches!(
        compile(&profile),
        Err(Error::NoArgument { index: 6, .. })
    ));
    profile.rules[0].args[0].index = 1;
    let again = profile.rules[0].args[0];
    profile.rules[0].args.push(again);
    assert!(matches!(
        compile(&profile),
        Err(Error::TwiceCompared { index: 1, .. })
    ));
    profile.archs.clear();
    assert_eq!(compile(&profile), Err(Error::NoArch));
}

#[test]
fn every_program_that_the_kernel_takes_can_be_read_and_followed() {
    let mut rng = Rng::with_seed(9);
    let mut taken = 0;
    for _ in 0..times(20_000) {
        let length = rng.usize(1..12);
        let mut bytes: Vec<u8> = Vec::new();
        for _ in 0..length {
            // Codes that seccomp knows, mostly; jumps and offsets that are often too far.
            let codes = [
                0x20u16, 0x80, 0, 1, 0x60, 0x61, 2, 3, 0x05, 0x15, 0x25, 0x35, 0x45, 0x1d,
            ];
            let more = [
                0x04u16, 0x0c, 0x14, 0x24, 0x34, 0x3c, 0x44, 0x54, 0x64, 0x6c, 0x74, 0x84, 0xa4,
            ];
            let code = match rng.u8(..12) {
                0 => rng.u16(..),
                1..4 => *rng.choice(&more).unwrap(),
                4 => [7, 0x87, 6, 0x16][rng.usize(..4)],
                _ => *rng.choice(&codes).unwrap(),
            };
            bytes.extend(code.to_ne_bytes());
            bytes.extend([rng.u8(..3), rng.u8(..3)]);
            bytes.extend((rng.u32(..20) * if rng.bool() { 4 } else { 1 }).to_ne_bytes());
        }
        bytes.extend(0x06u16.to_ne_bytes());
        bytes.extend([0, 0, 0, 0, 0xff, 0x7f]);
        let Ok(filter) = Filter::from_bytes(&bytes) else {
            continue;
        };
        taken += 1;
        assert_eq!(
            disassemble(&filter).lines().count(),
            filter.instructions().len()
        );
        let data = Data::new(Arch::X86_64, rng.u32(..500), [rng.u64(..); 6]);
        assert!(interpret(&filter, &data).path.len() <= filter.instructions().len());
    }
    assert!(taken > 200, "{taken}");
}
