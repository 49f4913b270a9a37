//! `era-unshare` and `unshare` mean the same: each line is run with both, and status,
//! namespaces, maps and all else that the inside can see are equal.
//!
//! A line is a shell command in which `$U` is the program, `$R` a script that tells all about
//! the inside, `$D` a folder of its own, and `$FIRST` the first further id of the user.
//! Namespaces are told as `same` or `new`, compared with those of the shell that runs it.

#[path = "unshare_peers/lines.rs"]
mod lines;
mod support;

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Output;

use lines::{IN_A_SANDBOX, PLAIN};
use support::programs::{probed, program, sh, text};

/// All about the inside. It runs several children, so it does not suit a new PID namespace
/// without --fork.
const REPORT: &str = r#"
readlink /proc/self/ns/mnt /proc/self/ns/uts /proc/self/ns/ipc /proc/self/ns/pid \
    /proc/self/ns/net /proc/self/ns/user /proc/self/ns/cgroup /proc/self/ns/time
cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups
grep -E '^(Uid|Gid|Groups|Cap...):' /proc/self/status
sed -n 's/^[0-9]* [0-9]* [0-9:]* [^ ]* \/ [^ ]* \([^-]*\)- .*/propagation \1/p' \
    /proc/self/mountinfo | sed 's/:[0-9]*//g'
pwd
"#;

