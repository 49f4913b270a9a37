//! The doctor, with every absence made real where the kernel can refuse it, and from
//! recorded machines where not.

#[path = "doctor/found.rs"]
mod found;
#[path = "doctor/recorded.rs"]
mod recorded;
mod support;
#[path = "doctor/things.rs"]
mod things;

use std::path::Path;
use std::process::Command;

use found::{ERA, Found, behind_a_filter, doctor, filtered, in_namespaces};
use groundwork::host::PROBES;
use groundwork::kernel::Errno;
use serde_json::Value;

#[test]
fn every_probe_is_found_once_and_says_what_it_means() {
    let found = Found::of(&doctor(&[]).output().unwrap());
    let names: Vec<_> = found.0.iter().map(|finding| &finding["probe"]).collect();
    let table: Vec<_> = PROBES.iter().map(|probe| probe.name).collect();
    assert_eq!(names, table);
    for finding in &found.0 {
        let states = ["works", "refused", "absent", "unknown"];
        assert!(
            states.iter().any(|state| finding["state"] == *state),
            "{finding}"
        );
        for field in ["why", "means"] {
            assert!(
                finding[field].as_str().is_some_and(|text| !text.is_empty()),
                "{finding}"
            );
        }
    }
}

#[test]
fn the_list_fits_a_terminal_and_leaves_nothing_behind() {
    let state = tempfile::tempdir().unwrap();
    let output = Command::new(ERA)
        .arg("doctor")
        .env("ERA_STATE", state.path())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    assert!(
        text.contains("\n# commands run in a user namespace"),
        "{text}"
    );
    assert_eq!(std::fs::read_dir(state.path()).unwrap().count(), 0);
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    for top in mounts.lines().filter(|line| line.contains(" - cgroup")) {
        let top = top.split(' ').nth(4).unwrap();
        for group in std::fs::read_dir(top).into_iter().flatten().flatten() {
            let name = group.file_name().into_string().unwrap_or_default();
            let maker = name.strip_prefix("era-doctor-");
            let alive = |pid: &str| Path::new("/proc").join(pid).exists();
            assert!(maker.is_none_or(alive), "{name} was left in {top}");
        }
    }
}

#[test]
fn the_status_says_whether_what_was_named_works() {
    let status = |probes: &[&str]| doctor(probes).output().unwrap().status.code();
    assert_eq!(status(&["userns", "seccomp"]), Some(0));
    let refused = || {
        let mut command = doctor(&["cc"]);
        command.env("PATH", "");
        command.output().unwrap().status.code()
    };
    assert_eq!(refused(), Some(1));
    assert_eq!(status(&["no-such-probe"]), Some(2));
}

#[test]
fn no_user_namespaces_for_anybody_is_a_limit_with_a_name() {
    let script = "echo 0 > /proc/sys/user/max_user_namespaces; \
                  exec \"$ERA\" doctor --json userns overlay-userns proc-mount clone3";
    let found = in_namespaces(script);
    let why = "unshare(CLONE_NEWUSER) gives ENOSPC: user.max_user_namespaces is 0";
    for probe in ["userns", "overlay-userns", "proc-mount"] {
        found.is(
            probe,
            "refused",
            why,
            "real root, after asking; no setting changes",
        );
    }
    found.works("clone3");
}

#[test]
fn each_type_of_namespace_has_a_limit_of_its_own() {
    let types = [
        ("mnt", "mountns"),
        ("uts", "utsns"),
        ("ipc", "ipcns"),
        ("pid", "pidns"),
        ("net", "netns"),
        ("cgroup", "cgroupns"),
        ("time", "timens"),
    ];
    let probes = types.map(|(_, probe)| probe).join(" ");
    for (kind, probe) in types {
        let limit = format!("max_{kind}_namespaces");
        let found = in_namespaces(&format!(
            "echo 0 > /proc/sys/user/{limit}; exec \"$ERA\" doctor --json {probes}"
        ));
        for (_, other) in types {
            if other == probe {
                found.is(
                    other,
                    "refused",
                    &format!("gives ENOSPC: the limit user.{limit} is 0"),
                    "",
                );
            } else {
                found.works(other);
            }
        }
    }
}

