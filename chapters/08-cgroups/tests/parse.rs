//! Limits as people write them, and what only looks like one.
//!
//! A sample of texts, the same each time; millions with ERA_LONG=1.

use cgroups::limits::{self, Cpu, CpuSet, Io, Limit, Limits, Pids, size};
use cgroups::{Error, Name};

fn cpu(text: &str) -> Option<(u64, u64)> {
    match text.parse() {
        Ok(Cpu::Quota { quota, period }) => Some((quota, period)),
        _ => None,
    }
}

#[test]
fn a_share_is_time_in_a_period() {
    assert_eq!(cpu("50%"), Some((50_000, 100_000)));
    assert_eq!(cpu("150%"), Some((150_000, 100_000)));
    assert_eq!(cpu("12.5%"), Some((12_500, 100_000)));
    assert_eq!(cpu("1%"), Some((1_000, 100_000)));
    // Shorter than the kernel takes in 0.1 s: a longer period.
    assert_eq!(cpu("0.5%"), Some((5_000, 1_000_000)));
    assert_eq!(cpu("0.1%"), Some((1_000, 1_000_000)));
    assert!(matches!("max".parse(), Ok(Cpu::Max)));
    for bad in [
        "",
        "%",
        "50",
        "0%",
        "0.0%",
        "-1%",
        "+1%",
        "1e2%",
        "5,0%",
        "0.05%",
        "50 %",
        "1.2345%",
        ".5%",
        "5.%",
        "999999999999999999999%",
        "NaN%",
        "inf%",
        "50%%",
    ] {
        assert!(bad.parse::<Cpu>().is_err(), "{bad}");
    }
}

#[test]
fn a_size_counts_in_steps_of_1024() {
    let bytes = |text: &str| match text.parse() {
        Ok(Limit::Bytes(bytes)) => Some(bytes),
        _ => None,
    };
    assert_eq!(bytes("100M"), Some(100 << 20));
    assert_eq!(bytes("1g"), Some(1 << 30));
    assert_eq!(bytes("4096"), Some(4096));
    assert_eq!(bytes("2T"), Some(2 << 40));
    for bad in [
        "",
        "M",
        "0",
        "0M",
        "-1",
        "1.5G",
        "100MB",
        "1 M",
        "16777216T",
        "lots",
        "M1",
        "１",
    ] {
        assert!(bad.parse::<Limit>().is_err(), "{bad}");
    }
    assert_eq!(limits::swap("0").unwrap(), Limit::Bytes(0));
}

#[test]
fn cpus_and_devices_and_processes_have_forms_of_their_own() {
    assert_eq!("0-2,5,1".parse::<CpuSet>().unwrap().to_string(), "0-2,5");
    assert_eq!("3".parse::<CpuSet>().unwrap().0, [3]);
    for bad in ["", ",", "1-", "-1", "2-1", "a", "0-99999", "0,,1", "0-1-2"] {
        assert!(bad.parse::<CpuSet>().is_err(), "{bad}");
    }
    let io: Io = "8:0:rbps=5M,wiops=100".parse().unwrap();
    assert_eq!(io.device.to_string(), "8:0");
    assert_eq!(io.rates().len(), 2);
    for bad in [
        "8:0",
        "8:0:",
        "8:0:rbps",
        "8:0:rbps=0",
        "8:0:rbps=1M,rbps=2M",
        "8:0:x=1",
        ":rbps=1",
        "/dev/null:rbps=1M",
        "8:0:riops=1M",
        "8:rbps=1",
    ] {
        assert!(bad.parse::<Io>().is_err(), "{bad}");
    }
    assert!(matches!("32".parse(), Ok(Pids::Count(32))));
    assert!("0".parse::<Pids>().is_err() && "4194305".parse::<Pids>().is_err());
}

#[test]
fn a_limit_that_is_given_twice_is_a_mistake() {
    assert!(matches!(
        limits::parse(["cpu=50%", "cpu=60%"]),
        Err(Error::BadLimit { .. })
    ));
    assert!(limits::parse(["cpu"]).is_err() && limits::parse(["colour=red"]).is_err());
    assert_eq!(limits::parse([]).unwrap(), Limits::default());
}

/// What is printed is read as the same again.
#[test]
fn sizes_and_lists_survive_the_way_to_the_kernel_and_back() {
    let mut random = Random(7);
    for _ in 0..rounds() {
        let cpus: std::collections::BTreeSet<u32> = (0..random.below(9))
            .map(|_| random.below(70) as u32)
            .collect();
        if !cpus.is_empty() {
            let set = CpuSet(cpus.into_iter().collect());
            assert_eq!(set.to_string().parse::<CpuSet>().unwrap(), set);
        }
        let number = random.below(1 << 20);
        for (unit, shift) in [("", 0), ("K", 10), ("M", 20), ("G", 30)] {
            let text = format!("{number}{unit}");
            assert_eq!(
                limits::swap(&text).unwrap(),
                Limit::Bytes(number << shift),
                "{text}"
            );
        }
        assert!(!size(random.next()).is_empty());
    }
}

/// Whatever stands there: an answer, and no panic.
#[test]
fn no_text_makes_a_parser_panic() {
    const PARTS: &[&str] = &[
        "cpu=",
        "memory=",
        "swap=",
        "pids=",
        "io=",
        "cpuset=",
        "max",
        "50%",
        "100M",
        "0",
        "-",
        "-1",
        "8:0",
        ":",
        "rbps=",
        "wiops=",
        ",",
        "=",
        "%",
        ".",
        "18446744073709551615",
        "18446744073709551616",
        "T",
        "K",
        "é",
        "\0",
        " ",
        "/",
        "..",
        "0-",
        "4095",
        "999999999999",
        "1e9",
        "\u{1F4A9}",
        "cgroup.procs",
        "x",
    ];
    let mut random = Random(1);
    for _ in 0..rounds() {
        let parts = 1 + random.below(6);
        let text: String = (0..parts)
            .map(|_| PARTS[random.below(PARTS.len() as u64) as usize])
            .collect();
        let _ = limits::parse([text.as_str()]);
        let _ = limits::swap(&text);
        let _ = (
            text.parse::<Cpu>(),
            text.parse::<Limit>(),
            text.parse::<Pids>(),
        );
        let _ = (text.parse::<CpuSet>(), text.parse::<Io>());
        if let Ok(name) = text.parse::<Name>() {
            let plain = !name.as_str().contains(['/', '\0']) && !name.as_str().starts_with('.');
            assert!(plain, "{text:?}");
        }
    }
}

fn rounds() -> u32 {
    match std::env::var_os("ERA_LONG") {
        Some(_) => 5_000_000,
        None => 20_000,
    }
}

/// xorshift64*: small, and the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}
