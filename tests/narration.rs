//! What our programs tell of themselves is what strace(1) sees, both ways: for every call of
//! tests/container_calls.txt that they or their children make, name, decoded arguments and
//! result are equal, in the order of each process.
//!
//! What a program does after execve(2) is its own affair: a helper such as newuidmap is
//! told as its execve.

mod support;

#[path = "narration/strace.rs"]
mod strace;
#[path = "narration/told.rs"]
mod told;

use std::collections::BTreeMap;
use std::path::Path;

use support::programs::{probed, sh, text};

/// A call as both tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    call: String,
    result: String,
}

/// By process, in order.
type Calls = BTreeMap<i32, Vec<Seen>>;

/// The calls of the committed list, with the `prctl` options and the files that matter.
struct Listed {
    names: Vec<String>,
    prctl: Vec<String>,
    files: Vec<String>,
}

impl Listed {
    fn read() -> Listed {
        let mut listed = Listed {
            names: Vec::new(),
            prctl: Vec::new(),
            files: Vec::new(),
        };
        for line in include_str!("container_calls.txt").lines() {
            let line = line.split('#').next().unwrap_or_default();
            match line.split_whitespace().collect::<Vec<_>>().as_slice() {
                [] => {}
                [name] => listed.names.push((*name).to_owned()),
                ["prctl", option] => listed.prctl.push((*option).to_owned()),
                ["write", file] => listed.files.push((*file).to_owned()),
                other => panic!("not understood: {other:?}"),
            }
        }
        listed
    }

