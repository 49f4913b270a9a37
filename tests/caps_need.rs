//! `era-caps need`: the answer is enough, none of it can be left out, and nothing that the
//! program did is left.
//!
//! What is asked here has the same answer for root and, over a user namespace, for an ordinary
//! user; what only root of the machine can find out says so.

#[path = "caps_need/runs.rs"]
mod runs;
mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use indoc::indoc;
use serde_json::{Value, json};
use support::programs::{probed, program, programs, sh, text};

/// Real programs, and what the kernel wants of each.
const PROGRAMS: &[(&str, &[&str])] = &[
    ("true", &[]),
    ("mount -t tmpfs none /mnt", &["cap_sys_admin"]),
    ("chroot / true", &["cap_sys_chroot"]),
    ("hostname era-need-test", &["cap_sys_admin"]),
    ("ip link set lo down", &["cap_net_admin"]),
    (RAW_SOCKET, &["cap_net_raw"]),
    (PORT_80, &["cap_net_bind_service"]),
    (
        "sh -c 'mount -t tmpfs none /mnt && chroot / true'",
        &["cap_sys_chroot", "cap_sys_admin"],
    ),
];

const RAW_SOCKET: &str = "python3 -c 'import socket as s; s.socket(s.AF_INET, s.SOCK_RAW, 1)'";
const PORT_80: &str = "python3 -c 'import socket as s; s.socket().bind((\"127.0.0.1\", 80))'";

/// Runs `era-caps need` and gives its status and its JSON.
#[track_caller]
fn need(line: &str) -> (Option<i32>, Value) {
    let output = sh(&format!("era-caps need --json {line}"));
    (output.status.code(), judged(&output))
}

/// What was told in JSON.
#[track_caller]
fn judged(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

fn is_root() -> bool {
    nix::unistd::Uid::effective().is_root()
}

/// Whether a test that asks about the machine itself can run.
fn as_root() -> bool {
    probed(
        "root",
        is_root(),
        "only root has capabilities over the machine",
    )
}

/// A folder that everybody may enter.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::Builder::new().prefix("need").tempdir().unwrap();
    let all = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path(), all).unwrap();
    folder
}

#[test]
fn real_programs_need_what_the_kernel_checks() {
    for (line, expected) in PROGRAMS {
        let (status, told) = need(&format!("-- {line}"));
        assert_eq!(status, Some(0), "{line}: {told}");
        assert_eq!(told["needs"], json!(expected), "{line}: {told}");
    }
}

/// setpriv(1) gives and takes them by its own code, in a user namespace of unshare(1).
#[test]
fn with_the_answer_it_runs_under_setpriv_and_with_one_less_it_does_not() {
    let runs = |line: &str, caps: &[&str]| {
        let caps: String = caps.iter().map(|cap| cap.replace("cap_", ",+")).collect();
        let sets = format!("--bounding-set=-all{caps} --inh-caps=-all{caps}");
        let output = sh(&format!("exec unshare -Urmnu setpriv {sets} {line}"));
        output.status.success()
    };
    for (line, expected) in PROGRAMS {
        assert!(runs(line, expected), "{line} with {expected:?}");
        for cap in *expected {
            let rest: Vec<_> = expected.iter().copied().filter(|one| one != cap).collect();
            assert!(!runs(line, &rest), "{line} with {rest:?}");
        }
    }
}

/// The calls, and the errno of each.
const REFUSED: &[(&str, &str, &str)] = &[
    ("chroot / true", "chroot", "EPERM"),
    ("hostname era-need-test", "sethostname", "EPERM"),
    (RAW_SOCKET, "socket", "EPERM"),
    (PORT_80, "bind", "EACCES"),
];

/// strace(1) sees the call that is refused without it, and that it is not with it.
#[test]
fn the_call_that_is_refused_without_it_is_the_one_that_strace_sees() {
    for (line, call, errno) in REFUSED {
        let (_, told) = need(&format!("-- {line}"));
        let refused = json!({ "call": call, "errno": errno });
        assert_eq!(told["without"][0]["refused"], refused, "{line}: {told}");
        let bare = "setpriv --bounding-set=-all --inh-caps=-all";
        let traced = format!("unshare -Urnu {bare} {line}");
        let seen = sh(&format!("strace -f -qq -e trace={call} {traced} 2>&1"));
        let seen = text(&seen.stdout);
        let is_it = |line: &str| line.contains(&format!("{call}(")) && line.contains(errno);
        assert!(seen.lines().any(is_it), "{line}: {seen}");
    }
}

