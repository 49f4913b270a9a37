//! Each namespace isolates one thing (claim 4.11): what is changed inside is not seen
//! outside. The test reads both sides from /proc itself. Then `era-lsns` and `era-nsenter`
//! beside lsns(8) and nsenter(1).

mod support;

#[path = "namespaces/inside.rs"]
mod inside;

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use inside::Inside;
use serde_json::Value;
use support::programs::{probed, program, sh, text};

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn link(process: &str, kind: &str) -> String {
    let link = fs::read_link(format!("/proc/{process}/ns/{kind}")).unwrap();
    link.display().to_string()
}

/// Only this view is another one, and the user namespace that made it possible.
#[track_caller]
fn only_this_is_new(inside: &Inside, kinds: &[&str]) {
    for kind in ["mnt", "uts", "ipc", "pid", "net", "user", "cgroup", "time"] {
        let is_new = link(&inside.pid, kind) != link("self", kind);
        assert_eq!(is_new, kinds.contains(&kind), "{kind}");
    }
}

#[test]
fn a_mount_inside_is_not_seen_outside() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().display().to_string();
    let inside = Inside::of(&["-rm"], &format!("mount -t tmpfs none {place}"));
    only_this_is_new(&inside, &["mnt", "user"]);
    assert!(read(&format!("/proc/{}/mountinfo", inside.pid)).contains(&place));
    assert!(!read("/proc/self/mountinfo").contains(&place));
}

#[test]
fn a_name_inside_is_not_seen_outside() {
    let before = read("/proc/sys/kernel/hostname");
    let inside = Inside::of(
        &["-ru", "--hostname", "a-name-inside"],
        "cat /proc/sys/kernel/hostname",
    );
    only_this_is_new(&inside, &["uts", "user"]);
    assert_eq!(inside.said, ["a-name-inside"]);
    assert_eq!(read("/proc/sys/kernel/hostname"), before);
}

#[test]
fn a_message_queue_inside_is_not_seen_outside() {
    let inside = Inside::of(
        &["-ri"],
        "ipcmk --queue >/dev/null; tail -n 1 /proc/sysvipc/msg",
    );
    only_this_is_new(&inside, &["ipc", "user"]);
    let key = inside.said[0].split_whitespace().next().unwrap();
    assert!(key.parse::<i64>().is_ok(), "{:?}", inside.said);
    let outside = read("/proc/sysvipc/msg");
    let mut keys = outside
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    assert!(!keys.any(|other| other == key), "{outside}");
}

#[test]
fn a_process_has_one_number_inside_and_another_outside() {
    let inside = Inside::of(&["-rpf"], "true");
    only_this_is_new(&inside, &["pid", "user"]);
    let status = read(&format!("/proc/{}/status", inside.pid));
    let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    let numbers: Vec<_> = numbers.unwrap().split_whitespace().collect();
    assert_eq!(numbers, [inside.pid.as_str(), "1"]);
}

#[test]
fn a_network_setting_inside_is_not_seen_outside() {
    const SETTING: &str = "/proc/sys/net/ipv4/ip_default_ttl";
    let before = read(SETTING);
    let inside = Inside::of(
        &["-rn"],
        &format!("echo 99 >{SETTING} || echo read-only; cat {SETTING}; cat /proc/net/dev"),
    );
    only_this_is_new(&inside, &["net", "user"]);
    // Its only device is a loopback, and outside there is the same list as before.
    let devices = read(&format!("/proc/{}/net/dev", inside.pid));
    assert!(
        devices.lines().skip(2).all(|line| !line.contains("eth")),
        "{devices}"
    );
    assert_eq!(read(SETTING), before);
    if probed(
        "proc-sys",
        inside.said[0] != "read-only",
        "/proc/sys cannot be written",
    ) {
        assert_eq!(inside.said[0], "99");
        assert_ne!(before.trim(), "99");
    }
}

#[test]
fn root_inside_is_an_ordinary_user_outside() {
    let uid = nix::unistd::Uid::effective();
    let inside = Inside::of(&["-r"], "id -u");
    only_this_is_new(&inside, &["user"]);
    assert_eq!(inside.said, ["0"]);
    let map = read(&format!("/proc/{}/uid_map", inside.pid));
    let map: Vec<_> = map.split_whitespace().collect();
    assert_eq!(map, ["0", uid.to_string().as_str(), "1"]);
    let status = read(&format!("/proc/{}/status", inside.pid));
    let user = status
        .lines()
        .find_map(|line| line.strip_prefix("Uid:"))
        .unwrap();
    assert_eq!(
        user.split_whitespace().next(),
        Some(uid.to_string().as_str())
    );
}

#[test]
fn the_root_of_the_cgroup_tree_inside_is_our_place_outside() {
    let inside = Inside::of(&["-rC"], "cat /proc/self/cgroup");
    only_this_is_new(&inside, &["cgroup", "user"]);
    assert!(!inside.said.is_empty());
    for line in &inside.said {
        assert!(line.ends_with(":/"), "{line}");
    }
    // Seen from outside it has not moved.
    let seen = read(&format!("/proc/{}/cgroup", inside.pid));
    assert_eq!(seen, read("/proc/self/cgroup"));
}

