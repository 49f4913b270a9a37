//! The default profile: what it refuses is refused by the kernel, call by call; and ordinary
//! programs do not notice it.

mod support;

#[path = "seccomp/mod.rs"]
mod seccomp_lines;

use std::collections::{BTreeMap, BTreeSet};

use seccomp::arch::Arch;
use seccomp::calls;
use seccomp::profile::default;
use seccomp_lines::{Run, folder, run, run_in};
use serde_json::Value;

/// Makes each call NAME=NUMBER with arguments that lead nowhere, and says what came of it.
/// In a session of its own: vhangup(2) has no terminal to hang up there, should it pass.
const TRY: &str = r#"setsid perl -e 'for (@ARGV) {
    my ($name, $number) = split /=/;
    my $result = syscall($number, (-1) x 6);
    print "$name ", ($result == -1 ? $! + 0 : "passed"), "\n";
}'"#;

/// The calls of this architecture that are refused altogether.
fn refused() -> BTreeMap<String, u16> {
    let groups = default::groups().into_iter();
    let calls = groups.flat_map(|group| {
        let errno = group.errno;
        let whole = group.calls.into_iter().filter(|call| call.only.is_none());
        whole.map(move |call| (call.call, errno))
    });
    let here = |call: &str| calls::number(Arch::native(), call).is_some();
    calls.filter(|(call, _)| here(call)).collect()
}

/// What came of each refused call behind a profile.
fn tried(profile: &str, setup: &str) -> BTreeMap<String, String> {
    let calls = refused().into_keys().map(|call| {
        let number = calls::number(Arch::native(), &call).unwrap();
        format!("{call}={number}")
    });
    let calls = calls.collect::<Vec<_>>().join(" ");
    let ran = run(&format!(
        "{setup} era-seccomp run --profile {profile} -- {TRY} {calls}"
    ));
    let lines = ran.says().lines();
    let pair = |line: &str| {
        let (call, result) = line.split_once(' ').unwrap();
        (call.to_owned(), result.to_owned())
    };
    lines.map(pair).collect()
}

#[test]
fn forty_calls_or_more_are_refused_and_each_is_refused_really() {
    let refused = refused();
    let permitted = |errno: &&u16| **errno == nix::errno::Errno::EPERM as u16;
    let count = refused.values().filter(permitted).count();
    assert!(count >= 40, "only {count} calls get EPERM");
    let tried = tried("default", "");
    let expected = refused.iter();
    let expected: BTreeMap<_, _> = expected
        .map(|(call, errno)| (call.clone(), errno.to_string()))
        .collect();
    assert_eq!(tried, expected);
    println!("{count} calls gave EPERM, really made");
}

/// The kernel refuses many of these calls anyway. With another error in the profile, one
/// that none of them gives, it is seen that the filter did it.
#[test]
fn it_is_the_filter_that_refuses() {
    let changed = r#"era-seccomp show default --json | sed 's/"errnoRet": 1,/"errnoRet": 123,/;
        s/"errnoRet": 1$/"errnoRet": 123/' >changed;"#;
    let tried = tried("changed", changed);
    let by_kernel: Vec<_> = tried
        .iter()
        .filter(|(call, result)| *call != "clone3" && *result != "123")
        .collect();
    assert!(by_kernel.is_empty(), "{by_kernel:?}");
}

/// What is neither allowed nor refused gets ENOSYS: nothing of this machine is forgotten but
/// what the kernel itself has dropped.
#[test]
fn every_call_that_we_know_is_in_the_profile() {
    let text: Value = serde_json::from_str(default::TEXT).unwrap();
    let rules = text["syscalls"].as_array().unwrap().iter();
    let names = rules.flat_map(|rule| rule["names"].as_array().unwrap());
    let names: BTreeSet<_> = names.map(|name| name.as_str().unwrap()).collect();
    let unknown: Vec<_> = names.iter().filter(|name| !calls::is_known(name)).collect();
    assert!(unknown.is_empty(), "no such calls: {unknown:?}");
    let all = calls::all(Arch::native()).map(|(name, _)| name);
    let left: Vec<_> = all.filter(|name| !names.contains(name)).collect();
    let dropped = [
        "afs_syscall",
        "epoll_ctl_old",
        "epoll_wait_old",
        "getpmsg",
        "lsm_set_self_attr",
        "putpmsg",
        "security",
        "tuxcall",
        "vserver",
    ];
    let forgotten: Vec<_> = left.iter().filter(|name| !dropped.contains(name)).collect();
    assert!(
        forgotten.is_empty(),
        "neither allowed nor refused: {forgotten:?}"
    );
}

