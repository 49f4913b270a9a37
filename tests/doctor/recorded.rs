//! Machines that this one cannot be made into: a file tree for each under tests/hosts, with
//! what came of each trial there, through the same probe code.

use std::path::PathBuf;

use groundwork::host::{self, Facts, State};
use walkthrough::doctor::apparmor;

fn folder(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/hosts")).join(name)
}

/// A probe's state on a recorded machine, and words of its reason and its remedy.
#[track_caller]
fn is(machine: &str, probe: &str, state: State, why: &str, fix: &str) {
    let facts = Facts::recorded(&folder(machine)).expect("a recorded machine");
    let facts = facts.with_work("/home/alice/.local/state/era");
    let found = host::probe(&facts, probe).expect("a probe");
    let fixed = found.fix.as_deref().unwrap_or_default();
    let all = found.state == state && found.why.contains(why) && fixed.contains(fix);
    assert!(
        all,
        "{machine}: wanted {state}, {why:?}, {fix:?}: {found:#?}"
    );
}

#[test]
fn ubuntu_lets_a_namespace_be_made_and_takes_its_powers() {
    let why = "write(\"/proc/self/uid_map\", \"0 1000 1\") gives EPERM: AppArmor lets a program \
               make a user namespace, then takes its powers away";
    for probe in ["userns", "netns"] {
        is(
            "ubuntu-24.04",
            probe,
            State::Refused,
            why,
            "era doctor --fix apparmor",
        );
    }
    is("ubuntu-24.04", "clone3", State::Works, "", "");
    let systemd = "systemd gives one: systemd-run --user --scope -p Delegate=yes";
    is(
        "ubuntu-24.04",
        "cgroup-delegated",
        State::Works,
        systemd,
        "",
    );
    is(
        "ubuntu-24.04",
        "distribution",
        State::Works,
        "Ubuntu 24.04.1 LTS",
        "",
    );
    assert!(apparmor::restricted(&folder("ubuntu-24.04")).is_ok());
    assert!(apparmor::restricted(&folder("debian-10")).is_err());
}

#[test]
fn debians_setting_refuses_the_first_step() {
    let why = "unshare(CLONE_NEWUSER) gives EPERM: Debian's kernel.unprivileged_userns_clone is 0";
    for probe in ["userns", "overlay-userns"] {
        is("debian-10", probe, State::Refused, why, "sudo era");
    }
}

#[test]
fn an_old_kernel_mounts_overlayfs_for_real_root_only() {
    is(
        "debian-11",
        "overlay-userns",
        State::Refused,
        "gives EPERM: Linux before 5.11",
        "",
    );
    is("debian-11", "userns", State::Works, "", "");
}

#[test]
fn dockers_own_filter_refuses_namespaces_and_hides_clone3() {
    let why = "unshare(CLONE_NEWUSER) gives EPERM: the seccomp filter of Docker";
    let fix = "run era on the machine itself, not inside Docker";
    for probe in ["userns", "netns", "proc-mount"] {
        is("docker", probe, State::Refused, why, fix);
    }
    is(
        "docker",
        "clone3",
        State::Refused,
        "gives ENOSYS: the seccomp filter of Docker",
        fix,
    );
    is("docker", "container", State::Works, "inside Docker", "");
    is("docker", "root", State::Works, "uid 0", "");
}

#[test]
fn a_devcontainer_masks_proc() {
    let why = "gives EPERM: /proc/kcore is masked here";
    is(
        "devcontainer",
        "proc-mount",
        State::Refused,
        why,
        "--security-opt systempaths=unconfined",
    );
    is("devcontainer", "userns", State::Works, "", "");
}

#[test]
fn a_drive_of_windows_keeps_no_owners() {
    is(
        "wsl2",
        "workdir",
        State::Refused,
        "is on 9p: a drive of Windows",
        "--state DIR",
    );
    is("wsl2", "wsl", State::Works, "WSL 2", "");
    is("wsl2", "swap", State::Works, "4096 MiB", "");
    is("ubuntu-24.04", "wsl", State::Absent, "", "");
}

#[test]
fn a_server_decides_who_owns_files_of_nfs() {
    is(
        "nfs-home",
        "workdir",
        State::Refused,
        "is on nfs: a server decides",
        "--state DIR",
    );
    is(
        "ubuntu-24.04",
        "workdir",
        State::Works,
        "ext4, and a program in it runs",
        "",
    );
    is(
        "nfs-home",
        "low-ports",
        State::Refused,
        "unprivileged ports begin at 1024",
        "8080:80",
    );
}

#[test]
fn each_layout_of_groups_is_told_from_the_others() {
    use State::{Absent, Works};
    for (machine, v1, v2, hybrid) in [
        ("centos-7", Works, Absent, Absent),
        ("ubuntu-24.04", Absent, Works, Absent),
        ("hybrid", Works, Absent, Works),
        ("debian-10", Absent, Absent, Absent),
    ] {
        is(machine, "cgroup-v1", v1, "", "");
        is(machine, "cgroup-v2", v2, "", "");
        is(machine, "cgroup-hybrid", hybrid, "", "");
    }
    is(
        "centos-7",
        "cgroup-v1",
        Works,
        "controllers cpu cpuacct memory pids freezer",
        "",
    );
    is(
        "ubuntu-24.04",
        "cgroup-v2",
        Works,
        "controllers cpuset cpu io memory",
        "",
    );
    let why = "gives EACCES, and this login has no user manager to ask";
    is(
        "centos-7",
        "cgroup-delegated",
        State::Refused,
        why,
        "log in at a console or by ssh",
    );
}

#[test]
fn the_remedy_for_a_missing_tool_speaks_the_distributions_language() {
    is(
        "centos-7",
        "cc",
        State::Absent,
        "no cc in PATH",
        "sudo dnf install gcc",
    );
}

#[test]
fn a_limit_of_zero_is_read_after_the_call_has_failed() {
    let why = "gives ENOSPC: user.max_user_namespaces is 0";
    is("centos-7", "userns", State::Refused, why, "sudo era");
}

#[test]
fn a_kernel_built_without_user_namespaces_is_told_from_one_that_refuses_them() {
    is(
        "no-user-namespaces",
        "userns",
        State::Absent,
        "built without user namespaces",
        "",
    );
    is(
        "no-user-namespaces",
        "kvm",
        State::Absent,
        "no /dev/kvm",
        "",
    );
    is("no-user-namespaces", "arch", State::Works, "aarch64", "");
}

#[test]
fn settings_that_take_a_tools_power_away_are_named() {
    is(
        "hardened",
        "strace",
        State::Refused,
        "kernel.yama.ptrace_scope is 3",
        "",
    );
    is(
        "hardened",
        "ptrace",
        State::Refused,
        "kernel.yama.ptrace_scope is 3",
        "",
    );
    is(
        "hardened",
        "sudo",
        State::Refused,
        "no_new_privs is set",
        "",
    );
    is(
        "hardened",
        "subuid",
        State::Refused,
        "no_new_privs is set",
        "",
    );
}

#[test]
fn what_was_not_tried_is_unknown_and_not_guessed() {
    for probe in [
        "seccomp",
        "timens",
        "kvm",
        "nft",
        "overlay-userns",
        "proc-mount",
    ] {
        is(
            "nfs-home",
            probe,
            State::Unknown,
            "it was not tried there",
            "",
        );
    }
}