#[test]
fn with_the_answer_strace_sees_the_call_succeed() {
    let seen = |caps: &str| {
        let sets = format!("--bounding-set=-all{caps} --inh-caps=-all{caps}");
        let line = format!("unshare -Urn setpriv {sets} {PORT_80}");
        text(&sh(&format!("strace -f -qq -e trace=bind {line} 2>&1")).stdout)
    };
    let with = seen(",+net_bind_service");
    assert!(
        with.contains("sin_port=htons(80)") && with.contains("= 0"),
        "{with}"
    );
}

#[test]
fn it_says_how_the_program_failed_without_each() {
    let (_, told) = need("-- sh -c 'mount -t tmpfs none /mnt && exec chroot / true'");
    let without = |at: usize| &told["without"][at];
    assert_eq!(without(0)["capability"], "cap_sys_chroot", "{told}");
    assert_eq!(without(0)["outcome"]["status"], 125);
    let line = "chroot: cannot change root directory to '/': Operation not permitted";
    assert_eq!(without(0)["outcome"]["last_line"], line);
    assert_eq!(without(1)["capability"], "cap_sys_admin");
    let said = without(1)["outcome"]["said"].as_str().unwrap();
    assert!(said.contains("permission denied"), "{said}");
}

#[test]
fn what_can_stand_in_the_place_of_one_is_found() {
    let script = "mount -t tmpfs none /mnt || chroot / true";
    let (_, told) = need(&format!("-- sh -c '{script}'"));
    assert_eq!(
        told["needs"],
        json!(["cap_sys_chroot"]),
        "the narrower one: {told}"
    );
    assert_eq!(
        told["without"][0]["instead"],
        json!([["cap_sys_admin"]]),
        "{told}"
    );
    let together = format!("chroot / true || ({} && ip link set lo up)", "hostname x");
    let (_, told) = need(&format!("-- sh -c '{together}'"));
    assert_eq!(told["needs"], json!(["cap_sys_chroot"]), "{told}");
    let instead = json!([["cap_net_admin", "cap_sys_admin"]]);
    // lo is up already, and to set it up again is no change: it wants the capability all the
    // same.
    let found = sorted(&told["without"][0]["instead"]);
    assert_eq!(found, sorted(&instead), "{told}");
}

/// Sets have no order.
fn sorted(sets: &Value) -> Vec<Vec<String>> {
    let sets = sets.as_array().unwrap().iter().map(|set| {
        let names = set.as_array().unwrap().iter();
        let mut names: Vec<_> = names
            .map(|name| name.as_str().unwrap().to_owned())
            .collect();
        names.sort_unstable();
        names
    });
    sets.collect()
}

/// capabilities(7) names both for it.
#[test]
fn either_of_two_lets_another_user_read_a_file_of_root() {
    if !as_root() {
        return;
    }
    let (status, told) = need("--user 4711 -- cat /etc/shadow");
    assert_eq!(status, Some(0), "{told}");
    assert_eq!(told["needs"], json!(["cap_dac_read_search"]), "{told}");
    let instead = &told["without"][0]["instead"];
    assert_eq!(*instead, json!([["cap_dac_override"]]), "{told}");
    let (_, as_owner) = need("-- cat /etc/shadow");
    assert_eq!(as_owner["needs"], json!([]), "uid 0 owns it: {as_owner}");
}

#[test]
fn over_the_machine_root_is_told_of_chown_and_mknod() {
    if !as_root() {
        return;
    }
    let folder = folder();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let (_, told) = need(&format!("-- chown 4711 {}", file.display()));
    assert_eq!(told["needs"], json!(["cap_chown"]), "{told}");
    let owner = std::os::unix::fs::MetadataExt::uid(&file.metadata().unwrap());
    assert_eq!(owner, 0, "the file itself is as it was");
    let node = folder.path().join("node");
    let (_, told) = need(&format!("-- mknod {} c 1 3", node.display()));
    assert_eq!(told["needs"], json!(["cap_mknod"]), "{told}");
    assert!(!node.exists());
}