#[test]
fn every_group_has_a_reason() {
    let groups = default::groups();
    assert!(groups.len() >= 10);
    for group in groups {
        assert!(group.reason.split(' ').count() >= 5, "{group:?}");
        assert!(!group.calls.is_empty());
    }
}

fn behind(line: &str) -> Run {
    run(&format!("era-seccomp run --profile default -- {line}"))
}

#[test]
fn clone_makes_children_and_threads_but_no_namespaces() {
    let number = calls::number(Arch::native(), "clone").unwrap();
    let clone = |flags: u64| {
        let script = format!(
            "my $r = syscall({number}, {flags}, 0, 0, 0, 0); exit 0 if $r == 0; \
             print $r == -1 ? $! + 0 : \"child\"; wait"
        );
        behind(&format!("perl -e '{script}'")).stdout
    };
    assert_eq!(clone(17), "child");
    for flag in [
        0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000,
    ] {
        assert_eq!(clone(17 | flag), "1", "{flag:#x}");
        // The upper half of a register is no hiding place: the kernel does not look at it,
        // and the filter does.
        assert_ne!(clone(17 | flag | 1 << 40), "child", "{flag:#x}");
    }
}

#[test]
fn other_personalities_and_the_wire_to_the_host_are_refused() {
    let personality = calls::number(Arch::native(), "personality").unwrap();
    let ask = |value: u64| {
        let script = format!("print syscall({personality}, {value}) == -1 ? $! + 0 : \"passed\"");
        behind(&format!("perl -e '{script}'")).stdout
    };
    assert_eq!(ask(0xffff_ffff), "passed");
    assert_eq!(ask(0x20000), "passed");
    assert_eq!(ask(0x0040000), "38");
    let socket = |family: u32| {
        let script = format!("print socket(S, {family}, 1, 0) ? \"passed\" : $! + 0");
        behind(&format!("perl -e '{script}'")).stdout
    };
    assert_eq!(socket(1), "passed");
    assert_eq!(socket(2), "passed");
    assert_eq!(socket(40), "1");
}

#[test]
fn ordinary_programs_do_not_notice() {
    let lines = [
        "sh -c 'ls -l / | sort | tail -1'",
        "sed '1e echo hello' /etc/hostname",
        "perl -e 'fork or exit; wait; print qx(uname -s)'",
        "python3 -c 'import threading; t = threading.Thread(target=print, args=(1,)); \
         t.start(); t.join()'",
        "sh -c 'mkdir a && mv a b && ln -s b c && rm -r b c && touch d && chmod 600 d'",
        "tar -cf archive.tar /etc/hostname",
        "era-lsns --json",
        "timeout 5 sleep 0.01",
    ];
    for line in lines {
        let ran = behind(line);
        assert_eq!(ran.status, 0, "{line}: {ran:?}");
    }
}

#[test]
fn an_engine_can_use_what_show_prints() {
    let folder = folder();
    let shown = run_in(&folder, "era-seccomp show default --json >default.json");
    assert_eq!(shown.status, 0, "{shown:?}");
    let verdicts = |profile: &str| {
        let calls = [
            "mount",
            "clone 0x10000000",
            "clone 17",
            "socket 40",
            "clone3",
            "getpid",
        ];
        calls.map(|call| {
            let line = format!("era-seccomp check {profile} {call} --json");
            let text = run_in(&folder, &line).stdout;
            serde_json::from_str::<Value>(&text).unwrap()["value"].clone()
        })
    };
    assert_eq!(verdicts("default"), verdicts("default.json"));
}
