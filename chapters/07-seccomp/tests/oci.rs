//! Profiles in JSON are read as they are meant, and what cannot be kept is refused by its path.

use groundwork::error::Diagnose;
use seccomp::profile::oci::{self, Context};
use seccomp::profile::{Compare, Flag, Op, Remark};
use seccomp::{Action, Arch, Error, Profile};

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
        (r#"["SCMP_ACT_ALLOW"]"#, "a profile is an object"),
        (
            r#"{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["X86"]}"#,
            "architectures[0]",
        ),
    ] {
        let refused = refusal(text);
        assert!(refused.contains(wanted), "{text}: {refused}");
    }
}
