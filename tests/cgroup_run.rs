//! `era-cgroup run`: a program in a group of its own, seen from outside, and who ended it.

mod cgroup;
mod support;

use std::os::unix::process::CommandExt;
use std::process::Stdio;

use cgroup::{Waiting, anywhere, command, era, file, name, refused, role};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use support::needs;
use support::programs::text;

/// Not a test of its own: see `cgroup::role`.
#[test]
fn plays_its_role() {
    cgroup::play();
}

#[test]
fn the_limits_stand_in_the_kernels_files_and_the_group_goes_with_the_program() {
    if !needs("cgroup-delegated") {
        return;
    }
    let name = name("files");
    let limits = [
        "--cpu", "50%", "--memory", "100M", "--pids", "32", "--name", &name,
    ];
    let run = Waiting::start(&limits, "cat /proc/self/cgroup");

    let inside = format!("/era/{name}");
    assert!(
        run.first.lines().any(|line| line.ends_with(&inside)),
        "{}",
        run.first
    );
    assert_eq!(file(&name, "pids.max").as_deref(), Some("32"));
    match file(&name, "cpu.max") {
        Some(v2) => {
            assert_eq!(v2, "50000 100000");
            assert_eq!(file(&name, "memory.max").as_deref(), Some("104857600"));
            let swap = file(&name, "memory.swap.max");
            assert!(swap.is_none_or(|swap| swap == "0"));
        }
        None => {
            assert_eq!(file(&name, "cpu.cfs_quota_us").as_deref(), Some("50000"));
            assert_eq!(file(&name, "cpu.cfs_period_us").as_deref(), Some("100000"));
            assert_eq!(
                file(&name, "memory.limit_in_bytes").as_deref(),
                Some("104857600")
            );
            let swap = file(&name, "memory.memsw.limit_in_bytes");
            assert!(swap.is_none_or(|swap| swap == "104857600"));
        }
    }
    let output = run.end();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(anywhere(&name), Vec::<std::path::PathBuf>::new());
}

/// By the first instruction it is inside: in every tree that the group has a folder in.
#[test]
fn a_program_is_in_its_group_from_its_first_instruction_on() {
    if !needs("cgroup-delegated") {
        return;
    }
    let name = name("first");
    let output = era(&[
        "run",
        "--name",
        &name,
        "--pids",
        "5",
        "--",
        "cat",
        "/proc/self/cgroup",
    ]);
    let inside = text(&output.stdout);
    let is_unified = |line: &str| line.starts_with("0::");
    let v2 = inside
        .lines()
        .any(|line| is_unified(line) && line.ends_with(&name));
    let v1 = ["cpu", "cpuacct", "memory", "pids", "freezer"]
        .iter()
        .all(|controller| {
            let of = |line: &&str| {
                line.split(':')
                    .nth(1)
                    .is_some_and(|names| names == *controller)
            };
            inside
                .lines()
                .find(of)
                .is_some_and(|line| line.ends_with(&name))
        });
    assert!(v2 || v1, "{inside}");
}

#[test]
fn the_status_is_the_programs_own() {
    if !needs("cgroup-delegated") {
        return;
    }
    let status = |words: &[&str]| era(&[&["run", "--"], words].concat()).status.code();
    assert_eq!(status(&["true"]), Some(0));
    assert_eq!(status(&["sh", "-c", "exit 3"]), Some(3));
    assert_eq!(status(&["sh", "-c", "kill -TERM $$"]), Some(128 + 15));
    assert_eq!(status(&["no-such-program"]), Some(127));
    assert_eq!(status(&["/"]), Some(126));
    assert_eq!(
        era(&["run", "--cpu", "0%", "--", "true"]).status.code(),
        Some(125)
    );
}

/// What the report says on its first line.
fn ended(stderr: &[u8]) -> String {
    let said = text(stderr);
    let line = said.lines().find_map(|line| line.strip_prefix("ended"));
    line.unwrap_or(&said).trim().to_owned()
}

