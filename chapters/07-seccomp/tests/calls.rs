//! Which call is which, and what is told of those that are not there.

use groundwork::error::Diagnose;
use seccomp::profile::{Compare, Op, Rule};
use seccomp::{Action, Arch, Profile, calls};

#[test]
fn calls_that_are_not_there_are_told_by_name() {
    let names = ["reed", "stat64", "socket", "no_such_call_at_all"];
    let mut profile = Profile::new(Action::KillProcess);
    profile.rules.push(Rule {
        calls: names.map(str::to_owned).to_vec(),
        action: Action::Allow,
        args: vec![Compare {
            index: 0,
            op: Op::Equal,
            value: 1,
            value_two: 0,
        }],
        archs: None,
    });
    profile.archs = vec![Arch::X86_64, Arch::X86];
    let remarks: Vec<_> = profile.remarks().iter().map(ToString::to_string).collect();
    assert_eq!(
        remarks,
        [
            "no call reed is known: is it read?",
            "x86_64 has no call stat64",
            "the conditions of socket are not seen on x86 when it is made through socketcall, \
             whose arguments lie behind a pointer",
            "no call no_such_call_at_all is known",
        ]
    );
}

#[test]
fn a_call_has_its_own_number_on_each_architecture() {
    let known = [
        (Arch::X86_64, "read", 0),
        (Arch::X86_64, "execve", 59),
        (Arch::X86_64, "clone3", 435),
        // The last one of its table.
        (Arch::X86_64, "file_setattr", 469),
        (Arch::X86, "execve", 11),
        (Arch::X86, "socketcall", 102),
        (Arch::X86, "break", 17),
        (Arch::X86, "clock_settime64", 404),
        (Arch::X32, "read", 0x4000_0000),
        (Arch::X32, "execve", 0x4000_0000 + 520),
        (Arch::Aarch64, "execve", 221),
        (Arch::Aarch64, "newfstatat", 79),
        (Arch::Aarch64, "clone3", 435),
    ];
    for (arch, name, number) in known {
        assert_eq!(calls::number(arch, name), Some(number), "{arch} {name}");
        assert_eq!(calls::name(arch, number), Some(name));
    }
    let without = [
        (Arch::X86_64, "stat64"),
        (Arch::X32, "uselib"),
        (Arch::Aarch64, "open"),
        (Arch::Aarch64, "clock_settime64"),
    ];
    for (arch, name) in without {
        assert_eq!(calls::number(arch, name), None, "{arch} {name}");
    }
    assert_eq!(calls::resolve(Arch::X32, "1000"), Some(0x4000_0000 + 1000));
    assert_eq!(calls::resolve(Arch::X86_64, "1073741825"), None);
    assert_eq!(calls::resolve(Arch::X86_64, "4294967295"), None);
    let error = calls::parse(Arch::X86_64, "mounr").unwrap_err();
    assert_eq!(error.diagnose().unwrap().fix.unwrap(), "is it mount?");
    assert_eq!(calls::parse(Arch::X86_64, "1000"), Ok(1000));
}
