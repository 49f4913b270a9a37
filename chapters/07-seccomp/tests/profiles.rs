//! Profiles are read as they are meant, and what cannot be kept is refused by its place.

use fastrand::Rng;
use groundwork::error::Diagnose;
use seccomp::profile::oci::{self, Context};
use seccomp::profile::{Compare, Flag, Op, Remark, lxc};
use seccomp::{Action, Arch, Error, Profile, calls, compile};

fn context(capabilities: &[&str], kernel: (u32, u32)) -> Context {
    Context {
        arch: Arch::X86_64,
        capabilities: capabilities.iter().map(|name| (*name).to_owned()).collect(),
        kernel,
    }
}

fn read(text: &str) -> Result<Profile, Error> {
    oci::load(text, &context(&["CAP_KILL"], (6, 1)))
}

/// A document with this in its only rule.
fn with(rule: &str) -> String {
    format!(r#"{{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{{{rule}}}]}}"#)
}

/// The refusal of a document: its message, and what is to be done.
fn refusal(text: &str) -> String {
    let error = read(text).expect_err(text);
    let fix = error
        .diagnose()
        .and_then(|advice| advice.fix)
        .unwrap_or_default();
    format!("{error} / {fix}")
}

const RULE: &str = r#""names": ["read"], "action": "SCMP_ACT_ALLOW""#;

#[test]
fn json_is_read_with_all_that_a_runtime_knows() {
    let text = r#"{
        "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38,
        "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X32", "SCMP_ARCH_ARM"],
        "flags": ["SECCOMP_FILTER_FLAG_LOG"],
        "syscalls": [
            {"names": ["clone"], "action": "SCMP_ACT_TRACE", "errnoRet": 7, "args": [
                {"index": 1, "value": 2114060288, "valueTwo": 5, "op": "SCMP_CMP_MASKED_EQ"}]},
            {"name": "mount", "action": "SCMP_ACT_ERRNO", "args": null, "comment": "no"}
        ]}"#;
    let profile = read(text).unwrap();
    assert_eq!(profile.default, Action::Errno(38));
    assert_eq!(profile.archs, [Arch::X86_64, Arch::X32]);
    assert_eq!(profile.without_table, ["SCMP_ARCH_ARM"]);
    assert_eq!(profile.flags, [Flag::Log]);
    assert_eq!(profile.rules[0].action, Action::Trace(7));
    let masked = Compare {
        index: 1,
        op: Op::MaskedEqual,
        value: 0x7e02_0000,
        value_two: 5,
    };
    assert_eq!(profile.rules[0].args, [masked]);
    assert_eq!(profile.rules[1].action, Action::Errno(1));
    let arm = "SCMP_ARCH_ARM".to_owned();
    assert_eq!(profile.remarks()[0], Remark::NoTable { arch: arm });
}