#[test]
fn the_clock_inside_is_shifted_and_outside_is_not() {
    let inside = Inside::of(&["-rTf", "--boottime", "100000000"], "cat /proc/uptime");
    only_this_is_new(&inside, &["time", "user"]);
    let seconds = |uptime: &str| uptime.split('.').next().unwrap().parse::<u64>().unwrap();
    assert!(seconds(&inside.said[0]) >= 100_000_000, "{:?}", inside.said);
    assert!(seconds(&read("/proc/uptime")) < 100_000_000);
    let offsets = read(&format!("/proc/{}/timens_offsets", inside.pid));
    assert!(offsets.contains("100000000"), "{offsets}");
}

#[test]
fn an_old_root_that_pivot_root_let_go_is_mounted_nowhere() {
    let jail = tempfile::tempdir().unwrap();
    let bin = jail.path().join("bin");
    fs::create_dir(&bin).unwrap();
    if !probed(
        "busybox",
        fs::copy("/bin/busybox", bin.join("sh")).is_ok(),
        "no busybox",
    ) {
        return;
    }
    let jail = jail.path().display().to_string();
    let inside = Inside::of(&["-rm", "--pivot", &jail, "/bin/sh", "-c"], "echo /*");
    assert_eq!(inside.said, ["/bin"]);
    let mounts = read(&format!("/proc/{}/mountinfo", inside.pid));
    assert_eq!(mounts.lines().count(), 1, "{mounts}");
}

/// What lsns says of each namespace: type, number of processes, lowest process.
fn listed(json: &Value, found: &mut BTreeMap<u64, (String, u64, u64)>) {
    for line in json.as_array().unwrap() {
        let number = |key: &str| line[key].as_u64().unwrap();
        let kind = line["type"].as_str().unwrap().to_owned();
        found.insert(number("ns"), (kind, number("nprocs"), number("pid")));
        if !line["children"].is_null() {
            listed(&line["children"], found);
        }
    }
}

fn keys(json: &Value) -> Vec<String> {
    let object = json["namespaces"][0].as_object().unwrap();
    object
        .keys()
        .filter(|key| *key != "children")
        .cloned()
        .collect()
}

/// lsns(8) gives up, without a word, when a process of somebody else's ends while it looks:
/// then it is asked again. Ours has to give an answer at once.
fn lsns(args: &[&str]) -> String {
    for _ in 0..100 {
        let output = Command::new("lsns").args(args).output().unwrap();
        if output.status.success() || !output.stderr.is_empty() {
            return text(&output.stdout);
        }
    }
    panic!("lsns {args:?} never succeeds");
}

fn era_lsns(args: &[&str]) -> String {
    output_of(Command::new(program("era-lsns")).args(args))
}

