//! Bad input to era-seccomp: a clear error, and nothing runs.

mod support;

#[path = "seccomp/mod.rs"]
mod seccomp;

use indoc::indoc;
use seccomp::{folder, run_in};

/// A line, and what is said about it. Each line would leave a file `ran` behind.
#[cfg(target_arch = "x86_64")]
const FAILURES: &[(&str, &str)] = &[
    (
        "era-seccomp run --deny mkdri -- touch ran",
        indoc! {r#"
            error: x86_64 has no system call "mkdri"
              why:  a rule for it would be void
              fix:  is it mkdir?
        "#},
    ),
    (
        "era-seccomp run --deny mkdir=EWHAT -- touch ran",
        indoc! {r#"
            error: invalid value 'mkdir=EWHAT' for '--deny <CALL[=ERRNO],…>': there is no error "EWHAT": see errno(3)

            For more information, try '--help'.
        "#},
    ),
    (
        "era-seccomp run --deny mkdir --kill rmdir,mkdir -- touch ran",
        "error: mkdir is named twice\n",
    ),
    (
        "era-seccomp run --allow-only read,write -- touch ran",
        indoc! {"
            error: behind this filter touch cannot start: execve gets errno EPERM
              why:  the filter holds already when the program is started by execve(2)
              fix:  allow execve as well: --allow-only execve,…
        "},
    ),
    (
        "era-seccomp run --kill execve -- touch ran",
        indoc! {"
            error: behind this filter touch cannot start: execve gets kill-process
              why:  the filter holds already when the program is started by execve(2)
              fix:  allow execve as well: --allow-only execve,…
        "},
    ),
    (
        "era-seccomp run --profile nowhere -- touch ran",
        indoc! {r#"
            error: cannot read the profile "nowhere"
              open("nowhere") failed: ENOENT (no such file or directory)
              why:  it is neither default nor docker, so it is taken for a file
              fix:  era-seccomp run --profile default
        "#},
    ),
    (
        "printf 'more noise' >binary; head -c 9 /dev/zero >>binary; \
         era-seccomp run --profile binary -- touch ran",
        "error: \"binary\": this is no seccomp filter: 19 bytes are no whole number of instructions\n",
    ),
    (
        "head -c 8 /dev/zero >binary; era-seccomp run --profile binary --deny mkdir -- touch ran",
        "error: \"binary\": this is no seccomp filter: its last instruction is not a return\n",
    ),
    (
        "era-seccomp show no-mkdir --export filter; \
         era-seccomp run --profile filter --deny rmdir -- touch ran",
        "error: a compiled filter has no rules any more that could be changed\n",
    ),
    (
        "era-seccomp run --profile default --caps net_raw,sys_adminn -- touch ran",
        indoc! {r#"
            error: invalid value 'sys_adminn' for '--caps <CAPS>': there is no capability "sys_adminn": see capabilities(7)

            For more information, try '--help'.
        "#},
    ),
    (
        "era-seccomp supervise --watch mkdir --deny mkdir -- touch ran",
        "error: mkdir is named twice\n",
    ),
    (
        "era-seccomp supervise --deny mkdir=ENOTHING -- touch ran",
        indoc! {r#"
            error: invalid value 'mkdir=ENOTHING' for '--deny <CALL[=ERRNO],…>': there is no error "ENOTHING": see errno(3)

            For more information, try '--help'.
        "#},
    ),
    (
        "era-seccomp supervise --answer mkdir -- touch ran",
        indoc! {r#"
            error: invalid value 'mkdir' for '--answer <CALL=ANSWER,…>': want CALL=ERRNO or CALL=NUMBER, not "mkdir"

            For more information, try '--help'.
        "#},
    ),
    (
        "era-seccomp run --deny mkdir -- ./not-executable",
        indoc! {r#"
            error: cannot run ./not-executable
              execve("./not-executable", ["./not-executable"], …) failed: EACCES (permission denied)
              why:  it may not be executed: chmod +x makes a script a program
        "#},
    ),
    (
        "era-seccomp run --deny mkdir -- ./no-interpreter",
        indoc! {r#"
            error: cannot run ./no-interpreter
              execve("./no-interpreter", ["./no-interpreter"], …) failed: ENOENT (no such file or directory)
              why:  it is there, but not the loader or the interpreter that it names
        "#},
    ),
];

#[cfg(target_arch = "x86_64")]
const PREPARED: &str = "printf '%s\\n' 2 denylist 'mkdir errno 1' >no-mkdir; \
                        echo '#!/no/such/shell' >no-interpreter; chmod +x no-interpreter; \
                        touch not-executable;";

#[test]
#[cfg(target_arch = "x86_64")]
fn a_failure_says_what_why_and_what_to_do_and_runs_nothing() {
    let mut differing = Vec::new();
    for (line, said) in FAILURES {
        let folder = folder();
        let ran = run_in(&folder, &format!("{PREPARED} {line}"));
        if ran.stderr != *said || ![125, 126, 127].contains(&ran.status) {
            eprintln!(
                "--- {line}\nexpected:\n{said}\nheard ({}):\n{}",
                ran.status, ran.stderr
            );
            differing.push(*line);
        }
        assert!(!folder.path().join("ran").exists(), "{line}");
    }
    assert!(differing.is_empty(), "{differing:#?}");
}

/// Profiles that are none: what is wrong is named, with its place.
#[test]
fn a_malformed_profile_is_refused_by_what_is_wrong_with_it() {
    let profiles = [
        ("{", "JSON"),
        ("[]", "JSON"),
        (r#"{"defaultAction":"SCMP_ACT_ALLOW""#, "JSON"),
        (r#"{"defaultAction":"SCMP_ACT_ALOW"}"#, "SCMP_ACT_ALLOW"),
        (
            r#"{"defaultAction":"SCMP_ACT_ALLOW","sycalls":[]}"#,
            "sycalls",
        ),
        (
            r#"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"],"action":"X"}]}"#,
            "syscalls[0].action",
        ),
        (
            r#"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"],
            "action":"SCMP_ACT_ERRNO","args":[{"index":9,"value":0,"op":"SCMP_CMP_EQ"}]}]}"#,
            "arguments 0 to 5",
        ),
        (
            r#"{"defaultAction":"SCMP_ACT_ALLOW","flags":["SECCOMP_FILTER_FLAG_LOUD"]}"#,
            "flags",
        ),
        ("3\nallowlist\nread\n", "line 1"),
        ("2\nallowlist\nread erno 1\n", "line 3"),
        ("", "profile"),
    ];
    for (text, named) in profiles {
        let folder = folder();
        std::fs::write(folder.path().join("profile"), text).unwrap();
        let ran = run_in(&folder, "era-seccomp run --profile profile -- touch ran");
        assert_eq!(ran.status, 125, "{text}: {ran:?}");
        assert!(
            ran.stderr.starts_with("error: \"profile\": "),
            "{text}: {ran:?}"
        );
        assert!(ran.stderr.contains(named), "{text}: {ran:?}");
        assert!(!folder.path().join("ran").exists(), "{text}");
    }
}

/// A profile whose filter is longer than the kernel's 4096 instructions.
#[test]
fn a_profile_that_is_too_large_is_refused_before_anything_runs() {
    let rules: Vec<_> = (0..900_u64)
        .map(|n| {
            let value = n * 0x1_0001_0003 + 7;
            format!(
                r#"{{"names":["read"],"action":"SCMP_ACT_ERRNO","errnoRet":{},
                "args":[{{"index":1,"value":{value},"op":"SCMP_CMP_EQ"}}]}}"#,
                1 + n % 100
            )
        })
        .collect();
    let text = format!(
        r#"{{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{}]}}"#,
        rules.join(",")
    );
    let folder = folder();
    std::fs::write(folder.path().join("large.json"), text).unwrap();
    let ran = run_in(&folder, "era-seccomp run --profile large.json -- touch ran");
    assert_eq!(ran.status, 125, "{ran:?}");
    assert!(ran.stderr.contains("4096"), "{ran:?}");
    assert!(!folder.path().join("ran").exists());
}

#[test]
fn a_name_that_is_no_call_is_void_and_said_to_be() {
    let folder = folder();
    let profile = r#"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[
        {"names":["mkdri","mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO"}]}"#;
    std::fs::write(folder.path().join("p.json"), profile).unwrap();
    let ran = run_in(&folder, "era-seccomp run --profile p.json -- mkdir x");
    assert!(ran.stderr.contains("is it mkdir?"), "{ran:?}");
    assert!(ran.stderr.contains("Operation not permitted"), "{ran:?}");
}

#[test]
fn a_result_that_does_not_fit_on_the_disk_is_a_failure() {
    let folder = folder();
    let full = run_in(&folder, "era-seccomp show default --export /dev/full");
    assert_eq!(full.status, 125, "{full:?}");
    assert!(
        full.stderr.contains("write(\"/dev/full\") failed: ENOSPC"),
        "{full:?}"
    );
}

/// A machine without the profile of Docker: where it was looked for, and how to get it.
#[test]
fn where_dockers_profile_is_missing_the_error_says_where_it_was_looked_for() {
    let folder = folder();
    let hidden = "unshare --user --map-root-user --mount sh -c 'mount -t tmpfs none /usr/share && \
                  { [ ! -e /etc/containers ] || mount -t tmpfs none /etc/containers; } && \
                  era-seccomp run --profile docker -- touch ran'";
    let ran = run_in(&folder, hidden);
    assert_eq!(ran.status, 125, "{ran:?}");
    assert!(
        ran.stderr.contains("does not have the profile of Docker"),
        "{ran:?}"
    );
    assert!(
        ran.stderr.contains("/usr/share/containers/seccomp.json"),
        "{ran:?}"
    );
    assert!(
        ran.stderr.contains("golang-github-docker-docker-dev"),
        "{ran:?}"
    );
    assert!(!folder.path().join("ran").exists());
}