#[test]
fn who_ended_it_is_seen_and_not_guessed_from_137() {
    if !needs("cgroup-delegated") {
        return;
    }
    let run = |words: &[&str]| era(&[&["run", "--memory", "100M", "--"], words].concat());
    let said = |words: &[&str]| ended(&run(words).stderr);
    assert_eq!(
        said(&["sh", "-c", "exit 137"]),
        "exit status 137, by itself"
    );
    assert_eq!(
        said(&["sh", "-c", "kill -KILL $$"]),
        "SIGKILL, neither by us nor by the out-of-memory killer"
    );
    assert_eq!(
        said(&["sh", "-c", "kill -SEGV $$"]),
        "SIGSEGV, by a fault of its own"
    );

    let grower = role("grower");
    let grower: Vec<_> = grower.iter().map(String::as_str).collect();
    let killed = run(&grower);
    assert_eq!(killed.status.code(), Some(137), "{}", text(&killed.stderr));
    assert_eq!(
        ended(&killed.stderr),
        "SIGKILL, by the kernel's out-of-memory killer"
    );

    // Killed one below: the shell that waits for it ends by itself, and with 137, too.
    let words = format!("{}; exit $?", grower.join(" "));
    let below = run(&["sh", "-c", &words]);
    assert_eq!(ended(&below.stderr), "exit status 137, by itself");
    assert!(
        text(&below.stderr).contains("\noom kills  1: "),
        "{}",
        text(&below.stderr)
    );
}

#[test]
fn a_signal_that_is_sent_to_us_is_passed_on_and_told() {
    if !needs("cgroup-delegated") {
        return;
    }
    let name = name("term");
    let run = Waiting::start(&["--name", &name], "trap - TERM");
    kill(Pid::from_raw(run.pid()), Signal::SIGTERM).unwrap();
    let output = run.ended();
    assert_eq!(output.status.code(), Some(128 + 15));
    assert_eq!(ended(&output.stderr), "SIGTERM, by us, who passed it on");
    assert!(anywhere(&name).is_empty());
}

#[test]
fn ctrl_c_at_a_terminal_ends_the_program_once_and_leaves_no_group() {
    if !needs("cgroup-delegated") {
        return;
    }
    let name = name("key");
    let pty = nix::pty::openpty(None, None).unwrap();
    let mut run = command(&[
        "run",
        "--name",
        &name,
        "--",
        "sh",
        "-c",
        "echo here; exec sleep 60",
    ]);
    run.stdin(Stdio::from(pty.slave.try_clone().unwrap()))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    // SAFETY: two system calls that are async-signal-safe: a session with this terminal.
    unsafe {
        run.pre_exec(|| {
            nix::unistd::setsid()?;
            nix::libc::ioctl(0, nix::libc::TIOCSCTTY, 0);
            Ok(())
        })
    };
    let mut child = run.spawn().unwrap();
    let mut here = [0; 5];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut here).unwrap();
    nix::unistd::write(&pty.master, b"\x03").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(128 + 2));
    assert_eq!(ended(&output.stderr), "SIGINT, by a key at the terminal");
    assert!(anywhere(&name).is_empty());
}

#[test]
fn what_the_program_leaves_running_is_ended_and_told() {
    if !needs("cgroup-delegated") {
        return;
    }
    let name = name("left");
    let script = "sleep 301 <&- >&- 2>&- & setsid sleep 302 <&- >&- 2>&- & true";
    let output = era(&["run", "--name", &name, "--", "sh", "-c", script]);
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("\nleft over  2: "), "{said}");
    assert!(anywhere(&name).is_empty());
}

#[test]
fn a_fork_storm_stays_below_its_fence_and_is_ended_with_the_group() {
    if !needs("cgroup-delegated") {
        return;
    }
    let name = name("storm");
    let storm = "f() { f & f & }; (f) 2>&-; sleep 0.3; exit 0";
    let output = era(&[
        "run", "--name", &name, "--pids", "20", "--", "sh", "-c", storm,
    ]);
    let said = text(&output.stderr);
    assert!(
        said.contains("\npids       one more was refused "),
        "{said}"
    );
    assert!(anywhere(&name).is_empty(), "{said}");
}

#[test]
fn a_limit_below_what_a_program_needs_to_start_is_said_as_such() {
    if !needs("cgroup-delegated") {
        return;
    }
    let said = refused(&["run", "--memory", "4K", "--", "true"]);
    assert!(
        said.contains("the child used up its memory before its program started"),
        "{said}"
    );
    assert!(
        said.contains("why:  the kernel counted an out-of-memory kill"),
        "{said}"
    );
}

#[test]
fn a_cpuset_is_what_nproc_counts() {
    if !needs("cgroup-delegated") {
        return;
    }
    let output = era(&["run", "--cpuset", "0", "--", "nproc"]);
    assert_eq!(text(&output.stdout), "1\n", "{}", text(&output.stderr));
}
