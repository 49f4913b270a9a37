//! When `era-caps` cannot do what it is asked for: it says what, why and what to do, and
//! changes nothing.

mod support;

use indoc::indoc;
use support::programs::{sh, text};

/// A line, its status, and all that it says. `$D` is a folder in which `copy` is a program
/// that has cap_kill=p, `link` a link to it, and `there` a folder.
struct Failure {
    line: &'static str,
    status: i32,
    said: &'static str,
}

const FAILURES: &[Failure] = &[
    Failure {
        line: "era-caps run --drop net_bind_servce -- true",
        status: 125,
        said: indoc! {r#"
            error: there is no capability "net_bind_servce"
              why:  no capability has this name
              fix:  cap_net_bind_service
        "#},
    },
    Failure {
        line: "era-caps file set cap_xyzzy=ep $D/copy",
        status: 1,
        said: indoc! {r#"
            error: there is no capability "cap_xyzzy"
              why:  names are those of capabilities(7), with or without cap_
              fix:  era-caps about   (lists them)
        "#},
    },
    Failure {
        line: "era-caps run --drop 63 -- true",
        status: 125,
        said: indoc! {r#"
            error: there is no capability 63: the last of this kernel is LAST
        "#},
    },
    Failure {
        line: "era-caps file set $D/copy cap_chown=ep",
        status: 1,
        said: "error: the text comes first, then the files\n",
    },
    Failure {
        line: "era-caps file set 63=p $D/copy",
        status: 1,
        said: indoc! {r#"
            error: there is no capability 63: the last of this kernel is LAST
        "#},
    },
    Failure {
        line: "era-caps file set 'cap_chown=ep cap_kill' $D/copy",
        status: 1,
        said: indoc! {r#"
            error: cannot read "cap_kill" in "cap_chown=ep cap_kill": after the names comes =, + or -
              why:  a clause is names, then =, + or -, then e, i or p: cap_from_text(3)
              fix:  such as cap_net_bind_service=+ep
        "#},
    },
    Failure {
        line: "era-caps file set 'cap_chown=ep cap_kill=p' $D/copy",
        status: 1,
        said: indoc! {r#"
            error: a file cannot hold "cap_chown=ep cap_kill+p": it has one bit that makes all effective, or none
              why:  of these, e must hold what p and i hold, or nothing: cap_kill
              fix:  give e to all of them, or to none
        "#},
    },
    Failure {
        line: "era-caps file set =p $D/link",
        status: 1,
        said: indoc! {r#"
            error: "$D/link" is a link, and links have no capabilities
              why:  the kernel looks at the file that a link leads to
              fix:  name that: $D/copy
        "#},
    },
    Failure {
        line: "era-caps file set =p $D/there",
        status: 1,
        said: indoc! {r#"
            error: "$D/there" is a folder, and only files have capabilities
              why:  the kernel looks at them when it runs a program, and this is none
        "#},
    },
    Failure {
        line: "era-caps file set =p $D/nowhere",
        status: 1,
        said: indoc! {r#"
            error: cannot look at "$D/nowhere"
              lstat("$D/nowhere") failed: ENOENT (no such file or directory)
              why:  there is no $D/nowhere here
              fix:  name a file that is there
        "#},
    },
    Failure {
        line: "era-caps file set cap_chown=p /proc/self/comm",
        status: 1,
        said: indoc! {r#"
            error: cannot give capabilities to "/proc/self/comm"
              lsetxattr("/proc/self/comm", "security.capability", {0x2000000, 0x1, 0, 0, 0}, 20, 0) failed: EOPNOTSUPP (operation not supported on transport endpoint)
              why:  what it lies on, proc at /proc, keeps no capabilities
              fix:  take a copy, on a file system such as ext4, xfs, btrfs or tmpfs
        "#},
    },
    Failure {
        line: "era-caps run --drop setfcap -- era-caps file set cap_chown=p $D/copy",
        status: 1,
        said: indoc! {r#"
            error: cannot give capabilities to "$D/copy"
              lsetxattr("$D/copy", "security.capability", {0x2000000, 0x1, 0, 0, 0}, 20, 0) failed: EPERM (operation not permitted)
              why:  only who has CAP_SETFCAP gives capabilities away, and this process has it not
              fix:  run it as root, or on a copy as root of a user namespace: era-unshare -r
        "#},
    },
    Failure {
        line: "era-caps file set --root-id 77 cap_chown=p $D/copy",
        status: 1,
        said: indoc! {r#"
            error: cannot give capabilities to "$D/copy"
              lsetxattr("$D/copy", "security.capability", {0x3000000, 0x1, 0, 0, 0, 0x4d}, 24, 0) failed: EINVAL (invalid argument)
              why:  user 77 does not exist in this user namespace: /proc/self/uid_map says "0 UID 1"
              fix:  name a user that is mapped, such as 0
        "#},
    },
    Failure {
        line: "mount --bind -o ro $D $D; mount -o remount,bind,ro $D; \
               era-caps file set cap_chown=p $D/copy",
        status: 1,
        said: indoc! {r#"
            error: cannot give capabilities to "$D/copy"
              lsetxattr("$D/copy", "security.capability", {0x2000000, 0x1, 0, 0, 0}, 20, 0) failed: EROFS (read-only file system)
              why:  what it lies on is mounted read-only
              fix:  take a copy, somewhere else
        "#},
    },
    Failure {
        line: "era-caps file clear $D/plain",
        status: 1,
        said: indoc! {r#"
            error: cannot take the capabilities from "$D/plain"
              lremovexattr("$D/plain", "security.capability") failed: ENODATA (no data available)
              why:  it has none
        "#},
    },
    Failure {
        line: "era-caps run --drop chown --permitted chown -- true",
        status: 125,
        said: indoc! {"
            error: cap_chown cannot be both dropped and permitted
              why:  what is dropped leaves all five sets
              fix:  take it out of --drop or of --permitted: cap_chown
        "},
    },
    Failure {
        line: "era-caps run --permitted kill --effective chown -- true",
        status: 125,
        said: indoc! {"
            error: effective cannot have what permitted has not: cap_chown
              why:  what is on has to be permitted first
              fix:  --permitted cap_chown   (and what it has already)
        "},
    },
    Failure {
        line: "era-caps run --ambient chown -- true",
        status: 125,
        said: indoc! {"
            error: ambient cannot have what inheritable has not: cap_chown
              why:  what is ambient has to be both permitted and inheritable first
              fix:  --inheritable cap_chown   (and what it has already)
        "},
    },
    Failure {
        line: "era-caps run --drop chown -- era-caps run --permitted chown -- true",
        status: 125,
        said: indoc! {"
            error: cannot have cap_chown permitted: this process has not
              why:  the permitted set of a process can shrink, never grow
        "},
    },
    Failure {
        line: "era-caps run --drop setpcap -- era-caps run --drop chown -- true",
        status: 125,
        said: indoc! {"
            error: this takes cap_setpcap, which this process has not
              why:  only who has CAP_SETPCAP takes from the bounding set
              fix:  --bounding all leaves that as it is; --no-new-privs keeps the rest from coming back
        "},
    },
    Failure {
        line: "era-caps run --drop setuid -- era-caps run --user 5 -- true",
        status: 125,
        said: indoc! {"
            error: this takes cap_setuid, which this process has not
              why:  who becomes another user, or makes inheritable what is not permitted, needs them
              fix:  run it as root, or as root of a user namespace: era-unshare -r
        "},
    },
    Failure {
        line: "era-caps run --user 0:5 -- true",
        status: 125,
        said: indoc! {r#"
            error: cannot become user 0:5
              setgid(5) failed: EINVAL (invalid argument)
              why:  user 0:5 does not exist in this user namespace: /proc/self/uid_map says "0 UID 1"
              fix:  name a user that is mapped, such as 0
        "#},
    },
    Failure {
        line: "era-caps run --drop kill -- no-such-program",
        status: 127,
        said: indoc! {r#"
            error: cannot run "no-such-program"
              execve("no-such-program", ["no-such-program"], …) failed: ENOENT (no such file or directory)
              why:  no folder of PATH has a program "no-such-program" in this root
        "#},
    },
    Failure {
        line: "era-caps run --drop kill -- $D/there",
        status: 126,
        said: indoc! {r#"
            error: cannot run "$D/there"
              execve("$D/there", ["$D/there"], …) failed: EACCES (permission denied)
              why:  $D/there is a directory
        "#},
    },
    Failure {
        line: "era-caps file set cap_kill=ep $D/copy; era-caps run --drop kill -- $D/copy; \
               S=$?; era-caps file set cap_kill=p $D/copy; (exit $S)",
        status: 126,
        said: indoc! {r#"
            error: cannot run "$D/copy"
              execve("$D/copy", ["$D/copy"], …) failed: EPERM (operation not permitted)
              why:  its file has capabilities that the bounding set has not: cap_kill
              fix:  keep them in the bounding set, or run a copy, which has none
        "#},
    },
    Failure {
        line: "era-caps show 999999999",
        status: 1,
        said: indoc! {r#"
            error: cannot look at "/proc/999999999/status"
              open("/proc/999999999/status") failed: ENOENT (no such file or directory)
              why:  no process has the number 999999999 here
              fix:  era-caps show --all, or ps, shows who is there
        "#},
    },
    Failure {
        line: "era-caps run --drop kill --bounding all -- true",
        status: 0,
        said: indoc! {"
            warning: execve gives uid 0 what its bounding set still has: cap_kill
        "},
    },
    Failure {
        line: "era-caps run --effective kill -- true",
        status: 0,
        said: "warning: execve makes effective what is permitted: all but cap_kill\n",
    },
    Failure {
        line: "mount -t tmpfs -o nosuid none $D/there; cp /bin/true $D/there/t; \
               era-caps file set cap_chown=p $D/there/t",
        status: 0,
        said: indoc! {"
            warning: $D/there/t lies on a mount with nosuid: who runs it there gets no capability
        "},
    },
];

/// Runs a line as root of a user and a mount namespace, and gives status and stderr; and
/// what `copy` has afterwards.
fn run(line: &str) -> (i32, String, String) {
    let folder = tempfile::tempdir_in("/var/tmp").unwrap();
    let place = folder.path().display();
    let output = sh(&format!(
        r#"export D={place}
        cp /bin/true $D/copy; cp /bin/true $D/plain; ln -s $D/copy $D/link; mkdir $D/there
        exec unshare -Urm --propagation private bash -c '
            era-caps file set cap_kill=p $D/copy
            {line}
            S=$?
            era-caps file get $D/copy 2>/dev/null
            exit $S'"#,
        line = line.replace('\'', r"'\''"),
    ));
    let shown = |bytes| text(bytes).replace(&place.to_string(), "$D");
    let status = output.status.code().unwrap();
    (status, shown(&output.stderr), shown(&output.stdout))
}

/// What differs between machines.
fn as_here(said: &str) -> String {
    let last = groundwork::kernel::last_capability();
    let name = groundwork::kernel::capability_name(last).to_lowercase();
    let uid = nix::unistd::geteuid().to_string();
    said.replace("LAST", &format!("{last}, {name}"))
        .replace("\"0 UID 1\"", &format!("\"0 {uid} 1\""))
}

#[test]
fn a_failure_says_what_why_and_what_to_do_and_changes_nothing() {
    let mut differing = Vec::new();
    for Failure { line, status, said } in FAILURES {
        let (ended, heard, copy) = run(line);
        if ended != *status || heard != as_here(said) || copy != "$D/copy cap_kill=p\n" {
            eprintln!("--- {line}\nexpected {status}:\n{said}\nheard {ended}:\n{heard}\n{copy}");
            differing.push(*line);
        }
    }
    assert!(differing.is_empty(), "{differing:#?}");
}

#[test]
fn the_status_is_the_programs_own() {
    assert_eq!(run("era-caps run --drop kill -- sh -c 'exit 42'").0, 42);
    let by_signal = "era-caps run --drop kill -- sh -c 'kill -TERM $$'";
    assert_eq!(run(by_signal).0, 128 + 15);
}