    /// Whether a call is one that makes a container.
    fn has(&self, name: &str, args: &[String]) -> bool {
        let first = args.first().map_or("", String::as_str);
        let is_file = |pattern: &String| match pattern.strip_suffix('*') {
            Some(start) => first.contains(start),
            None => Path::new(first).file_name() == Some(pattern.as_ref()),
        };
        self.names.iter().any(|listed| listed == name)
            && match name {
                // A question is no change.
                "prctl"
                    if args
                        .get(1)
                        .is_some_and(|what| what == "PR_CAP_AMBIENT_IS_SET") =>
                {
                    false
                }
                "prctl" => self.prctl.iter().any(|option| option == first),
                "write" => self.files.iter().any(is_file),
                "mkdir" | "rmdir" => first.contains("/cgroup/"),
                "clone" | "clone3" => {
                    !first.contains("CLONE_THREAD") && !first.contains("CLONE_VFORK")
                }
                "setxattr" | "lsetxattr" | "lremovexattr" => args
                    .get(1)
                    .is_some_and(|name| name == r#""security.capability""#),
                _ => true,
            }
    }
}

/// One form for both: flags sorted, the file of a write by its name.
fn canonical(name: &str, args: &[String]) -> String {
    let args = args.iter().enumerate().map(|(at, arg)| match (name, at) {
        ("write", 0) => {
            let file = Path::new(arg).file_name();
            file.map_or(arg.clone(), |file| file.to_string_lossy().into_owned())
        }
        _ if arg.contains('|') && !arg.starts_with(['"', '[']) => {
            let mut flags: Vec<_> = arg.split('|').collect();
            flags.sort_unstable();
            flags.join("|")
        }
        _ => arg.clone(),
    });
    format!("{name}({})", args.collect::<Vec<_>>().join(", "))
}

/// Runs a line under strace and gives what it saw and what was told. `$E` stands before a
/// program of ours: strace, and then the program is to be given --explain=json.
fn both(line: &str, strace: &str) -> (Calls, Calls) {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::Builder::new()
        .prefix("narration")
        .tempdir()
        .unwrap();
    let all = PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(folder.path(), all).unwrap();
    let listed = Listed::read();
    let output = sh(&format!(
        r#"D={folder}; touch $D/mnt $D/uts $D/pid; echo '{flags}' >$D/flags; mkdir -p $D/traces $D/jail/proc $D/wd
        chmod 777 $D/traces
        export ERA_EXPLAIN=json
        E='{strace} -qq -ff -v -y -s 4096 -e signal=none -e trace={calls} -o '$D/traces/t
        cd /
        {line}"#,
        folder = folder.path().display(),
        flags = WITH_FLAGS,
        calls = listed.names.join(","),
    ));
    let traces = folder.path().join("traces");
    (
        strace::seen(&traces, &listed),
        told::told(&text(&output.stderr), &listed),
    )
}

/// A profile that wants its filter to be installed in a special way.
const WITH_FLAGS: &str = r#"{"defaultAction":"SCMP_ACT_ALLOW","flags":["SECCOMP_FILTER_FLAG_LOG","SECCOMP_FILTER_FLAG_TSYNC"]}"#;

/// Lines that anybody can run.
const LINES: &[&str] = &[
    "$E era-unshare true",
    "$E era-unshare -r true",
    "$E era-unshare -c -f true",
    "$E era-unshare -rmuinpCTf --mount-proc true",
    "$E era-unshare -Urpf --mount-proc sh -c 'mount -t tmpfs none /mnt; exit 3'",
    "$E era-unshare -m true",
    "$E era-unshare -r --uts --hostname box hostname",
    "$E era-unshare -ru --hostname box -f hostname",
    "$E era-unshare -rm --propagation slave true",
    "$E era-unshare -rpf --mount-proc --propagation shared true",
    "$E era-unshare -rpf --mount-proc=$D/nowhere true",
    "$E era-unshare -r --mount-proc true",
    "$E era-unshare -r --root / -w /tmp true",
    "$E era-unshare -rf --root / true",
    "$E era-unshare -r --root $D/nowhere true",
    "$E era-unshare -r -S 0 -f true",
    "$E era-unshare -r -S 5 true",
    "$E era-unshare -r --keep-caps -f true",
    "$E era-unshare -r --kill-child=TERM true",
    "$E era-unshare -rT --boottime 100 --monotonic 50 -f true",
    "$E era-unshare -rT --monotonic -999999999999 -f true",
    "$E era-unshare --map-user=5 --map-group=7 --setgroups deny true",
    "$E era-unshare --setgroups allow -U true",
    "$E era-unshare -rf no-such-program",
    "$E era-unshare -f /tmp",
    "$E era-unshare -f sh -c 'kill -TERM $$'",
    "$E era-unshare -r -G 0 -S 0 -f --kill-child true",
    "$E era-unshare -w /nowhere true",
    "$E era-unshare -rm --pivot / true",
    "$E era-unshare -rm --pivot $D/jail /bin/sh",
    "$E era-unshare -rmpf --pivot $D/jail --mount-proc /bin/sh",
    "$E era-unshare -rm --pivot $D/nowhere /bin/sh",
    "unshare -Urm --propagation private $E era-unshare --uts=$D/uts true",
    "unshare -Urm --propagation private $E era-unshare --uts=$D/uts -f true",
    "unshare -Urm --propagation private $E era-unshare --mount=$D/mnt -f true",
    "unshare -Urm --propagation private $E era-unshare --mount=$D/mnt --uts=$D/uts true",
    "unshare -Urm --propagation private $E era-unshare --uts=$D/uts --ipc=$D/nowhere true",
    "unshare -Urm --propagation private $E era-unshare -pf --pid=$D/pid true",
    "$E era-chroot run / -- true",
    "$E era-chroot run / --userns -- true",
    "$E era-chroot run / --userns --proc --dev -- true",
    "$E era-chroot run / --userns --user 0 -- no-such-program",
    "$E era-chroot run $D/nowhere --userns -- true",
    "echo canary >$D/canary; $E era-chroot escape $D/jail --userns",
    "echo canary >$D/canary; $E era-chroot escape $D/jail",
    "$E era-caps serve 0 --check --raise",
    "$E era-caps need -- true",
    "$E era-caps need -- chroot / true",
    "$E era-caps need --share-network --timeout 0.2 -- sleep 600",
    "unshare -Urm $E era-caps need -- true",
    "unshare -Ur $E era-caps need --in-place -- chroot / true",
    "unshare -Ur $E era-caps need --in-place --timeout 0.2 -- sleep 600",
    "unshare -Ur $E era-caps run --drop sys_chroot,net_raw -- true",
    "unshare -Ur $E era-caps run --drop all -- true",
    "unshare -Ur $E era-caps run --keep chown --inheritable chown --ambient chown -- true",
    "unshare -Ur env -u ERA_EXPLAIN era-caps run --inheritable all --ambient all -- \
     env ERA_EXPLAIN=json $E era-caps run --ambient kill -- true",
    "unshare -Ur $E era-caps run --permitted chown,setpcap --effective chown --no-new-privs -- true",
    "unshare -Ur $E era-caps run --effective none --bounding all -- no-such-program",
    "unshare -Ur $E era-caps run --user 0 -- true",
    "unshare -Ur $E era-caps run --user 5 -- true",
    "cp /bin/true $D/copy; unshare -Ur $E era-caps file set cap_chown,cap_bpf=ep $D/copy",
    "cp /bin/true $D/copy; unshare -Ur $E era-caps file set --root-id 5 cap_chown=ep $D/copy",
    "cp /bin/true $D/copy; unshare -Ur $E era-caps file clear $D/copy",
    "$E era-nsenter true",
    "$E era-nsenter -t 999999999 -u true",
    "$E era-nsenter -t $$ -u true",
    "$E era-nsenter -t $$ -U true",
    "$E era-nsenter --uts=/proc/self/ns/uts true",
    "$E era-nsenter -t $$ -r true",
    "inside -Urpf; $E era-nsenter -t $P -U -p --preserve-credentials true",
    "inside -Urmuinpf; $E era-nsenter -t $P -U -m -u -i -n -p --preserve-credentials true",
    "inside -Urmuinpf; $E era-nsenter -t $P -U -u true",
    "inside -Uru; $E era-nsenter --user=/proc/$P/ns/user --uts=/proc/$P/ns/uts \
     --preserve-credentials true",
    "inside -Urmf; $E era-nsenter -t $P -U -m -r -w --preserve-credentials true",
    "inside -Urmf; $E era-nsenter -t $P -U -m -W /tmp --preserve-credentials true",
    "inside -Urpf; $E era-nsenter -t $P -U -p -F --preserve-credentials true",
    "inside -Urpf; $E era-nsenter -t $P -U -p --preserve-credentials no-such-program",
    "inside -Urpf; $E era-nsenter -t $P -U -p sh -c 'kill -TERM $$'",
    "inside -UrmuinpfCT; $E era-nsenter -t $P -a -S 5 -G 5 true",
    "inside -UrC; $E era-nsenter -t $P -U -C true",
    "$E era-nsenter -r/ -w/usr true",
    "$E era-seccomp run --deny mkdir -- true",
    "$E era-seccomp run --no-new-privs --log mkdir --kill rmdir -- true",
    "$E era-seccomp run --profile $D/flags -- true",
    "$E era-seccomp supervise --answer getuid=0 --watch openat -- id -ru",
    "$E era-seccomp supervise --no-new-privs --deny mkdir -- mkdir $D/denied",
    "$E era-seccomp supervise --watch mkdir -- no-such-program",
    "$E era-seccomp strict </dev/null",
];

/// Lines with a second user, whom only root finds everywhere.
const OF_ROOT: &[&str] = &[
    "$E era-caps run --user 1000 -- true",
    "$E era-caps run --user 1000:100 --keep chown --inheritable chown --ambient chown -- true",
    "$E era-caps run --user 1000 --permitted kill --no-new-privs -- true",
    "cp /bin/true $D/copy; $E era-caps file set --root-id 5 =p $D/copy",
];

/// Lines with control groups, which need some of their own. `$G` is a name that no other
/// test has, `$Q` makes and removes it without a word.
const WITH_GROUPS: &[&str] = &[
    "$E era-cgroup run --cpu 50% --memory 100M --pids 9 --cpuset 0 -- true",
    "$E era-cgroup run --name $G -- sh -c 'exit 3'",
    "$E era-cgroup run --memory 100M -- no-such-program",
    "$E era-cgroup run -- sh -c 'sleep 300 >&- 2>&- & true'",
    "$E era-cgroup create $G cpu=50% pids=9; $Q rm $G",
    "$Q create $G; $E era-cgroup set $G cpu=max memory=100M cpuset=0; $Q rm $G",
    "$Q create $G memory=100M; $E era-cgroup set $G memory=200M; $Q rm $G",
    "$Q create $G; $E era-cgroup set $G io=4095:7:rbps=1M; $Q rm $G",
    "$Q create $G; sleep 30 >&- 2>&- & $E era-cgroup add $G $!; kill $!; wait; $Q rm $G",
    "$Q create $G; $E era-cgroup add $G 999999999; $Q rm $G",
    "$Q create $G; $E era-cgroup freeze $G; $Q thaw $G; $Q rm $G",
    "$Q create $G; $Q freeze $G; $E era-cgroup thaw $G; $Q rm $G",
    "$Q create $G; sleep 30 >&- 2>&- & $Q add $G $!; $E era-cgroup kill $G; $Q rm $G",
    "$Q create $G; $E era-cgroup rm $G",
];

/// Lines with setuid helpers, which strace lets have their privilege only if it is root. The
/// user may not be able to reach our target folder, so `$D` has a copy.
const WITH_HELPERS: &[&str] = &[
    "$E $D/era-unshare --map-auto true",
    "$E $D/era-unshare --map-auto -r -mpf --mount-proc true",
    "$E $D/era-unshare --map-auto -r -S 1 -G 1 true",
    "$E $D/era-unshare --map-users=0,0,10000 true",
];

/// `inside FLAGS` makes a process in namespaces of its own, its number in `$P`; it ends
/// when the line does.
const INSIDE: &str = r#"inside() {
    mkfifo $D/fifo $D/ready
    unshare --kill-child "$@" sh -c 'echo here >'$D'/ready; read line <'$D/fifo <&- 2>&- >&- &
    U=$!
    read line <$D/ready
    P=$(cat /proc/$U/task/$U/children); P=${P% }
}
"#;