#[test]
fn an_ordinary_user_is_told_over_what_the_powers_are() {
    let line = "setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin \
                era-caps need -- chroot / true";
    let output = sh(line);
    let told = text(&output.stdout);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{told}{}",
        text(&output.stderr)
    );
    let uid = nix::unistd::Uid::effective();
    let note = format!("Its uid 0 is uid {uid} outside, with powers over a user namespace only");
    assert!(told.contains(&note), "{told}");
    assert!(told.starts_with("needs  cap_sys_chroot\n"), "{told}");
}

/// A program that does its worst within what it was given.
const VANDAL: &str = indoc! {r#"
    rm -rf "$D/kept"/*; echo changed >"$D/kept-file"; chmod 000 "$D"; touch /tmp/era-vandal
    hostname vandal; ip link del lo; ip link set lo down; mount -t tmpfs none "$D"
    echo 1 >/proc/sys/vm/drop_caches; echo h >/proc/sysrq-trigger; mkdir /sys/fs/cgroup/era-vandal
    kill -9 -1; setsid sleep 600 & echo done"#};

#[test]
fn nothing_that_it_does_is_left() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("kept")).unwrap();
    std::fs::write(at("kept/file"), "as it was").unwrap();
    std::fs::write(at("kept-file"), "as it was").unwrap();
    std::fs::write(at("vandal"), VANDAL).unwrap();
    let before = surroundings();
    let line = format!(
        "export D={0}; era-caps need --json -- sh {0}/vandal",
        folder.path().display()
    );
    let output = sh(&line);
    let told = judged(&output);
    assert_eq!(told["needs"], json!([]), "{told}");
    assert_eq!(
        std::fs::read_to_string(at("kept/file")).unwrap(),
        "as it was"
    );
    assert_eq!(
        std::fs::read_to_string(at("kept-file")).unwrap(),
        "as it was"
    );
    assert_eq!(surroundings(), before);
    assert!(!Path::new("/tmp/era-vandal").exists());
    assert!(!Path::new("/sys/fs/cgroup/era-vandal").exists());
    assert_eq!(left_running(folder.path()), Vec::<i32>::new());
}

/// The name of this machine, its mounts, its links.
fn surroundings() -> [String; 3] {
    let read = |path: &str| std::fs::read_to_string(path).unwrap();
    [
        read("/proc/sys/kernel/hostname"),
        read("/proc/self/mountinfo"),
        text(&sh("ip -o link show").stdout),
    ]
}

/// Processes that have the folder in their words or in their environment.
fn left_running(folder: &Path) -> Vec<i32> {
    let mark = folder.to_str().unwrap();
    let numbers = std::fs::read_dir("/proc").unwrap().flatten();
    let numbers = numbers.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let is_marked = |pid: &i32| {
        let read = |name| std::fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
        let all = [read("environ"), read("cmdline")].concat();
        String::from_utf8_lossy(&all).contains(mark)
    };
    numbers.filter(is_marked).collect()
}

#[test]
fn the_clock_is_not_set_and_it_is_said_why_not() {
    let before = std::time::SystemTime::now();
    let output = sh("era-caps need -- date -s 2001-01-01");
    let told = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(std::time::SystemTime::now() >= before, "the clock was set");
    let fails = "cannot be judged: it fails with every capability that it was given\n";
    assert!(told.starts_with(fails), "{told}");
    assert!(told.contains("  | date: cannot set date"), "{told}");
    match is_root() {
        true => assert!(told.contains("cap_sys_time"), "{told}"),
        false => assert!(told.contains("over a user namespace only"), "{told}"),
    }
}

#[test]
fn what_reaches_the_machine_is_given_only_if_it_is_allowed() {
    if !as_root() {
        return;
    }
    let (_, told) = need("-- true");
    let has = |told: &Value, set: &str, name: &str| {
        let names = told[set].as_array().unwrap();
        names.iter().any(|one| one == name)
    };
    for name in [
        "cap_sys_time",
        "cap_sys_module",
        "cap_sys_boot",
        "cap_sys_rawio",
    ] {
        assert!(
            has(&told, "withheld", name) && !has(&told, "given", name),
            "{told}"
        );
    }
    let (_, told) = need("--allow sys_time -- true");
    assert!(has(&told, "given", "cap_sys_time"), "{told}");
    assert!(has(&told, "withheld", "cap_sys_boot"), "{told}");
}
