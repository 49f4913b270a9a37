//! The kernel refuses one call of a program, by a real filter that the test puts around it:
//! the error names the call, finds the filter, and says what to do. See seccomp(2).

mod failures;
mod support;

use failures::{Failure, differs};
use indoc::indoc;

/// A call that is refused, with which errno, and what a line then says.
struct Refused {
    fault: &'static str,
    failure: Failure,
}

const fn refused(fault: &'static str, line: &'static str, said: &'static str) -> Refused {
    Refused {
        fault,
        failure: Failure { line, said },
    }
}

const REFUSED: &[Refused] = &[
    refused(
        "unshare=EPERM",
        "era-unshare --uts true",
        indoc! {r#"
            error: cannot make the new uts namespace
              unshare(CLONE_NEWUTS) failed: EPERM (operation not permitted)
              why:  a seccomp filter that this process inherited refuses unshare, whatever its arguments
              fix:  run era from a login shell that no filter holds
        "#},
    ),
    refused(
        "unshare=ENOSYS",
        "era-chroot run --proc $D/jail",
        indoc! {r#"
            error: cannot mount anything inside the new root
              unshare(CLONE_NEWNS) failed: ENOSYS (function not implemented)
              why:  a seccomp filter that this process inherited refuses unshare, whatever its arguments
              fix:  run era from a login shell that no filter holds
        "#},
    ),
    refused(
        "clone3=ENOSYS",
        "era-unshare --fork true",
        indoc! {r#"
            error: cannot make a child process
              clone3(CLONE_PIDFD) failed: ENOSYS (function not implemented)
              why:  a seccomp filter that this process inherited refuses clone3, whatever its arguments
              fix:  run era from a login shell that no filter holds
        "#},
    ),
    refused(
        "prctl=EPERM",
        "era-unshare --fork --kill-child true",
        indoc! {r#"
            error: cannot ask to end with the parent
              prctl(PR_SET_PDEATHSIG, SIGKILL) failed: EPERM (operation not permitted)
              why:  a seccomp filter that this process inherited refuses prctl, whatever its arguments
              fix:  run era from a login shell that no filter holds
        "#},
    ),
    refused(
        "sethostname=EPERM",
        "era-unshare --uts --hostname box true",
        indoc! {r#"
            error: cannot name the machine
              sethostname("box", 3) failed: EPERM (operation not permitted)
              why:  a seccomp filter that this process inherited refuses sethostname, whatever its arguments
              fix:  run era from a login shell that no filter holds
        "#},
    ),
    refused(
        "setgroups=EPERM",
        "era-unshare -S 0 -G 0 true",
        indoc! {r#"
            error: cannot change user or group
              setgroups(0, []) failed: EPERM (operation not permitted)
              why:  a seccomp filter that this process inherited refuses setgroups, whatever its arguments
              fix:  run era from a login shell that no filter holds
        "#},
    ),
    refused(
        "setuid=EACCES",
        "era-unshare -S 0 true",
        indoc! {r#"
            error: cannot change user or group
              setuid(0) failed: EACCES (permission denied)
              why:  a seccomp filter that this process inherited refuses setuid, whatever its arguments
              fix:  run era from a login shell that no filter holds
        "#},
    ),
    refused(
        "chroot=EPERM",
        "era-unshare --root $D/jail true",
        indoc! {r#"
            error: cannot change the root directory to $D/jail
              chroot("$D/jail") failed: EPERM (operation not permitted)
              why:  a seccomp filter that this process inherited refuses chroot, whatever its arguments
              fix:  run era from a login shell that no filter holds
        "#},
    ),
    refused(
        "chroot=EACCES",
        "era-chroot run $D/jail",
        indoc! {r#"
            error: cannot make "$D/jail" the root directory
              chroot(".") failed: EACCES (permission denied)
              why:  a seccomp filter that this process inherited refuses chroot, whatever its arguments
              fix:  run era from a login shell that no filter holds
        "#},
    ),
    refused(
        "chdir=EPERM",
        "era-unshare -w / true",
        indoc! {r#"
            error: cannot go to /
              chdir("/") failed: EPERM (operation not permitted)
              why:  a seccomp filter that this process inherited refuses chdir, whatever its arguments
              fix:  run era from a login shell that no filter holds
        "#},
    ),
    refused(
        "chdir=EACCES",
        "era-chroot run $D/jail",
        indoc! {r#"
            error: cannot make "$D/jail" the root directory
              chdir("$D/jail") failed: EACCES (permission denied)
              why:  a seccomp filter that this process inherited refuses chdir, whatever its arguments
              fix:  run era from a login shell that no filter holds
        "#},
    ),
    refused(
        "mount=EPERM",
        "era-unshare --mount true",
        indoc! {r#"
            error: cannot say what the mounts share
              mount("none", "/", NULL, MS_REC|MS_PRIVATE, NULL) failed: EPERM (operation not permitted)
              why:  a seccomp filter that this process inherited refuses mount, whatever its arguments
              fix:  run era from a login shell that no filter holds
        "#},
    ),
    refused(
        "mount=ENOSYS",
        "era-unshare --mount --pid --fork --mount-proc true",
        indoc! {r#"
            error: cannot say what the mounts share
              mount("none", "/", NULL, MS_REC|MS_PRIVATE, NULL) failed: ENOSYS (function not implemented)
              why:  a seccomp filter that this process inherited refuses mount, whatever its arguments
              fix:  run era from a login shell that no filter holds
        "#},
    ),
    refused(
        "mount=EPERM",
        "era-unshare --uts=$D/uts true",
        indoc! {r#"
            error: cannot keep the uts namespace in $D/uts
              mount("/proc/PID/ns/uts", "$D/uts", NULL, MS_BIND, NULL) failed: EPERM (operation not permitted)
              why:  a seccomp filter that this process inherited refuses mount, whatever its arguments
              fix:  run era from a login shell that no filter holds
        "#},
    ),
    refused(
        "mount=EPERM",
        "era-chroot run --dev $D/jail",
        indoc! {r#"
            error: cannot mount anything inside the new root
              mount("none", "/", NULL, MS_REC|MS_PRIVATE, NULL) failed: EPERM (operation not permitted)
              why:  a seccomp filter that this process inherited refuses mount, whatever its arguments
              fix:  run era from a login shell that no filter holds
        "#},
    ),
    refused(
        "pivot_root=EPERM",
        "era-unshare --mount --pivot $D/jail sh",
        indoc! {r#"
            error: cannot make $D/jail the root of the mount namespace
              pivot_root(".", ".") failed: EPERM (operation not permitted)
              why:  a seccomp filter that this process inherited refuses pivot_root, whatever its arguments
              fix:  run era from a login shell that no filter holds
        "#},
    ),
    refused(
        "umount2=EPERM",
        "era-unshare --mount --pivot $D/jail sh",
        indoc! {r#"
            error: cannot make $D/jail the root of the mount namespace
              umount2(".", MNT_DETACH) failed: EPERM (operation not permitted)
              why:  a seccomp filter that this process inherited refuses umount2, whatever its arguments
              fix:  run era from a login shell that no filter holds
        "#},
    ),
    refused(
        "execve=EPERM",
        "era-unshare true",
        indoc! {r#"
            error: cannot run true
              execve("/usr/bin/true", ["true"], …) failed: EPERM (operation not permitted)
              why:  a seccomp filter that this process inherited refuses execve, whatever its arguments
              fix:  run era from a login shell that no filter holds
        "#},
    ),
    refused(
        "execve=EACCES",
        "era-chroot run $D/jail -- sh",
        indoc! {r#"
            error: cannot run "sh" inside the new root
              execve("/bin/sh", ["sh"], …) failed: EACCES (permission denied)
              why:  a seccomp filter that this process inherited refuses execve, whatever its arguments
              fix:  run era from a login shell that no filter holds
        "#},
    ),
    refused(
        "setns=EPERM",
        "era-nsenter --target 1 --uts true",
        indoc! {r#"
            error: cannot enter the uts namespace
              setns(3, CLONE_NEWUTS) failed: EPERM (operation not permitted)
              why:  a seccomp filter that this process inherited refuses setns, whatever its arguments
              fix:  run era from a login shell that no filter holds
        "#},
    ),
    refused(
        "pidfd_open=EPERM",
        "era-nsenter --target 1 --uts true",
        indoc! {r#"
            error: cannot reach process 1
              pidfd_open(1, 0) failed: EPERM (operation not permitted)
              why:  a seccomp filter that this process inherited refuses pidfd_open, whatever its arguments
              fix:  run era from a login shell that no filter holds
        "#},
    ),
    refused(
        "setuid=EPERM",
        "era-chroot run --user 0:0 $D/jail",
        indoc! {r#"
            error: cannot become user 0:0
              setuid(0) failed: EPERM (operation not permitted)
              why:  a seccomp filter that this process inherited refuses setuid, whatever its arguments
              fix:  run era from a login shell that no filter holds
        "#},
    ),
    refused(
        "chroot=EPERM",
        "era-chroot escape $D/jail",
        indoc! {r#"
            error: cannot make "$D/jail" the root directory
              chroot(".") failed: EPERM (operation not permitted)
              why:  a seccomp filter that this process inherited refuses chroot, whatever its arguments
              fix:  run era from a login shell that no filter holds
        "#},
    ),
    refused(
        "seccomp=EPERM",
        "era-seccomp run --deny mkdir -- true",
        indoc! {r#"
            error: cannot put the filter of 12 instructions in place
              seccomp(SECCOMP_SET_MODE_FILTER, 0, {len=12}) failed: EPERM (operation not permitted)
              why:  a seccomp filter that this process inherited refuses seccomp, whatever its arguments
              fix:  run era from a login shell that no filter holds
        "#},
    ),
    refused(
        "seccomp=ENOSYS",
        "era-seccomp supervise --watch mkdir -- true",
        indoc! {r#"
            error: the filter needs the verdict SECCOMP_RET_USER_NOTIF, and cannot have it here
              seccomp(SECCOMP_GET_ACTION_AVAIL, 0, [SECCOMP_RET_USER_NOTIF]) failed: ENOSYS (function not implemented)
              why:  a seccomp filter that this process inherited refuses seccomp, whatever its arguments
              fix:  run era from a login shell that no filter holds
        "#},
    ),
    refused(
        "prctl=EPERM",
        "era-seccomp strict",
        indoc! {r#"
            error: cannot enter strict mode
              prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) failed: EPERM (operation not permitted)
              why:  a seccomp filter that this process inherited refuses prctl, whatever its arguments
              fix:  run era from a login shell that no filter holds
        "#},
    ),
    refused(
        "prctl=EACCES",
        "era-seccomp run --no-new-privs -- true",
        indoc! {r#"
            error: cannot promise to gain no privileges
              prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) failed: EACCES (permission denied)
              why:  a seccomp filter that this process inherited refuses prctl, whatever its arguments
              fix:  run era from a login shell that no filter holds
        "#},
    ),
    refused(
        "clone3=EPERM",
        "era-seccomp supervise --watch mkdir -- true",
        indoc! {r#"
            error: cannot make a child process
              clone3(CLONE_PIDFD) failed: EPERM (operation not permitted)
              why:  a seccomp filter that this process inherited refuses clone3, whatever its arguments
              fix:  run era from a login shell that no filter holds
        "#},
    ),
    refused(
        "execve=EPERM",
        "era-seccomp run --deny mkdir -- true",
        indoc! {r#"
            error: cannot run true
              execve("/usr/bin/true", ["true"], …) failed: EPERM (operation not permitted)
              why:  a seccomp filter that this process inherited refuses execve, whatever its arguments
              fix:  run era from a login shell that no filter holds
        "#},
    ),
    refused(
        "execve=EACCES",
        "era-seccomp record -o $D/profile -- true",
        indoc! {r#"
            error: cannot run true
              execve("/usr/bin/true", ["true"], …) failed: EACCES (permission denied)
              why:  a seccomp filter that this process inherited refuses execve, whatever its arguments
              fix:  run era from a login shell that no filter holds
        "#},
    ),
];

#[test]
fn a_filter_around_us_is_found_and_told() {
    let differing = REFUSED.iter();
    let differing = differing.filter_map(|one| differs(&one.failure, one.fault));
    let differing: Vec<_> = differing.collect();
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}