fn compare(before: &str, lines: &[&str], strace: &str) {
    let mut compared = 0;
    let mut differing = Vec::new();
    for line in lines {
        let end = "\n[ -z \"$P\" ] || { echo >$D/fifo; wait $U; }";
        let (seen, told) = both(&format!("{INSIDE}{before}\n{line}{end}"), strace);
        compared += seen.values().map(Vec::len).sum::<usize>();
        if seen != told || seen.is_empty() {
            eprintln!("--- {line}\nstrace: {seen:#?}\ntold: {told:#?}");
            differing.push(*line);
        }
    }
    eprintln!("{} lines, {compared} calls compared", lines.len());
    assert!(differing.is_empty(), "these lines differ: {differing:#?}");
}

#[test]
fn every_call_that_makes_a_container_is_told_and_no_other() {
    compare("", LINES, "strace");
}

#[test]
fn what_root_does_on_the_way_to_another_user_is_told() {
    let is_root = nix::unistd::Uid::effective().is_root();
    if probed("root", is_root, "only root becomes another user everywhere") {
        compare("", OF_ROOT, "strace");
    }
}

#[test]
fn every_write_to_a_control_group_is_told_and_no_other() {
    if !support::needs("cgroup-delegated") {
        return;
    }
    let quiet = "Q='env -u ERA_EXPLAIN era-cgroup'";
    let before = format!("G=test-narration-{}; {quiet}", std::process::id());
    compare(&before, WITH_GROUPS, "strace");
}