#[test]
fn a_user_namespace_without_a_mount_namespace_names_that_limit() {
    let found = in_namespaces(
        "echo 0 > /proc/sys/user/max_mnt_namespaces; exec \"$ERA\" doctor --json userns",
    );
    found.is(
        "userns",
        "refused",
        "the limit user.max_mnt_namespaces is 0",
        "",
    );
}

#[test]
fn a_filter_that_refuses_the_first_step_is_found_in_proc() {
    let found = filtered(
        nix::libc::SYS_unshare,
        Errno::EPERM,
        &["userns", "netns", "clone3"],
    );
    let why = "unshare(CLONE_NEWUSER) gives EPERM: a seccomp filter that this process inherited";
    found.is("userns", "refused", why, "that no filter holds");
    found.is("netns", "refused", "gives EPERM: a seccomp filter", "");
    found.works("clone3");
}

#[test]
fn a_filter_that_refuses_a_later_step_is_told_by_that_step() {
    let probes = ["userns", "overlay-userns", "pidns"];
    let found = filtered(nix::libc::SYS_mount, Errno::EPERM, &probes);
    found.is(
        "userns",
        "refused",
        "MS_REC|MS_PRIVATE, NULL) gives EPERM: a seccomp filter",
        "",
    );
    found.is(
        "overlay-userns",
        "refused",
        "gives EPERM: a seccomp filter",
        "",
    );
    found.works("pidns");
}

#[test]
fn an_engine_that_hides_clone3_refuses_our_children_and_not_namespaces() {
    let found = filtered(nix::libc::SYS_clone3, Errno::ENOSYS, &["clone3", "userns"]);
    found.is("clone3", "refused", "gives ENOSYS: a seccomp filter", "");
    found.works("userns");
}

#[test]
fn a_filter_may_forbid_further_filters() {
    let found = filtered(nix::libc::SYS_seccomp, Errno::EPERM, &["seccomp", "userns"]);
    found.is("seccomp", "refused", "seccomp(SECCOMP_SET_MODE_FILTER", "");
    found.works("userns");
}

#[test]
fn sockets_that_are_refused_take_ports_and_rules_away() {
    let found = filtered(nix::libc::SYS_bind, Errno::EACCES, &["low-ports"]);
    found.is(
        "low-ports",
        "refused",
        "bind to port 80 gives EACCES: unprivileged ports begin at",
        "8080",
    );
    let found = filtered(
        nix::libc::SYS_socket,
        Errno::EPROTONOSUPPORT,
        &["nft", "netns"],
    );
    found.is(
        "nft",
        "absent",
        "EPROTONOSUPPORT: this kernel has no nf_tables",
        "modprobe",
    );
    found.works("netns");
}

#[test]
fn what_was_refused_makes_a_block_of_a_page_skip_with_that_text() {
    let cases = [
        (nix::libc::SYS_unshare, Errno::EPERM, "userns", "# true"),
        (
            nix::libc::SYS_unshare,
            Errno::EPERM,
            "netns",
            "$ echo shown\nshown",
        ),
        (
            nix::libc::SYS_seccomp,
            Errno::EPERM,
            "seccomp",
            "$ echo shown\nshown",
        ),
        (
            nix::libc::SYS_bind,
            Errno::EACCES,
            "low-ports",
            "$ echo shown\nshown",
        ),
    ];
    for (call, errno, probe, lines) in cases {
        let folder = tempfile::tempdir().unwrap();
        let page = folder.path().join("page.md");
        let text = format!("# A page\n\n```console needs={probe}\n{lines}\n```\n");
        std::fs::write(&page, text).unwrap();
        let found = filtered(call, errno, &[probe]);
        let why = found.get(probe)["why"].as_str().unwrap().to_owned();
        let mut tour = Command::new(ERA);
        tour.args(["tour", "--auto", "--json"])
            .arg(&page)
            .env("ERA_STATE", folder.path().join("state"));
        let output = behind_a_filter(call, errno, tour);
        let report: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        let skipped = report["pages"][0]["blocks"][0]["skipped"].as_str();
        assert!(
            skipped.is_some_and(|text| text.contains(&why)),
            "{probe}: {report:#}"
        );
    }
}

