//! `era-seccomp supervise`: a process outside decides, call by call.

mod support;

#[path = "seccomp/mod.rs"]
mod seccomp;

use seccomp::{Run, folder, run, run_in};

/// A program that starts another one by posix_spawn(3), which wants clone3(2).
const SPAWNS: &str = "sed '1e echo first' text";

fn with_text(line: &str) -> Run {
    run(&format!("echo last >text; {line}"))
}

/// Claim 5.6: the same unmodified program, by what the supervisor answers.
#[test]
fn a_program_falls_back_where_the_call_seems_not_to_exist_and_fails_where_it_is_forbidden() {
    let alone = with_text(SPAWNS);
    assert_eq!(alone.says(), "first\nlast");
    let absent = with_text(&format!(
        "era-seccomp supervise --watch clone --answer clone3=ENOSYS -- {SPAWNS}"
    ));
    assert_eq!(absent.says(), "first\nlast");
    assert!(
        absent.stderr.contains("clone3 fails with ENOSYS\n"),
        "{absent:?}"
    );
    assert!(absent.stderr.contains("clone continues\n"), "{absent:?}");
    let forbidden = with_text(&format!("era-seccomp supervise --deny clone3 -- {SPAWNS}"));
    assert_ne!(forbidden.status, 0);
    assert!(
        forbidden.stderr.contains("clone3 fails with EPERM\n"),
        "{forbidden:?}"
    );
    assert!(!forbidden.stdout.contains("first"), "{forbidden:?}");
    let named = format!("era-seccomp supervise --deny clone3=ENOSYS -- {SPAWNS}");
    assert_eq!(with_text(&named).says(), "first\nlast");
}

#[test]
fn threads_fall_back_too() {
    let threads = "python3 -c 'import threading; t = threading.Thread(target=print, args=(1,)); \
                   t.start(); t.join()'";
    let absent = run(&format!(
        "era-seccomp supervise --answer clone3=ENOSYS -- {threads}"
    ));
    assert_eq!(absent.says(), "1");
    assert!(
        absent.stderr.contains("clone3 fails with ENOSYS"),
        "{absent:?}"
    );
    assert_ne!(
        run(&format!("era-seccomp supervise --deny clone3 -- {threads}")).status,
        0
    );
}

#[test]
fn a_program_that_makes_the_call_itself_has_nothing_to_fall_back_to() {
    let direct = r#"perl -e 'syscall(435, 0, 0); print $! + 0'"#;
    assert_eq!(run(direct).says(), "22");
    let absent = run(&format!(
        "era-seccomp supervise --answer clone3=ENOSYS -- {direct}"
    ));
    assert_eq!(absent.says(), "38");
}

#[test]
fn a_result_can_be_made_up() {
    assert_eq!(
        run("era-seccomp supervise --answer geteuid=4711 -- id -u").says(),
        "4711"
    );
}

#[test]
fn what_only_is_watched_is_done() {
    let folder = folder();
    let line = "era-seccomp supervise --watch mkdir,mkdirat -- mkdir x";
    let ran = run_in(&folder, line);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert!(folder.path().join("x").is_dir());
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    assert!(ran.stderr.starts_with("mkdir ["), "{ran:?}");
}

#[test]
fn children_are_supervised_until_the_last_has_ended() {
    let line = "era-seccomp supervise --deny mkdir,mkdirat -- \
                sh -c '(sleep 0.2; mkdir x) >/dev/null 2>&1 & exit 3'";
    let ran = run(line);
    assert_eq!(ran.status, 3, "{ran:?}");
    assert!(ran.stderr.contains("fails with EPERM"), "{ran:?}");
}

/// Our own child makes calls before it is the program: those are not decided.
#[test]
fn the_way_to_the_program_is_not_in_the_way() {
    for call in ["execve", "read", "close", "rt_sigaction", "write", "openat"] {
        let line = format!("era-seccomp supervise --watch {call} -- /bin/true");
        assert_eq!(run(&line).status, 0, "{call}");
    }
    let denied = run("era-seccomp supervise --deny execve -- sh -c '/bin/true; echo $?'");
    assert_eq!(denied.says(), "126");
}

#[test]
fn what_the_supervisor_itself_needs_is_refused_by_name() {
    let refused = run("era-seccomp supervise --deny sendmsg -- true");
    assert_eq!(refused.status, 125);
    assert!(
        refused.stderr.contains("sendmsg cannot be supervised"),
        "{refused:?}"
    );
    let told = run("era-seccomp supervise --explain --watch write -- true");
    assert!(
        told.stderr.contains("write cannot be supervised"),
        "{told:?}"
    );
    assert_eq!(run("era-seccomp supervise --deny write -- true").status, 0);
}

#[test]
fn statuses_and_signals_come_through() {
    let ended = |line: &str| run(&format!("era-seccomp supervise --watch mkdir -- {line}")).status;
    assert_eq!(ended("sh -c 'exit 7'"), 7);
    assert_eq!(ended("sh -c 'kill -TERM $$'"), 143);
    assert_eq!(ended("no-such-program"), 127);
    assert_eq!(ended("/etc/passwd"), 126);
    let relayed = "era-seccomp supervise --watch mkdir -- \
                   sh -c 'trap \"exit 9\" TERM; kill -TERM $PPID; while :; do sleep 0.05; done'";
    assert_eq!(run(relayed).status, 9);
}

#[test]
fn a_profile_may_leave_calls_to_a_supervisor() {
    let profile = r#"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[
        {"names":["mkdir","mkdirat"],"action":"SCMP_ACT_NOTIFY"}]}"#;
    let folder = folder();
    std::fs::write(folder.path().join("asks.json"), profile).unwrap();
    let told = run_in(
        &folder,
        "era-seccomp supervise --profile asks.json -- mkdir x",
    );
    assert!(told.stderr.contains("continues"), "{told:?}");
    assert!(folder.path().join("x").is_dir());
    let alone = run_in(&folder, "era-seccomp run --profile asks.json -- mkdir y");
    assert_eq!(alone.status, 125);
    assert!(
        alone.stderr.contains("leaves calls to a supervisor"),
        "{alone:?}"
    );
    assert!(!folder.path().join("y").exists());
}

/// A supervisor that dies leaves nobody waiting for ever: the program ends with it, and of
/// children that live on the kernel refuses the calls that nobody decides.
#[test]
fn a_program_does_not_hang_when_its_supervisor_is_killed() {
    let line = "era-seccomp supervise --watch mkdir,mkdirat -- \
                sh -c '(kill -KILL $PPID; mkdir x; echo $? >status) & wait; echo >here'; \
                for i in 1 2 3 4 5 6 7 8 9; do [ -s status ] && break; sleep 0.2; done; \
                cat status; ls";
    assert_eq!(run(line).says(), "1\nstatus");
}

#[test]
fn a_program_goes_on_when_nobody_reads_the_decisions() {
    let line = "{ era-seccomp supervise --watch openat -- ls /proc/self/status 2>&1 >out; \
                echo $? >>out; } | true; cat out";
    assert_eq!(run(line).says(), "/proc/self/status\n0");
}
