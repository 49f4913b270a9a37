//! When a program that makes or enters a container fails: it says what failed, why here, and
//! what to do; and it leaves nothing behind, whichever of its calls the kernel refuses.

mod failures;
mod support;

use failures::{Failure, differs, folder, left_running, run};
use indoc::indoc;

/// The calls that a line makes by itself, by what it tells: which of them make a container
/// is committed in container_calls.txt, and `narration` holds the two together.
fn calls_of(told: &str) -> Vec<String> {
    let listed = include_str!("container_calls.txt").lines();
    let listed = listed.filter_map(|line| line.split('#').next()?.split_whitespace().next());
    let mut names: Vec<_> = listed
        .filter(|name| told.contains(&format!(r#""name":"{name}""#)))
        .map(str::to_owned)
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The processes that our programs make, by the roles that `groundwork::inject` knows.
const ROLES: &[&str] = &["parent", "keeper", "mapper", "child"];

/// Lines that go through all of its calls. `$D` is a folder of the run.
const LINES: &[&str] = &[
    "era-unshare -muinpCTf --mount=$D/mnt --uts=$D/uts --propagation slave --mount-proc \
     --hostname x --boottime 5 --monotonic 5 -w / -S 0 true",
    "era-unshare -mu --uts=$D/uts --mount=$D/mnt true",
    "era-unshare -ui --uts=$D/uts --ipc=$D/ipc -f true",
    "era-unshare -Urmpf --kill-child --keep-caps --root / true",
    "era-unshare -m --pivot $D/jail --mount-proc -pf /bin/sh -c true",
    "era-unshare -U --map-users=0,0,1 --map-groups=0,0,1 -f true",
    "unshare -muinpCf --mount-proc era-nsenter -t 1 -m -u -i -n -p -C -r -w -G 0 -S 0 true",
    "unshare -u era-nsenter --uts=/proc/self/ns/uts -r/ -W / -F true",
    "era-chroot run $D/jail --proc --dev --user 0:0 -- /bin/sh -c true",
    "era-chroot run $D/jail --userns -- /bin/sh -c true",
    "era-chroot escape $D/jail",
    "era-caps run --drop sys_chroot,net_raw --inheritable chown --ambient chown --user 0 \
     --no-new-privs -- true",
    "sh -c \"era-caps file set cap_chown=ep $D/copy && era-caps file clear $D/copy\"",
    "era-caps need -- true",
    "era-caps need --user 0 --in-place -- true",
    "era-seccomp run --no-new-privs --deny mkdir --log rmdir -- true",
    "era-seccomp supervise --no-new-privs --watch mkdir -- true",
    "era-seccomp record --no-new-privs --output $D/profile -- true",
    "era-seccomp strict </dev/null",
];

#[test]
fn each_call_that_is_refused_is_named_and_leaves_nothing() {
    let mut sites = 0;
    for line in LINES {
        let by_itself = run(&format!("ERA_EXPLAIN=json {line}"), "", folder().path());
        assert_eq!(by_itself.status, 0, "{line}\n{}", by_itself.stderr);
        let before = sites;
        for role in ROLES {
            for call in calls_of(&by_itself.stderr) {
                sites += refuse_each(line, role, &call);
            }
        }
        assert!(sites > before, "no call of this line was refused: {line}");
    }
    eprintln!("{sites} call sites refused");
    assert!(sites >= 100, "only {sites} call sites were found");
}

/// Refuses the first, the second, … of these calls until there is none left.
fn refuse_each(line: &str, role: &str, call: &str) -> usize {
    for occurrence in 1.. {
        let folder = folder();
        let fault = format!("{role}:{call}:{occurrence}=EPERM");
        let run = run(line, &fault, folder.path());
        let about = format!("{line}\n{fault}\n{}", run.stderr);
        let left = left_running(folder.path());
        assert!(left.is_empty(), "{left:?} still run: {about}");
        if !run.stderr.contains(&format!("{call}(")) {
            // Not refused: there is no such call any more. It ends as it does by itself.
            return occurrence - 1;
        }
        assert_ne!(run.status, 0, "{about}");
        assert!(run.stderr.contains("error: "), "{about}");
        assert!(
            run.stderr.contains("EPERM (operation not permitted)"),
            "{about}"
        );
        // A namespace that was kept before something later failed stays kept, as with
        // unshare(1); when the keeping itself fails, nothing is.
        if run.stderr.contains("cannot keep") {
            assert_eq!(run.mounted, "", "{about}");
        }
    }
    unreachable!("no program makes endlessly many calls")
}

const FAILURES: &[Failure] = &[
    Failure {
        line: "era-unshare -u --hostname x --pivot $D/jail true",
        said: indoc! {r#"
            error: --pivot wants --mount: it swaps the root of a mount namespace of our own

            Usage: era-unshare [OPTIONS] [PROGRAM]...

            For more information, try '--help'.
        "#},
    },
    Failure {
        line: "era-unshare --hostname x true",
        said: indoc! {r#"
            error: --hostname wants --uts: without it the whole machine would be renamed

            Usage: era-unshare [OPTIONS] [PROGRAM]...

            For more information, try '--help'.
        "#},
    },
    Failure {
        line: "era-unshare --map-users=1,2 true",
        said: indoc! {r#"
            error: "1,2" is no map: it wants three numbers
              why:  a map is OUTER,INNER,COUNT, or INNER:OUTER:COUNT, or auto
              fix:  --map-users=auto   (what /etc/subuid gives you, from 0 on)
        "#},
    },
    Failure {
        line: "PATH=$D:${PATH%%:*} era-unshare --map-users=0,0,1 true",
        said: indoc! {r#"
            error: cannot run newuidmap
              execve("newuidmap", ["newuidmap", "PID", "0", "0", "1"], …) failed: ENOENT (no such file or directory)
              why:  newuidmap writes maps of further ids, and no folder of PATH has it
              fix:  install it: Debian and Ubuntu call the package uidmap, others shadow-utils
        "#},
    },
    Failure {
        line: "era-unshare --uts=$D/nowhere true",
        said: indoc! {r#"
            error: cannot keep the uts namespace in $D/nowhere
              mount("/proc/PID/ns/uts", "$D/nowhere", NULL, MS_BIND, NULL) failed: ENOENT (no such file or directory)
              why:  a namespace is mounted on a file that is there already
              fix:  touch $D/nowhere
        "#},
    },
    Failure {
        line: "era-unshare --pid=$D/pid true",
        said: indoc! {r#"
            error: cannot keep the pid namespace in $D/pid
              mount("/proc/PID/ns/pid_for_children", "$D/pid", NULL, MS_BIND, NULL) failed: ENOENT (no such file or directory)
              why:  a PID namespace has no file before it has a first process
              fix:  add --fork
        "#},
    },
    Failure {
        line: "mount --bind $D $D; mount --make-shared $D; era-unshare --mount=$D/mnt true",
        said: indoc! {r#"
            error: cannot keep the mnt namespace in $D/mnt
              mount("/proc/PID/ns/mnt", "$D/mnt", NULL, MS_BIND, NULL) failed: EINVAL (invalid argument)
              why:  $D is a shared mount: a mount namespace kept there would hold itself
              fix:  mount --bind $D $D; mount --make-private $D
        "#},
    },
    Failure {
        line: "mount -t tmpfs none /proc/sys; era-unshare -Urpf --mount-proc true",
        said: indoc! {r#"
            error: cannot mount a new /proc at /proc
              mount("proc", "/proc", "proc", MS_NOSUID|MS_NODEV|MS_NOEXEC, NULL) failed: EPERM (operation not permitted)
              why:  parts of /proc are covered (/proc/sys): the kernel gives no fuller view
              fix:  start the outer container with --security-opt systempaths=unconfined
        "#},
    },
    Failure {
        line: "era-unshare -r --mount-proc true",
        said: indoc! {r#"
            error: cannot mount a new /proc at /proc
              mount("proc", "/proc", "proc", MS_NOSUID|MS_NODEV|MS_NOEXEC, NULL) failed: EPERM (operation not permitted)
              why:  the PID namespace is not ours: it belongs to a user namespace further out
              fix:  add --pid --fork
        "#},
    },
    Failure {
        line: "era-unshare -rT --fork --monotonic -1000000000 true 2>&1 | grep -v 'why:' >&2",
        said: indoc! {r#"
            error: cannot shift a clock by -1000000000 s
              write("/proc/self/timens_offsets", "1 -1000000000 0") failed: ERANGE (math result not representable)
        "#},
    },
    Failure {
        line: "era-unshare -r -S 5 true",
        said: indoc! {r#"
            error: cannot change user or group
              setuid(5) failed: EINVAL (invalid argument)
              why:  no line of /proc/self/uid_map has this id: it is nobody's in this namespace
              fix:  map it: --map-root-user, --map-auto, --map-users
        "#},
    },
    Failure {
        line: "era-unshare -r --root $D/no/where true",
        said: indoc! {r#"
            error: cannot change the root directory to $D/no/where
              chroot("$D/no/where") failed: ENOENT (no such file or directory)
              why:  there is no $D/no
              fix:  mkdir -p $D/no/where
        "#},
    },
    Failure {
        line: "era-unshare -rf no-such-program",
        said: indoc! {r#"
            error: cannot run no-such-program
              execve("no-such-program", ["no-such-program"], …) failed: ENOENT (no such file or directory)
              why:  no folder of PATH has a program "no-such-program" in this root
        "#},
    },
    Failure {
        line: "era-unshare -rf $D/mnt",
        said: indoc! {r#"
            error: cannot run $D/mnt
              execve("$D/mnt", ["$D/mnt"], …) failed: EACCES (permission denied)
              why:  $D/mnt may not be executed: its mode has no x for us
              fix:  chmod +x $D/mnt
        "#},
    },
    Failure {
        line: "mount -t tmpfs -o noexec none $D/jail; cp /bin/busybox $D/jail; era-unshare $D/jail/busybox",
        said: indoc! {r#"
            error: cannot run $D/jail/busybox
              execve("$D/jail/busybox", ["$D/jail/busybox"], …) failed: EACCES (permission denied)
              why:  $D/jail/busybox lies on a file system that is mounted noexec
              fix:  copy it to another one
        "#},
    },
    Failure {
        line: "era-unshare --uts=\"$D/a kept one\" true",
        said: indoc! {r#"
            error: cannot keep the uts namespace in $D/a kept one
              mount("/proc/PID/ns/uts", "$D/a kept one", NULL, MS_BIND, NULL) failed: ENOENT (no such file or directory)
              why:  a namespace is mounted on a file that is there already
              fix:  touch '$D/a kept one'
        "#},
    },
    Failure {
        line: "echo 0 >/proc/sys/user/max_uts_namespaces; era-unshare --uts true",
        said: indoc! {r#"
            error: cannot make the new uts namespace
              unshare(CLONE_NEWUTS) failed: ENOSPC (no space left on device)
              why:  /proc/sys/user/max_uts_namespaces is 0: this machine allows none
              fix:  as root: sysctl user.max_uts_namespaces=10000
        "#},
    },
    Failure {
        line: "setpriv --bounding-set -sys_admin --inh-caps -sys_admin era-unshare --net true",
        said: indoc! {r#"
            error: cannot make the new net namespace
              unshare(CLONE_NEWNET) failed: EPERM (operation not permitted)
              why:  only who has CAP_SYS_ADMIN may, and this process does not
              fix:  add --map-root-user (-r): root of a user namespace of your own
        "#},
    },
    Failure {
        line: "era-nsenter -t 999999999 --uts true",
        said: indoc! {r#"
            error: cannot reach process 999999999
              pidfd_open(999999999, 0) failed: ESRCH (no such process)
              why:  no process has the number 999999999 here
              fix:  era-lsns, or ps, shows who is there
        "#},
    },
    Failure {
        line: "era-nsenter -t $$ --user true",
        said: indoc! {r#"
            error: cannot enter the user namespace
              setns(3, CLONE_NEWUSER) failed: EINVAL (invalid argument)
              why:  we are in that user namespace already, and setns(2) refuses to enter it again
              fix:  leave out --user
        "#},
    },
];

#[test]
fn a_failure_says_what_why_and_what_to_do() {
    let differing: Vec<_> = FAILURES.iter().filter_map(|one| differs(one, "")).collect();
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}