#[test]
fn without_a_ground_what_looks_at_it_is_skipped_too() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page.md");
    let blocks = [
        "$ echo before\nbefore",
        "# echo made > file",
        "$ cat file\nmade",
    ];
    let text = blocks.map(|lines| format!("```console\n{lines}\n```\n\n"));
    std::fs::write(&page, format!("# A page\n\n{}", text.concat())).unwrap();
    let mut tour = Command::new(ERA);
    tour.args(["tour", "--auto", "--json"])
        .arg(&page)
        .env("ERA_STATE", folder.path().join("state"));
    let output = behind_a_filter(nix::libc::SYS_unshare, Errno::EPERM, tour);
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    assert!(output.status.success(), "{report:#}");
    let skipped = (0..3).map(|block| report["pages"][0]["blocks"][block]["skipped"].is_string());
    assert_eq!(
        skipped.collect::<Vec<_>>(),
        [false, true, true],
        "{report:#}"
    );
}

#[test]
fn a_masked_proc_is_named() {
    let found = in_namespaces(
        "mount --bind /dev/null /proc/meminfo; exec \"$ERA\" doctor --json proc-mount userns",
    );
    found.is(
        "proc-mount",
        "refused",
        "EPERM: /proc/meminfo is masked here",
        "outside of what masked it",
    );
    found.works("userns");
}

/// A root of our own with the system's programs in it: `$1` says how it is entered.
const IN_A_CHROOT: &str = r#"
    PATH=$PATH:/usr/sbin:/sbin
    jail=$(mktemp -d); trap 'umount -l "$jail"; rmdir "$jail"' EXIT
    mount -t tmpfs jail "$jail"
    mkdir -p "$jail/root/proc" "$jail/root/dev"
    cp "$ERA" "$jail/root/era"
    for part in usr lib lib64 bin proc dev; do
        [ -d /$part ] || continue
        mkdir -p "$jail/root/$part"; mount --rbind /$part "$jail/root/$part"
    done
"#;

#[test]
fn a_chroot_is_known_with_and_without_proc() {
    let plain =
        format!("{IN_A_CHROOT} chroot \"$jail/root\" /era doctor --json userns chroot || :");
    let bare = format!(
        "{IN_A_CHROOT} umount -l \"$jail/root/proc\"
        chroot \"$jail/root\" /era doctor --json userns chroot || :"
    );
    let why = "unshare(CLONE_NEWUSER) gives EPERM: this is a chroot";
    for script in [plain, bare] {
        let found = in_namespaces(&script);
        found.is("userns", "refused", why, "pivot_root");
        found.works("chroot");
    }
    let here = Found::of(&doctor(&["chroot"]).output().unwrap());
    here.is("chroot", "absent", "", "");
}

#[test]
fn a_chroot_into_a_mount_is_known_to_who_may_look() {
    let script = format!(
        "{IN_A_CHROOT} mount --rbind \"$jail/root\" \"$jail/root\"
        chroot \"$jail/root\" /era doctor --json userns chroot || :"
    );
    let found = in_namespaces(&script);
    found.works("chroot");
    found.is("userns", "refused", "this is a chroot", "");
}

#[test]
fn a_process_without_descriptors_can_try_nothing_and_says_so() {
    let output = Command::new("sh")
        .args([
            "-c",
            "ulimit -n 4; exec \"$ERA\" doctor --json userns seccomp",
        ])
        .env("ERA", ERA)
        .output()
        .unwrap();
    let found = Found::of(&output);
    found.is("userns", "unknown", "no pipe to a child: EMFILE", "");
    found.is("seccomp", "unknown", "EMFILE", "");
}
