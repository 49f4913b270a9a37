//! `era-seccomp strict` and `run`: what a process may still do, tried.

mod support;

#[path = "seccomp/mod.rs"]
mod seccomp;

use seccomp::{folder, run, run_in};
use support::programs::probed;

#[test]
fn strict_mode_reads_and_writes_to_the_end() {
    let long = "head -c 300000 /dev/zero | tr '\\0' a";
    let line = format!("{long} | era-seccomp strict | tr -d A | wc -c; echo ok");
    assert_eq!(run(&line).says(), "0\nok");
    assert_eq!(
        run("echo mixed Case 1 | era-seccomp strict").says(),
        "MIXED CASE 1"
    );
    assert_eq!(run("era-seccomp strict </dev/null").says(), "");
    assert_eq!(run("echo x | era-seccomp strict >/dev/full").status, 125);
}

#[test]
fn any_other_call_in_strict_mode_is_the_end() {
    for attempt in [
        "--try getpid",
        "--try open",
        "--try exit-group",
        "-- /bin/true",
    ] {
        let ended = run(&format!("era-seccomp strict {attempt} </dev/null; echo $?"));
        assert_eq!(ended.says(), "137", "{attempt}: {ended:?}");
    }
}

/// A line of /proc/PID/status, read from outside of the process.
fn status(pid: u32, key: &str) -> String {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let mut lines = text.lines().filter_map(|line| line.split_once(":\t"));
    let found = lines.find(|(name, _)| *name == key);
    found.map(|(_, value)| value.to_owned()).unwrap_or_default()
}

