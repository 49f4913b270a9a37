//! `era-seccomp record`: the profile of a program's own calls runs that program.

mod support;

#[path = "seccomp/mod.rs"]
mod seccomp_lines;

use std::collections::BTreeSet;

use seccomp_lines::{folder, run_in};
use serde_json::Value;
use support::needs;

fn names(folder: &tempfile::TempDir, file: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(folder.path().join(file)).unwrap();
    let profile: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(profile["defaultAction"], "SCMP_ACT_ERRNO");
    let names = profile["syscalls"][0]["names"].as_array().unwrap();
    let names = names.iter().map(|name| name.as_str().unwrap().to_owned());
    names.collect()
}

#[test]
fn a_program_runs_behind_what_was_recorded_of_it() {
    if !needs("ptrace") {
        return;
    }
    let programs = [
        "/bin/ls -l /usr",
        "sh -c 'ls / | sort | tail -1; (exit 3)'",
        "perl -e 'fork or exit 4; wait; exit $? >> 8'",
        "sh -c 'trap \"echo caught\" USR1; kill -USR1 $$'",
        "python3 -c 'import threading; t = threading.Thread(target=print, args=(1,)); \
         t.start(); t.join()'",
        "sh -c 'kill -TERM $$'",
    ];
    for program in programs {
        let folder = folder();
        let alone = run_in(&folder, program);
        let record = format!("era-seccomp record --output p.json -- {program}; echo status $?");
        let recorded = run_in(&folder, &record);
        let behind = run_in(
            &folder,
            &format!("era-seccomp run --profile p.json -- {program}; echo status $?"),
        );
        assert_eq!(recorded.stdout, behind.stdout, "{program}: {behind:?}");
        assert!(
            behind.stdout.starts_with(&alone.stdout),
            "{program}: {behind:?}"
        );
    }
}

#[test]
fn what_was_not_called_is_refused() {
    if !needs("ptrace") {
        return;
    }
    let folder = folder();
    let recorded = run_in(&folder, "era-seccomp record --output p.json -- ls");
    assert_eq!(recorded.status, 0, "{recorded:?}");
    let made = run_in(&folder, "era-seccomp run --profile p.json -- mkdir x");
    assert!(made.stderr.contains("Operation not permitted"), "{made:?}");
}

#[test]
fn the_calls_of_children_and_threads_are_recorded() {
    if !needs("ptrace") {
        return;
    }
    let folder = folder();
    let line = "era-seccomp record --output p.json -- sh -c 'sh -c \"ln -s a b\"; exit 5'";
    let recorded = run_in(&folder, line);
    assert_eq!(recorded.status, 5, "{recorded:?}");
    let names = names(&folder, "p.json");
    assert!(
        names.contains("symlink") || names.contains("symlinkat"),
        "{names:?}"
    );
    assert!(
        names.contains("execve") && names.contains("exit_group"),
        "{names:?}"
    );
    assert!(!names.contains("mkdir"), "{names:?}");
}

/// strace sees the same calls: the recorder leaves none out.
#[test]
fn strace_sees_the_same_calls() {
    if !needs("ptrace") || !needs("strace") {
        return;
    }
    let folder = folder();
    let program = "sh -c 'ls -l / >/dev/null; ln -s a b; rm b; (exit 3)'";
    let line = format!(
        "strace -qq -f -e signal=none -o trace {program}; \
         era-seccomp record --output p.json -- {program}"
    );
    run_in(&folder, &line);
    let trace = std::fs::read_to_string(folder.path().join("trace")).unwrap();
    let call = |line: &str| {
        let call = line.split_whitespace().nth(1)?;
        let name = call.split('(').next()?;
        let is_call = call.contains('(') && name.starts_with(|c: char| c.is_ascii_lowercase());
        is_call.then(|| name.to_owned())
    };
    let seen: BTreeSet<_> = trace.lines().filter_map(call).collect();
    let recorded = names(&folder, "p.json");
    let missed: Vec<_> = seen.difference(&recorded).collect();
    assert!(
        missed.is_empty() && seen.len() > 15,
        "{missed:?} of {seen:?}"
    );
    let always = ["execve", "exit_group", "restart_syscall", "rt_sigreturn"];
    let more: Vec<_> = recorded.difference(&seen).collect();
    let invented: Vec<_> = more
        .iter()
        .filter(|name| !always.contains(&name.as_str()))
        .collect();
    assert!(invented.is_empty(), "{invented:?}");
}

#[test]
fn nothing_runs_when_the_profile_could_not_be_written() {
    let folder = folder();
    let refused = run_in(&folder, "era-seccomp record --output no/p.json -- mkdir x");
    assert_eq!(refused.status, 125);
    assert!(refused.stderr.contains("ENOENT"), "{refused:?}");
    assert!(!folder.path().join("x").exists());
}

#[test]
fn a_program_that_is_not_there_leaves_no_profile_and_keeps_the_one_that_is_there() {
    if !needs("ptrace") {
        return;
    }
    let folder = folder();
    let line = "era-seccomp record --output p.json -- no-such-program";
    let refused = run_in(&folder, line);
    assert_eq!(refused.status, 127, "{refused:?}");
    let file = folder.path().join("p.json");
    assert!(!file.exists());
    std::fs::write(&file, "mine").unwrap();
    run_in(&folder, line);
    assert_eq!(std::fs::read_to_string(file).unwrap(), "mine");
}