#[test]
fn helper_programs_are_told_as_their_execve() {
    let user = owner_of_further_ids();
    let is_root = nix::unistd::Uid::effective().is_root();
    if !probed(
        "root",
        is_root,
        "only root's strace leaves newuidmap its privilege",
    ) || !probed("subuid", user.is_some(), "nobody in /etc/subuid")
    {
        return;
    }
    let user = user.unwrap_or_default();
    let copy = "cp $(command -v era-unshare) $D/";
    compare(copy, WITH_HELPERS, &format!("strace -u {user}"));
}

#[test]
fn a_call_that_is_not_made_is_missed() {
    let (seen, told) = both(
        "export ERA_FAULT=sethostname=omitted; $E era-unshare -ru --hostname box true",
        "strace",
    );
    assert_ne!(seen, told);
}

/// A user with further ids and a name.
fn owner_of_further_ids() -> Option<String> {
    let text = std::fs::read_to_string("/etc/subuid").ok()?;
    let names = text.lines().filter_map(|line| line.split(':').next());
    let mut known = names.filter(|name| {
        let user = nix::unistd::User::from_name(name).ok().flatten();
        user.is_some_and(|user| !user.uid.is_root())
    });
    known.next().map(str::to_owned)
}

#[test]
fn a_program_prints_nothing_before_it_is_told_that_it_started() {
    for _ in 0..50 {
        let output = sh("era-unshare --explain -Urf sh -c 'echo its first word' 2>&1");
        let output = text(&output.stdout);
        let told = output.find("= started").expect(&output);
        let said = output.rfind("its first word\n").expect(&output);
        assert!(told < said, "{output}");
    }
}
