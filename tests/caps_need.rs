//! `era-caps need`: the answer is enough, none of it can be left out, and nothing that the
//! program did is left.
//!
//! What is asked here has the same answer for root and, over a user namespace, for an ordinary
//! user; what only root of the machine can find out says so.

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

#[test]
fn a_program_that_always_fails_is_not_judged() {
    let output = sh("era-caps need -- sh -c 'echo its last words >&2; exit 7'");
    let told = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{told}");
    let expected = indoc! {"
        cannot be judged: it fails with every capability that it was given
          exit status 7
          | its last words

        It ran 4 times as uid 0, "};
    assert!(told.starts_with(expected), "{told}");
    let (status, told) = need("--expect 7 -- sh -c 'exit 7'");
    assert_eq!((status, &told["needs"]), (Some(0), &json!([])), "{told}");
}

#[test]
fn of_a_program_that_always_fails_the_call_that_is_refused_is_told() {
    let (_, told) = need("-- date -s 2001-01-01");
    assert_eq!(told["refused"]["call"], "clock_settime", "{told}");
    assert_eq!(told["refused"]["errno"], "EPERM");
    let (_, told) = need("-- false");
    assert_eq!(told["refused"], Value::Null, "{told}");
}

/// In place, so that it can remember how often it ran.
#[test]
fn a_program_that_fails_now_and_then_is_found_out() {
    let folder = folder();
    let count = folder.path().join("count");
    for turns in [2, 3] {
        let _ = std::fs::remove_file(&count);
        let script = format!(
            "echo >>{0}; [ $(($(wc -l <{0}) % {turns})) = 1 ]",
            count.display()
        );
        let line = format!("unshare -Ur era-caps need --in-place --json -- sh -c '{script}'");
        let output = sh(&line);
        let told = judged(&output);
        assert_eq!(told["verdict"], "random", "{told}");
        assert_eq!(output.status.code(), Some(1));
    }
}

#[test]
fn its_time_is_limited_and_all_of_it_is_ended() {
    let folder = folder();
    let began = Instant::now();
    let line = format!(
        "export D={}; era-caps need --timeout 0.3 --json -- sh -c 'sleep 600 & exec sleep 600'",
        folder.path().display()
    );
    let output = sh(&line);
    let told = judged(&output);
    assert_eq!(told["verdict"], "fails with all", "{told}");
    let ended = "still ran at its time limit, and was ended";
    assert_eq!(told["outcome"]["ended"], ended);
    assert_eq!(left_running(folder.path()), Vec::<i32>::new());
    assert!(began.elapsed() < Duration::from_secs(10), "{told}");
}

#[test]
fn a_program_that_serves_succeeds_by_still_running() {
    let script = "mount -t tmpfs none /mnt || exit 1; echo ready; exec sleep 600";
    let (status, told) = need(&format!("--expect running --timeout 1 -- sh -c '{script}'"));
    assert_eq!(status, Some(0), "{told}");
    assert_eq!(told["needs"], json!(["cap_sys_admin"]), "{told}");
}

#[test]
fn one_that_says_more_than_it_may_is_not_in_its_own_way() {
    let (_, told) = need("-- sh -c 'yes | head -c 5000000; chroot / true'");
    assert_eq!(told["needs"], json!(["cap_sys_chroot"]), "{told}");
    let said = told["without"][0]["outcome"]["said"].as_str().unwrap();
    assert!(
        said.len() <= 4096 && said.ends_with("Operation not permitted\n"),
        "{said}"
    );
}

/// Process 1 of a PID namespace is spared the signals that it does not ask for.
#[test]
fn a_signal_ends_it_as_it_would_elsewhere() {
    for (signal, status) in [("TERM", 143), ("PIPE", 141), ("ABRT", 134)] {
        let (_, told) = need(&format!("-- sh -c 'kill -{signal} $$'"));
        assert_eq!(told["verdict"], "fails with all", "{told}");
        assert_eq!(told["outcome"]["status"], status, "{told}");
    }
}

#[test]
fn it_reads_nothing_and_has_no_terminal() {
    let (_, told) = need("-- sh -c '! read line && ! (: </dev/tty)'");
    assert_eq!(told["needs"], json!([]), "{told}");
}

#[test]
fn it_stands_where_we_stand_whatever_that_is_called() {
    let folder = folder();
    let script = indoc! {r#"
        cd "$D"; mkdir "a:b,c\\d e"; mount -t tmpfs none "a:b,c\\d e"; cd "a:b,c\\d e"
        echo kept >file
        era-caps need --json -- sh -c '
            [ "$(cat file)" = kept ] && [ "$PWD" = "$(pwd -P)" ] && echo changed >file &&
            [ "$(cat file)" = changed ]'
        cat file"#};
    std::fs::write(folder.path().join("script"), script).unwrap();
    let line = format!(
        "export D={0}; exec unshare -Urm sh {0}/script",
        folder.path().display()
    );
    let output = sh(&line);
    let told = text(&output.stdout);
    let (answer, file) = told.split_once('\n').expect("two answers");
    let answer: Value = serde_json::from_str(answer).unwrap();
    assert_eq!(answer["needs"], json!([]), "{answer}");
    assert_eq!(file, "kept\n");
}

/// Through a layer a socket is another one, with nobody behind it. It is said, since a program
/// may fail of it.
#[test]
fn a_service_of_this_machine_is_out_of_reach() {
    let folder = folder();
    let at = folder.path().join("socket");
    let _service = std::os::unix::net::UnixListener::bind(&at).unwrap();
    let connect = format!(
        "python3 -c 'import socket as s; s.socket(s.AF_UNIX).connect(\"{}\")'",
        at.display()
    );
    assert!(sh(&connect).status.success());
    let told = text(&sh(&format!("era-caps need -- {connect}")).stdout);
    assert!(told.contains("ConnectionRefusedError"), "{told}");
    assert!(
        told.contains("Services of this machine do not answer"),
        "{told}"
    );
}

/// Beside a mount each folder has a layer of its own, and folders come and go meanwhile.
#[test]
fn folders_that_come_and_go_are_not_in_its_way() {
    let folder = folder();
    let script = indoc! {r#"
        mkdir "$D/mount"; mount -t tmpfs none "$D/mount"
        (while [ ! -e "$D/stop" ]; do
            mkdir "$D/1" "$D/2" "$D/3" "$D/4" "$D/5"; rmdir "$D/1" "$D/2" "$D/3" "$D/4" "$D/5"
        done) &
        for turn in 1 2 3 4 5 6 7 8; do era-caps need -- true >/dev/null || echo failed; done
        touch "$D/stop"; wait"#};
    std::fs::write(folder.path().join("script"), script).unwrap();
    let line = format!(
        "export D={0}; exec unshare -Urm sh {0}/script",
        folder.path().display()
    );
    let output = sh(&line);
    assert_eq!(text(&output.stdout), "", "{}", text(&output.stderr));
}

#[test]
fn in_place_what_it_changes_is_changed() {
    let folder = folder();
    let made = folder.path().join("made");
    let line = format!(
        "unshare -Ur era-caps need --in-place -- touch {}",
        made.display()
    );
    let output = sh(&line);
    let told = text(&output.stdout);
    assert!(
        told.contains("It ran in place: what it changed is changed."),
        "{told}"
    );
    assert!(made.exists());
    let in_place = sh("unshare -Urn era-caps need --in-place --json -- chroot / true");
    let in_place: Value = serde_json::from_slice(&in_place.stdout).unwrap();
    assert_eq!(in_place["needs"], json!(["cap_sys_chroot"]), "{in_place}");
    assert_eq!(in_place["sandbox"], Value::Null);
}

/// In place there is no PID namespace that would end with it.
#[test]
fn a_signal_to_it_ends_what_runs_in_place_first() {
    for (signal, number) in [("-TERM", 15), ("-INT", 2)] {
        let folder = folder();
        let line = "unshare -Ur era-caps need --in-place -- sh -c 'sleep 600 & exec sleep 600'";
        let mut era = Command::new("sh")
            .args(["-c", &format!("exec {line}")])
            .env("D", folder.path())
            .env("PATH", format!("{}:/usr/bin:/bin", programs().display()))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let until = Instant::now() + Duration::from_secs(10);
        // It, the shell that became a sleep, and the other one.
        while left_running(folder.path()).len() < 3 && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        let pid = era.id().to_string();
        assert!(sh(&format!("kill {signal} {pid}")).status.success());
        let ended = era.wait().unwrap();
        assert_eq!(
            std::os::unix::process::ExitStatusExt::signal(&ended),
            Some(number)
        );
        while !left_running(folder.path()).is_empty() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(left_running(folder.path()), Vec::<i32>::new(), "{signal}");
    }
}

/// Kills it at every part of its life: a sample of moments, and hundreds with ERA_LONG=1.
#[test]
fn killed_at_any_moment_it_leaves_no_process_no_mount_and_no_folder() {
    let turns = if std::env::var_os("ERA_LONG").is_some() {
        200
    } else {
        12
    };
    let folder = folder();
    let before = surroundings();
    let places = || ["/tmp", "/var/tmp"].map(|place| era_entries(Path::new(place)));
    let before_in = places();
    let start = || {
        Command::new(program("era-caps"))
            .args([
                "need",
                "--",
                "sh",
                "-c",
                "sleep 600 & mount -t tmpfs none /mnt",
            ])
            .env("D", folder.path())
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let began = Instant::now();
    assert!(start().wait().unwrap().success());
    let whole = began.elapsed();
    for turn in 0..turns {
        let mut era = start();
        std::thread::sleep(whole * turn / turns);
        let _ = era.kill();
        era.wait().unwrap();
        let until = Instant::now() + Duration::from_secs(10);
        while !left_running(folder.path()).is_empty() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(
            left_running(folder.path()),
            Vec::<i32>::new(),
            "turn {turn}"
        );
    }
    assert_eq!(surroundings(), before);
    assert_eq!(places(), before_in);
}

/// What bears our name there.
fn era_entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.retain(|path| path.to_string_lossy().contains("era-caps"));
    paths.sort_unstable();
    paths
}

/// Status and stderr.
fn refused(line: &str) -> (Option<i32>, String) {
    let output: Output = sh(line);
    assert_eq!(text(&output.stdout), "", "{line}");
    (output.status.code(), text(&output.stderr))
}

#[test]
fn what_cannot_be_asked_is_refused() {
    for line in [
        "",
        "--timeout 0 -- true",
        "--timeout -1 -- true",
        "--timeout nan -- true",
        "--timeout 1e9 -- true",
        "--expect 256 -- true",
        "--expect soon -- true",
        "--user nobody -- true",
        "--user 1:2:3 -- true",
        "--in-place --share-network -- true",
        "--allow sys_tiem -- true",
    ] {
        let (status, stderr) = refused(&format!("era-caps need {line}"));
        assert_eq!(status, Some(125), "{line}: {stderr}");
        assert!(stderr.starts_with("error: "), "{line}: {stderr}");
    }
    let (_, stderr) = refused("era-caps need --allow sys_tiem -- true");
    assert!(stderr.contains("cap_sys_time"), "{stderr}");
}

#[test]
fn a_program_that_nobody_could_run_is_said_at_once() {
    let (status, stderr) = refused("era-caps need -- no-such-program");
    assert_eq!(status, Some(127));
    let expected = indoc! {r#"
        error: cannot run "no-such-program", whatever it may do
          execve("no-such-program") failed: ENOENT (no such file or directory)
          why:  no folder of PATH has a program "no-such-program" in this root
    "#};
    assert_eq!(stderr, expected);
    let (status, stderr) = refused("era-caps need -- /etc/passwd");
    assert_eq!(status, Some(126), "{stderr}");
    assert!(stderr.contains("its mode has no x for us"), "{stderr}");
    assert_eq!(refused("era-caps need -- /tmp").0, Some(126));
}

#[test]
fn who_has_nothing_to_give_is_told_so() {
    let bare = "setpriv --bounding-set=-all --inh-caps=-all --ambient-caps=-all";
    let (status, stderr) = refused(&format!("{bare} era-caps need --in-place -- true"));
    assert_eq!(status, Some(125));
    let expected = indoc! {"
        error: this process has no capability to give to the program
          why:  an ordinary user has none, and in place there is no user namespace to have them in
          fix:  leave out --in-place, or be root: sudo era-caps need
    "};
    assert_eq!(stderr, expected);
}

#[test]
fn a_user_whom_the_namespace_does_not_know_is_refused() {
    let (status, stderr) = refused("unshare -Ur era-caps need --user 4711 -- true");
    assert_eq!(status, Some(125), "{stderr}");
    assert!(
        stderr.starts_with("error: cannot become user 4711:4711\n"),
        "{stderr}"
    );
    assert!(
        stderr.contains("EINVAL") && stderr.contains("why:"),
        "{stderr}"
    );
}

#[test]
fn a_covered_proc_is_said_to_be_in_the_way() {
    // Any other one that is in full sight would do for the kernel.
    let script = indoc! {r#"
        mount -t tmpfs none /proc/sys
        awk '$5 != "/proc" && / - proc / { print $5 }' /proc/self/mountinfo |
            while read -r other; do mount -t tmpfs none "$other"; done
        exec unshare -Urm era-caps need -- true"#};
    let folder = folder();
    std::fs::write(folder.path().join("script"), script).unwrap();
    let line = format!("exec unshare -Urm sh {}/script", folder.path().display());
    let (status, stderr) = refused(&line);
    assert_eq!(status, Some(125), "{stderr}");
    assert!(stderr.contains("parts of /proc are covered"), "{stderr}");
    assert!(stderr.contains("fix:  --in-place"), "{stderr}");
}