/// What the kernel says of a process, soon after it has been started.
fn becomes(program: &[&str], key: &str, value: &str) {
    let mut child = std::process::Command::new(support::programs::program("era-seccomp"))
        .args(program)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let until = std::time::Instant::now() + std::time::Duration::from_secs(10);
    let mut seen = String::new();
    while seen != value && std::time::Instant::now() < until {
        seen = status(child.id(), key);
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    drop(child.stdin.take());
    assert_eq!(seen, value, "{program:?}");
    assert!(child.wait().unwrap().success());
}

#[test]
fn the_kernel_says_in_which_mode_a_process_is() {
    becomes(&["strict"], "Seccomp", "1");
    becomes(
        &["run", "--profile", "default", "--", "cat"],
        "Seccomp",
        "2",
    );
    becomes(
        &["run", "--no-new-privs", "--deny", "mkdir", "--", "cat"],
        "NoNewPrivs",
        "1",
    );
}

#[test]
fn narration_does_not_make_a_call_that_strict_mode_forbids() {
    for _ in 0..20 {
        let told = run("echo x | era-seccomp strict --explain");
        assert_eq!(told.says(), "X");
        assert!(told.stderr.contains("PR_SET_SECCOMP, SECCOMP_MODE_STRICT"));
    }
}

#[test]
fn a_denied_call_fails_and_another_does_not() {
    let line = "era-seccomp run --deny mkdir,mkdirat -- sh -c 'mkdir x; echo $?; echo >y; ls'";
    let ran = run(line);
    assert_eq!(ran.says(), "1\ny");
    assert!(ran.stderr.contains("Operation not permitted"), "{ran:?}");
    let line = "era-seccomp run --deny mkdir=EXDEV,mkdirat=18 -- mkdir x";
    assert!(run(line).stderr.contains("cross-device"), "{:?}", run(line));
}

#[test]
fn a_call_can_be_the_end_of_the_process() {
    let ran = run("era-seccomp run --kill mkdir,mkdirat -- mkdir x; echo $?; ls");
    assert_eq!(ran.says(), "159");
}

#[test]
fn children_and_what_they_become_are_behind_the_filter_too() {
    let line = "era-seccomp run --deny mkdir,mkdirat -- \
                perl -e 'fork or exec q(sh), q(-c), q(mkdir x; grep Seccomp: /proc/self/status); \
                wait'";
    assert_eq!(run(line).says(), "Seccomp:\t2");
}

#[test]
fn a_second_filter_takes_nothing_of_the_first_away() {
    let inner = "era-seccomp run --allow-only mkdir,mkdirat,execve,exit_group";
    let line = format!("era-seccomp run --deny mkdir,mkdirat -- {inner} -- mkdir x; ls");
    assert_eq!(run(&line).says(), "");
}

#[test]
fn only_the_listed_calls_are_allowed() {
    let calls = "execve,brk,mmap,mprotect,munmap,openat,read,pread64,close,fstat,newfstatat,\
                 access,faccessat,arch_prctl,set_tid_address,set_robust_list,rseq,prlimit64,\
                 getrandom,exit_group,write";
    let echo = format!("era-seccomp run --allow-only {calls} -- /bin/echo still");
    assert_eq!(run(&echo).says(), "still");
    let mkdir = format!("era-seccomp run --allow-only {calls} -- mkdir x; ls");
    assert_eq!(run(&mkdir).says(), "");
}

/// The promise is made by whoever has to: without CAP_SYS_ADMIN the kernel wants it.
#[test]
fn privileges_can_still_be_gained_only_by_who_may_install_a_filter_anyway() {
    let is_root = nix::unistd::Uid::effective().is_root();
    let promise = |flags: &str| {
        let line = format!(
            "era-seccomp run {flags} --deny mkdir -- sed -n 's/NoNewPrivs:.//p' /proc/self/status"
        );
        run(&line).says().to_owned()
    };
    assert_eq!(promise("--no-new-privs"), "1");
    assert_eq!(promise(""), if is_root { "0" } else { "1" });
    let in_namespace = "unshare --user --map-root-user era-seccomp run --deny mkdir -- \
                        sed -n 's/NoNewPrivs:.//p' /proc/self/status";
    assert_eq!(run(in_namespace).says(), "0");
}

#[test]
fn what_the_program_ends_with_is_what_we_end_with() {
    let ended = |line: &str| run(&format!("era-seccomp run --deny mkdir -- {line}; echo $?"));
    assert_eq!(ended("sh -c 'exit 7'").says(), "7");
    assert_eq!(ended("sh -c 'kill -TERM $$'").says(), "143");
    assert_eq!(ended("no-such-program").says(), "127");
    assert_eq!(ended("/etc/passwd").says(), "126");
    assert_eq!(ended("/tmp").says(), "126");
}

#[test]
fn a_script_without_an_interpreter_line_runs_by_the_shell() {
    let line = "echo 'mkdir x; echo $1' >script; chmod +x script; \
                era-seccomp run --deny mkdir,mkdirat -- ./script word";
    assert_eq!(run(line).says(), "word");
}

/// Behind a filter without write(2) nothing can be told any more: that is told.
#[test]
fn narration_ends_where_the_filter_forbids_it() {
    let ran = run("era-seccomp run --explain --kill write -- true");
    assert_eq!(ran.status, 0, "{ran:?}");
    assert!(
        ran.stderr.contains("from here on nothing can be told"),
        "{ran:?}"
    );
}

#[test]
fn docker_profile_starts_ordinary_programs_and_refuses_what_docker_refuses() {
    if !support::needs("engine-profiles") {
        return;
    }
    assert_eq!(
        run("era-seccomp run --profile docker -- ls /proc/self/status").status,
        0
    );
    let unshare = run("era-seccomp run --profile docker -- unshare --user true");
    assert!(
        unshare.stderr.contains("Operation not permitted"),
        "{unshare:?}"
    );
    let with = "era-seccomp check docker mount --caps docker,sys_admin";
    assert_eq!(run(with).status, 0);
    assert_eq!(run("era-seccomp check docker mount").status, 1);
}

/// A filter of ours in the hands of another program: struct sock_filter is one format.
#[test]
fn bubblewrap_runs_a_program_behind_a_filter_that_we_have_exported() {
    let bwrap = run("bwrap --dev-bind / / true");
    if !probed("bwrap", bwrap.status == 0, bwrap.stderr.trim()) {
        return;
    }
    let folder = folder();
    let export = "printf '%s\\n' 2 denylist 'mkdir errno 95' 'mkdirat errno 95' >profile; \
                  era-seccomp show profile --export filter";
    assert_eq!(run_in(&folder, export).status, 0);
    let line = "bwrap --dev-bind / / --seccomp 3 mkdir x 3<filter";
    let ran = run_in(&folder, line);
    assert!(ran.stderr.contains("not supported"), "{ran:?}");
    let ours = run_in(&folder, "era-seccomp run --profile filter -- mkdir x");
    assert!(ours.stderr.contains("not supported"), "{ours:?}");
    assert!(!folder.path().join("x").exists());
}