fn output_of(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn our_own_namespaces_are_listed_as_lsns_lists_them() {
    let inside = Inside::of(&["-rmuipnf"], "true");
    let json = |text: String| -> Value { serde_json::from_str(&text).unwrap() };
    for shown in [
        "--notruncate",
        "--list",
        "--tree=owner",
        "--output-all",
        "-oNS,TYPE,NPROCS,PID,COMMAND",
    ] {
        let args = [shown, "-J", "-p", &inside.pid];
        let [theirs, ours] = [json(lsns(&args)), json(era_lsns(&args))];
        assert_eq!(keys(&theirs), keys(&ours), "{shown}");
        let is_tree = |json: &Value| json.to_string().contains("children");
        assert_eq!(is_tree(&theirs), is_tree(&ours), "{shown}");
        let [theirs, ours] = [theirs, ours].map(|json| {
            let mut found = BTreeMap::new();
            listed(&json["namespaces"], &mut found);
            found
        });
        // Others come and go in the namespaces that everybody shares.
        assert_eq!(
            theirs.keys().collect::<Vec<_>>(),
            ours.keys().collect::<Vec<_>>()
        );
        let own = ["mnt", "uts", "ipc", "pid", "net", "user"];
        for kind in own {
            let id = link(&inside.pid, kind);
            let id: u64 = id[kind.len() + 2..id.len() - 1].parse().unwrap();
            assert_eq!(theirs[&id], ours[&id], "{kind}");
            assert_eq!(ours[&id].0, kind);
        }
    }
}

#[test]
fn a_namespace_is_shown_with_its_members_parents_and_owners() {
    let inside = Inside::of(&["-rpnf"], "true");
    let columns = "PID,PPID,UID,USER,PNS,ONS,PATH,NETNSID,COMMAND";
    for kind in ["user", "pid", "net"] {
        let args = ["-n", "-r", "-o", columns, "-t", kind, "-p", &inside.pid];
        assert_eq!(lsns(&args), era_lsns(&args), "{kind}");
    }
    let id = link(&inside.pid, "pid");
    let id = &id["pid:[".len()..id.len() - 1];
    let args = ["-o", "PID,PPID,COMMAND", "-n", "-r", id];
    assert_eq!(lsns(&args), era_lsns(&args));
}

#[test]
fn a_table_of_two_processes_says_what_they_share() {
    let inside = Inside::of(&["-rpuf"], "true");
    let args = ["--json", "self", &inside.pid];
    let json = era_lsns(&args);
    let json: Value = serde_json::from_str(&json).unwrap();
    for view in json["views"].as_array().unwrap() {
        let kind = view["kind"].as_str().unwrap();
        let is_shared = link("self", kind) == link(&inside.pid, kind);
        let expected = if is_shared { "shared" } else { "different" };
        assert_eq!(view["verdict"], expected, "{kind}");
    }
    let table = era_lsns(&["self", &inside.pid]);
    assert_eq!(table.lines().count(), 9);
    assert!(
        table.lines().all(|line| line.chars().count() <= 80),
        "{table}"
    );
}

#[test]
fn what_may_not_be_looked_at_is_unknown_and_never_different() {
    // Another user's process: root asks as somebody else, anybody else asks about root's.
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("era-lsns");
    let me = std::process::id().to_string();
    let output = if nix::unistd::Uid::effective().is_root() {
        let all: fs::Permissions = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(folder.path(), all).unwrap();
        fs::copy(env!("CARGO_BIN_EXE_era"), &copy).unwrap();
        let somebody = ["--reuid", "65534", "--regid", "65534", "--clear-groups"];
        output_of(
            Command::new("setpriv")
                .args(somebody)
                .arg(&copy)
                .args(["self", &me]),
        )
    } else {
        era_lsns(&["self", "1"])
    };
    let unknown = output.lines().filter(|line| line.contains("unknown"));
    assert_eq!(unknown.count(), 8, "{output}");
    assert!(!output.contains("different"), "{output}");
}

/// In each, `$N` is the program and `$P` a process in namespaces of its own.
const ENTERING: &[&str] = &[
    "inside -Urpf; $N -t $P -U -p --preserve-credentials $R",
    "inside -Urmuinpf; $N -t $P -U -m -u -i -n -p --preserve-credentials $R",
    "inside -Urmuinpf --mount-proc; $N --target $P --user --mount --pid \
     --preserve-credentials sh -c 'echo /proc/[0-9]*'",
    "inside -UrmuinpfCT; $N -t $P -a --preserve-credentials $R",
    "inside -Uru; $N -t $P -U -u $R",
    "inside -Uru; $N -t $P -u $R",
    "inside -Uru; $N --uts=/proc/$P/ns/uts --user=/proc/$P/ns/user --preserve-credentials $R",
    "inside -Urm -w /tmp; $N -t $P -U -m -w --preserve-credentials pwd",
    "inside -Urm; $N -t $P -U -m -W /usr --preserve-credentials pwd",
    "inside -Urm; $N -t $P -U -m --wd=/usr --preserve-credentials pwd",
    "inside -Urm; $N -t $P -U -m -r --preserve-credentials pwd",
    "inside -Urm; $N -t $P -U -m -W /usr -w $R",
    "inside -Urpf; $N -t $P -U -p -F --preserve-credentials readlink /proc/self/ns/pid",
    "inside -Urpf; $N -t $P -U -p --preserve-credentials sh -c 'exit 9'",
    "inside -Urpf; $N -t $P -U -p --preserve-credentials sh -c 'kill -TERM $$'",
    "inside -Urpf; $N -t $P -U -p --preserve-credentials no-such-program",
    "inside -Ur; $N -t $P -U -S 0 -G 0 id -u",
    "inside -Uru; $N -U/proc/$P/ns/user -u/proc/$P/ns/uts --preserve-credentials $R",
    "inside -Uru; $N -t $P -un $R",
    "$N -w/usr -- pwd -L",
    "$N $R",
    "$N -t $$ -U $R",
    "$N -t $$ -u $R",
    "$N -m $R",
    "$N -a $R",
    "$N -t 999999999 -a $R",
    "$N -t 999999999 -u $R",
    "$N -t many -u $R",
    "$N --net=/nowhere $R",
    "$N --net=/etc/passwd $R",
    "$N --no-such-flag $R",
];

#[test]
fn every_flag_of_nsenter_means_the_same() {
    let mut differing = Vec::new();
    for line in ENTERING {
        let [theirs, ours] = ["/usr/bin/nsenter".into(), program("era-nsenter")].map(|program| {
            let folder = tempfile::tempdir().unwrap();
            let output = sh(&inside::script(&program, folder.path(), line));
            (
                output.status.code(),
                text(&output.stdout),
                text(&output.stderr),
            )
        });
        if (theirs.0, &theirs.1) != (ours.0, &ours.1) {
            eprintln!("--- {line}\nnsenter: {theirs:#?}\nera-nsenter: {ours:#?}");
            differing.push(*line);
        }
    }
    assert!(differing.is_empty(), "these lines differ: {differing:#?}");
}