/// The line with everything filled in. A file that keeps a namespace is one of nsfs, and
/// can be entered.
fn script(program: &str, folder: &Path, line: &str) -> String {
    let folder = folder.display();
    let first = first_of_mine().unwrap_or(100_000);
    format!(
        r#"U={program} D={folder} R='sh {folder}/report' FIRST={first}
        kept() {{
            stat -f -c %T $D/$1
            nsenter --preserve-credentials $2$D/$1 readlink /proc/self/ns/$1
            umount $D/$1
        }}
        echo outer $(readlink /proc/self/ns/*)
        cd /
        {line}"#
    )
}

/// The first further id of the user who runs the test.
fn first_of_mine() -> Option<u32> {
    let uid = nix::unistd::Uid::current();
    let name = nix::unistd::User::from_uid(uid).ok()??.name;
    let text = std::fs::read_to_string("/etc/subuid").ok()?;
    let mine = text
        .lines()
        .find(|line| line.starts_with(&format!("{name}:")))?;
    mine.split(':').nth(1)?.parse().ok()
}

/// A folder with all that the lines speak of.
fn folder() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::Builder::new().prefix("peers").tempdir().unwrap();
    let path = folder.path();
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
    for kind in [
        "mnt", "uts", "ipc", "net", "pid", "user", "cgroup", "time", "text",
    ] {
        std::fs::write(path.join(kind), "").unwrap();
    }
    for name in ["proc", "root/bin", "root/proc"] {
        std::fs::create_dir_all(path.join(name)).unwrap();
    }
    std::fs::write(path.join("report"), REPORT).unwrap();
    for (name, script) in [
        ("script", "echo script $0 $@\n"),
        ("shell", "#!/bin/sh\necho shell $0 $@\n"),
    ] {
        std::fs::write(path.join(name), script).unwrap();
        let executable = PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(path.join(name), executable).unwrap();
    }
    folder
}

/// What came of it, with nothing in it that differs from run to run.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    status: Option<i32>,
    signal: Option<i32>,
    stdout: String,
}

fn outcome(output: &Output, folder: &Path) -> Outcome {
    let stdout = text(&output.stdout);
    let (outer, rest) = stdout.split_once('\n').unwrap_or((&stdout, ""));
    let outer: Vec<&str> = outer.split(' ').collect();
    let folder = folder.display().to_string();
    let words = rest.split_inclusive([' ', '\n']).map(|word| {
        let bare = word.trim_end();
        match bare.split_once(":[") {
            Some((kind, _)) if outer.contains(&bare) => word.replace(bare, &format!("{kind} same")),
            Some((kind, _)) => word.replace(bare, &format!("{kind} new")),
            None => word.replace(&folder, "D"),
        }
    });
    Outcome {
        status: output.status.code(),
        signal: output.status.signal(),
        stdout: words.collect(),
    }
}

/// Runs every line with both programs and gives those that differ.
fn differing(lines: &[&str], run: impl Fn(&str) -> Output) -> BTreeMap<String, String> {
    let mut differing = BTreeMap::new();
    let ours = program("era-unshare").display().to_string();
    for line in lines {
        let [theirs, ours] = ["/usr/bin/unshare", ours.as_str()].map(|program| {
            let folder = folder();
            let output = run(&script(program, folder.path(), line));
            (outcome(&output, folder.path()), text(&output.stderr))
        });
        if theirs.0 != ours.0 {
            let both = format!("unshare: {theirs:#?}\nera-unshare: {ours:#?}");
            differing.insert((*line).to_owned(), both);
        }
    }
    differing
}

/// Whether the system's unshare is of the version whose flags we have: others read maps
/// another way.
fn peer_is_2_38() -> bool {
    let version = text(&sh("unshare --version").stdout);
    let is_so = version.contains("util-linux 2.38");
    probed("util-linux-2.38", is_so, version.trim())
}

#[track_caller]
fn none(differing: &BTreeMap<String, String>) {
    for (line, both) in differing {
        eprintln!("--- {line}\n{both}");
    }
    let lines: Vec<_> = differing.keys().collect();
    assert!(lines.is_empty(), "these lines differ: {lines:#?}");
}

/// Where we mean something else, and why.
#[test]
fn what_we_do_differently_is_on_purpose() {
    let stdout = |line: &str| {
        let folder = folder();
        let ours = program("era-unshare").display().to_string();
        let output = sh(&script(&ours, folder.path(), line));
        outcome(&output, folder.path()).stdout
    };
    // 2.38 cannot reset SIGKILL to its default and ends with 1; 2.39 does as we do.
    assert_eq!(stdout("$U -f sh -c 'kill -KILL $$'; echo $?"), "137\n");
    // 2.39 writes maps as the kernel does, INNER:OUTER:COUNT.
    let maps = ["$FIRST,0,10", "0:$FIRST:10"].map(|map| {
        stdout(&format!(
            "$U --map-users={map} --map-user=3 cat /proc/self/uid_map"
        ))
    });
    assert_eq!(maps[0], maps[1]);
}

#[test]
fn every_flag_means_what_it_means_to_unshare() {
    if !peer_is_2_38() {
        return;
    }
    none(&differing(PLAIN, sh));
}

#[test]
fn a_namespace_is_kept_where_unshare_keeps_it() {
    if !peer_is_2_38() {
        return;
    }
    // Linux 6.18 numbers namespaces on each CPU apart, and takes one that was made on another
    // CPU for older than it is: then it cannot be kept (EINVAL). So all stay on one.
    let in_a_sandbox = |script: &str| {
        let quoted = script.replace('\'', r"'\''");
        let cpu = r"$(sed -n 's/^Cpus_allowed_list:\s*\([0-9]*\).*/\1/p' /proc/self/status)";
        sh(&format!(
            "exec taskset -c {cpu} unshare -Urm --propagation private sh -c '{quoted}'"
        ))
    };
    none(&differing(IN_A_SANDBOX, in_a_sandbox));
}

#[test]
fn the_comparison_notices_a_missing_namespace() {
    let faulty = |script: &str| sh(&format!("export ERA_FAULT=CLONE_NEWUTS=omitted\n{script}"));
    let found = differing(&["$U -ru $R"], faulty);
    assert_eq!(found.len(), 1);
}

#[test]
fn enough_lines_are_compared() {
    assert!(PLAIN.len() + IN_A_SANDBOX.len() >= 40);
}

/// What a signal to the parent does while its child runs, with either program: whether the
/// child goes on, and how the parent ends.
fn after_a_signal(program: &str, flags: &str, signal: &str) -> String {
    let folder = folder();
    // The child is ready when it writes, and goes on when it is written to. That it ended is
    // seen by the end of the pipe that it alone still holds.
    let script = format!(
        r#"cd {folder}; mkfifo ready go said
        {program} {flags} sh -c 'echo >ready; read line <go; echo went on' >said &
        parent=$!
        exec 3<said
        read line <ready
        kill -{signal} $parent
        case {signal} in KILL|HUP) wait $parent; status=$? ;; esac
        # Whoever is still there reads this; a child that was killed never opens its end.
        exec 4<>go; echo >&4
        cat <&3
        [ -n "$status" ] || {{ wait $parent; status=$?; }}
        echo "parent $status""#,
        folder = folder.path().display()
    );
    text(&sh(&script).stdout)
}

#[test]
fn a_signal_to_the_parent_means_what_it_means_to_unshare() {
    let ours = program("era-unshare").display().to_string();
    for (flags, signal, expected) in [
        ("-f", "TERM", "went on\nparent 0\n"),
        ("-f", "INT", "went on\nparent 0\n"),
        ("-f", "HUP", "went on\nparent 129\n"),
        ("-f", "KILL", "went on\nparent 137\n"),
        ("--kill-child", "KILL", "parent 137\n"),
        ("-rpf --kill-child", "KILL", "parent 137\n"),
        ("--kill-child=TERM", "HUP", "parent 129\n"),
    ] {
        assert_eq!(
            after_a_signal(&ours, flags, signal),
            expected,
            "{flags} {signal}"
        );
        let theirs = after_a_signal("unshare", flags, signal);
        assert_eq!(theirs, expected, "unshare {flags} {signal}");
    }
}