#[test]
fn every_operator_and_every_action_has_its_word() {
    let ops = ["NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"];
    for op in ops {
        let args =
            format!(r#"{RULE}, "args": [{{"index": 0, "value": 1, "op": "SCMP_CMP_{op}"}}]"#);
        assert_eq!(read(&with(&args)).unwrap().rules[0].args.len(), 1, "{op}");
    }
    let actions = [
        ("KILL", Action::KillThread),
        ("KILL_THREAD", Action::KillThread),
        ("KILL_PROCESS", Action::KillProcess),
        ("TRAP", Action::Trap),
        ("ERRNO", Action::Errno(1)),
        ("TRACE", Action::Trace(1)),
        ("LOG", Action::Log),
        ("NOTIFY", Action::Notify),
        ("ALLOW", Action::Allow),
    ];
    for (word, action) in actions {
        let rule = format!(r#""names": ["read"], "action": "SCMP_ACT_{word}""#);
        assert_eq!(read(&with(&rule)).unwrap().rules[0].action, action);
    }
}

#[test]
fn a_rule_counts_where_its_includes_hold_and_no_exclude_does() {
    let counts = |extra: &str, context: &Context| {
        let profile = oci::load(&with(&format!("{RULE}, {extra}")), context).unwrap();
        !profile.rules.is_empty()
    };
    let kill = context(&["CAP_KILL"], (6, 1));
    let none = context(&[], (4, 7));
    for (extra, with_kill, without) in [
        (r#""includes": {"caps": ["CAP_KILL"]}"#, true, false),
        (r#""excludes": {"caps": ["CAP_KILL"]}"#, false, true),
        (
            r#""includes": {"caps": ["CAP_KILL", "CAP_CHOWN"]}"#,
            false,
            false,
        ),
        (
            r#""excludes": {"caps": ["CAP_KILL", "CAP_CHOWN"]}"#,
            false,
            true,
        ),
        (r#""includes": {"minKernel": "4.8"}"#, true, false),
        (r#""excludes": {"minKernel": "4.8"}"#, false, true),
        (r#""includes": {"arches": ["amd64", "arm64"]}"#, true, true),
        (r#""includes": {"arches": ["s390x"]}"#, false, false),
        (r#""excludes": {"arches": ["amd64"]}"#, false, false),
        (r#""includes": {}, "excludes": {}"#, true, true),
        (r#""includes": null"#, true, true),
    ] {
        assert_eq!(
            (counts(extra, &kill), counts(extra, &none)),
            (with_kill, without),
            "{extra}"
        );
    }
}

#[test]
fn conditions_on_the_same_argument_are_alternatives_as_runc_has_them() {
    let arg =
        |index, value| format!(r#"{{"index": {index}, "value": {value}, "op": "SCMP_CMP_EQ"}}"#);
    let two =
        |a: String, b: String| read(&with(&format!(r#"{RULE}, "args": [{a}, {b}]"#))).unwrap();
    assert_eq!(two(arg(0, 1), arg(0, 2)).rules.len(), 2);
    assert_eq!(two(arg(0, 1), arg(1, 2)).rules.len(), 1);
}

#[test]
fn the_family_of_the_machine_is_taken_from_arch_map() {
    let map = r#"{"defaultAction": "SCMP_ACT_ALLOW", "archMap": [
        {"architecture": "SCMP_ARCH_S390X", "subArchitectures": ["SCMP_ARCH_S390"]},
        {"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]}]}"#;
    assert_eq!(read(map).unwrap().archs, [Arch::X86_64, Arch::X86]);
    assert_eq!(
        read(r#"{"defaultAction": "SCMP_ACT_ALLOW"}"#)
            .unwrap()
            .archs,
        [Arch::X86_64]
    );
}

#[test]
fn what_cannot_be_kept_in_json_is_refused_by_its_path() {
    for (rule, wanted) in [
        (
            r#""names": ["read"], "acton": "x""#,
            "syscalls[0].acton: unknown field `acton`",
        ),
        (
            r#""names": ["read"]"#,
            "syscalls[0]: missing field `action`",
        ),
        (
            r#""names": ["read"], "action": "SCMP_ACT_ALOW""#,
            "syscalls[0].action of the profile",
        ),
        (
            r#""names": ["read"], "action": "SCMP_ACT_ALOW""#,
            "is it SCMP_ACT_ALLOW?",
        ),
        (
            r#""action": "SCMP_ACT_ALLOW""#,
            "syscalls[0].names of the profile: the rule names no",
        ),
        (
            r#""name": "a", "names": ["b"], "action": "SCMP_ACT_ALLOW""#,
            "not go together",
        ),
        (
            &format!(r#"{RULE}, "errnoRet": 5"#),
            "SCMP_ACT_ALLOW returns no error",
        ),
        (
            r#""names": ["a"], "action": "SCMP_ACT_ERRNO", "errnoRet": 4096"#,
            "4096 is no error",
        ),
        (
            r#""names": ["a"], "action": "SCMP_ACT_ERRNO", "errno": "EPRM""#,
            "no error \"EPRM\"",
        ),
        (
            r#""names": ["a"], "action": "SCMP_ACT_ERRNO", "errno": "EPERM", "errnoRet": 2"#,
            "EPERM is 1, and errnoRet is 2",
        ),
        (
            &format!(r#"{RULE}, "args": [{{"index": 6, "value": 1, "op": "SCMP_CMP_EQ"}}]"#),
            "syscalls[0].args[0].index of the profile: a call has arguments 0 to 5",
        ),
        (
            &format!(r#"{RULE}, "args": [{{"index": 0, "value": -1, "op": "SCMP_CMP_EQ"}}]"#),
            "syscalls[0].args[0].value: invalid value",
        ),
        (
            &format!(r#"{RULE}, "args": [{{"index": 0, "value": 1, "op": "SCMP_CMP_MASK_EQ"}}]"#),
            "is it SCMP_CMP_MASKED_EQ?",
        ),
        (
            &format!(r#"{RULE}, "includes": {{"minKernel": "4"}}"#),
            "syscalls[0].includes.minKernel",
        ),
        (
            &format!(r#"{RULE}, "includes": {{"cap": []}}"#),
            "unknown field `cap`",
        ),
    ] {
        let refused = refusal(&with(rule));
        assert!(refused.contains(wanted), "{rule}: {refused}");
    }
    for (text, wanted) in [
        ("", "EOF while parsing"),
        ("{} {}", "missing field `defaultAction`"),
        (
            r#"{"defaultAction": "SCMP_ACT_ALLOW"} x"#,
            "trailing characters",
        ),
        (
            r#"{"defaultAction": "SCMP_ACT_ALLOW", "flags": ["x"]}"#,
            "flags[0] of the profile",
        ),
        (
            r#"{"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/x"}"#,
            "listenerPath",
        ),
        (
            r#"{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["X86"]}"#,
            "architectures[0]",
        ),
    ] {
        let refused = refusal(text);
        assert!(refused.contains(wanted), "{text}: {refused}");
    }
}

#[test]
fn lxcs_first_version_is_a_list_of_numbers() {
    let profile = lxc::load("1\nallowlist\n0\n1\n\n60\n", Arch::X86_64).unwrap();
    assert_eq!(profile.default, Action::KillThread);
    let names: Vec<_> = profile
        .rules
        .iter()
        .map(|rule| rule.calls[0].as_str())
        .collect();
    assert_eq!(names, ["read", "write", "exit"]);
    assert_eq!(profile.archs, [Arch::X86_64]);
}

#[test]
fn lxcs_second_version_has_sections_actions_and_conditions() {
    let text = "2\ndenylist allow # for all\n# nothing\nreject_force_umount\n[all]\nkexec_load errno 1\n\
                [x86_64]\nmknod errno ENOSYS [1,24576,SCMP_CMP_MASKED_EQ,61440][0,0x10,>=]\nptrace\n\
                [arm64]\nmount kill\n[ppc64]\nswapon trap\n";
    let profile = lxc::load(text, Arch::X86_64).unwrap();
    assert_eq!(profile.default, Action::Allow);
    assert_eq!(profile.archs, [Arch::X86_64, Arch::X86, Arch::X32]);
    let [force, kexec, mknod, ptrace, mount, swapon] = &profile.rules[..] else {
        panic!("{profile:#?}");
    };
    assert_eq!(
        (force.calls[0].as_str(), force.action),
        ("umount2", Action::Errno(13))
    );
    assert_eq!(
        (
            force.args[0].index,
            force.args[0].value,
            force.args[0].value_two
        ),
        (1, 1, 1)
    );
    assert_eq!((kexec.action, &kexec.archs), (Action::Errno(1), &None));
    assert_eq!((mknod.action, mknod.args.len()), (Action::Errno(38), 2));
    // LXC writes the value before the mask.
    assert_eq!(
        (mknod.args[0].value, mknod.args[0].value_two),
        (61440, 24576)
    );
    assert_eq!(
        (mknod.args[1].op, mknod.args[1].value),
        (Op::GreaterOrEqual, 16)
    );
    assert_eq!(
        (ptrace.action, ptrace.archs.clone()),
        (Action::KillThread, Some(vec![Arch::X86_64]))
    );
    assert!(!mount.is_for(Arch::X86_64) && !swapon.is_for(Arch::X86_64));
}

#[test]
fn what_cannot_be_kept_in_lxcs_text_is_refused_by_its_line() {
    for (text, wanted) in [
        ("", "line 1 of the profile: \"\" is no version"),
        (
            "3\nallowlist\n",
            "line 1 of the profile: \"3\" is no version",
        ),
        (
            "1\ndenylist\n",
            "line 2 of the profile: \"denylist\": version 1 knows",
        ),
        (
            "1\nallowlist\nread\n",
            "line 3 of the profile: \"read\" is no number",
        ),
        (
            "1\nallowlist\n9999\n",
            "line 3 of the profile: x86_64 has no call 9999",
        ),
        ("2\nalowlist\n", "is it allowlist?"),
        ("2\ndenylist alow\n", "is it allow?"),
        ("2\ndenylist allow maybe\n", "\"maybe\" after the action"),
        (
            "2\ndenylist\n[x86_65]\n",
            "line 3 of the profile: there is no architecture [x86_65]",
        ),
        ("2\ndenylist\n[x86_65]\n", "is it x86_64?"),
        ("2\ndenylist\n[x86_64\n", "there is no architecture"),
        ("2\ndenylist\nmount kil\n", "is it kill?"),
        ("2\ndenylist\nmount errno\n", "errno wants an error"),
        (
            "2\ndenylist\nmount errno EWHAT\n",
            "errno wants an error, not \"EWHAT\"",
        ),
        (
            "2\ndenylist\nmount kill [6,1,==]\n",
            "a call has arguments 0 to 5",
        ),
        ("2\ndenylist\nmount kill [0,x,==]\n", "\"x\" is no number"),
        (
            "2\ndenylist\nmount kill [0,1,=]\n",
            "there is no operator \"=\"",
        ),
        ("2\ndenylist\nmount kill [0,1]\n", "three or four fields"),
        ("2\ndenylist\nmount kill [0,1,==\n", "is no condition"),
        (
            "2\ndenylist\nmount kill [0,1,==][0,2,==]\n",
            "argument 0 is compared twice",
        ),
    ] {
        let error = lxc::load(text, Arch::X86_64).expect_err(text);
        let fix = error
            .diagnose()
            .and_then(|advice| advice.fix)
            .unwrap_or_default();
        let refused = format!("{error} / {fix}");
        assert!(refused.contains(wanted), "{text:?}: {refused}");
    }
}

#[test]
fn calls_that_are_not_there_are_told_by_name() {
    let mut profile = read(&with(
        r#""names": ["reed", "stat64", "socket", "no_such_call_at_all"],
        "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}]"#,
    ))
    .unwrap();
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
    let error = calls::parse(Arch::X86_64, "mounr").unwrap_err();
    assert_eq!(error.diagnose().unwrap().fix.unwrap(), "is it mount?");
    assert_eq!(calls::parse(Arch::X86_64, "1000"), Ok(1000));
}

/// Texts that are a profile but for some bytes; whatever comes is read or refused.
#[test]
fn damaged_profiles_never_make_a_reader_panic() {
    let json = with(&format!(
        r#"{RULE}, "errno": "", "includes": {{"minKernel": "4.8", "caps": ["A"], "arches": []}},
        "args": [{{"index": 0, "value": 1, "valueTwo": 0, "op": "SCMP_CMP_EQ"}}]"#
    ));
    let text = "2\ndenylist errno 5 # x\n[all]\nmount errno ENOSYS [1,0x10,&=,077][0,0x10,>=]\n";
    let mut rng = Rng::with_seed(21);
    let rounds = if std::env::var_os("ERA_LONG").is_some() {
        1_000_000
    } else {
        10_000
    };
    let mut read_well = 0;
    for round in 0..rounds {
        let whole = if round % 2 == 0 { &json } else { text };
        let mut bytes = whole.as_bytes().to_vec();
        for _ in 0..rng.usize(0..4) {
            let at = rng.usize(..bytes.len());
            match rng.u8(..4) {
                0 => bytes[at] = rng.u8(..),
                1 => bytes.truncate(at.max(1)),
                2 => drop(bytes.remove(at)),
                _ => bytes.insert(at, *rng.choice(b"{}[],:\"0x #\n-e9").unwrap()),
            }
            if bytes.is_empty() {
                bytes.push(b'2');
            }
        }
        let damaged = String::from_utf8_lossy(&bytes);
        for result in [read(&damaged), lxc::load(&damaged, Arch::X86_64)] {
            match result {
                Ok(profile) => {
                    read_well += 1;
                    profile.remarks();
                    let _ = compile(&profile);
                }
                Err(error) => assert!(!error.to_string().is_empty()),
            }
        }
    }
    assert!(read_well > rounds / 10, "{read_well}");
}
