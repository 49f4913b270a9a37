//! Tools, folders and devices that are not there, or are not what they seem.

use std::path::Path;
use std::process::Command;

use crate::found::{ERA, Found, doctor, in_namespaces};
use crate::support;

#[test]
fn with_an_empty_path_no_tool_is_found_and_each_has_a_remedy() {
    let mut command = doctor(&[]);
    let found = Found::of(&command.env("PATH", "").output().unwrap());
    for tool in ["bash", "cc", "strace", "git", "setcap", "tmux", "sudo"] {
        found.is(tool, "absent", &format!("no {tool} in PATH"), "sudo ");
    }
    found.is("cargo", "absent", "no cargo in PATH", "rustup");
    found.is("libseccomp", "absent", "no cc in PATH", "libseccomp-dev");
    found.works("userns");
}

#[test]
fn a_tool_that_is_there_and_does_not_run_is_refused_and_not_absent() {
    let folder = tempfile::tempdir().unwrap();
    let program = |name: &str, text: &str| {
        use std::os::unix::fs::PermissionsExt;
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    program("cc", "#!/bin/sh\necho broken; exit 3\n");
    program("cargo", "#!/bin/sh\necho 'cargo 1.70.0 (old)'\n");
    program("git", "#!/bin/sh\nexec /bin/sleep 600\n");
    let mut command = doctor(&["cc", "cargo", "git"]);
    let found = Found::of(&command.env("PATH", folder.path()).output().unwrap());
    found.is("git", "refused", "/git was not done after 2s", "");
    found.is("cc", "refused", "ends with status 3: broken", "");
    found.is(
        "cargo",
        "refused",
        "cargo 1.70.0 (old): this project wants 1.85",
        "rustup update",
    );
}

#[test]
fn peers_that_are_not_there_are_absent_and_those_that_do_not_run_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let tools = folder.path().join("tools");
    std::fs::create_dir(&tools).unwrap();
    let sim = |value: &std::ffi::OsStr| {
        let mut command = doctor(&["seccomp-sim"]);
        let output = command.env("ERA_LIBSECCOMP", value).output().unwrap();
        Found::of(&output)
    };
    sim("".as_ref()).is(
        "seccomp-sim",
        "absent",
        "ERA_LIBSECCOMP",
        ".ci/run libseccomp",
    );
    let here = folder.path().as_os_str();
    sim(here).is(
        "seccomp-sim",
        "refused",
        "scmp_bpf_sim does not run",
        ".ci/run",
    );
    std::os::unix::fs::symlink("/bin/true", tools.join("scmp_bpf_sim")).unwrap();
    sim(here).is("seccomp-sim", "refused", "-h ends with status 0", "");
    // A cc that is there, and a libseccomp that is not.
    std::os::unix::fs::symlink("/bin/false", folder.path().join("cc")).unwrap();
    let mut command = doctor(&["libseccomp"]);
    let found = Found::of(&command.env("PATH", here).output().unwrap());
    found.is(
        "libseccomp",
        "absent",
        "cc finds no seccomp.h",
        "libseccomp-dev",
    );
    let found = in_namespaces(
        "mount -t tmpfs none /usr/share; exec \"$ERA\" doctor --json engine-profiles",
    );
    found.is(
        "engine-profiles",
        "absent",
        "no /usr/share/",
        "sudo apt install golang",
    );
}

#[test]
fn a_folder_in_which_nothing_may_run_is_refused() {
    let found = in_namespaces(
        "exec 9<\"$ERA\"; mount -t tmpfs -o noexec,nosuid,nodev none /tmp; mkdir /tmp/state
        exec /proc/self/fd/9 --state /tmp/state doctor --json workdir",
    );
    let why = "/tmp/state is on tmpfs with noexec, nosuid, nodev, exec=EACCES";
    found.is("workdir", "refused", why, "--state DIR");
}

#[test]
fn a_device_that_is_no_kvm_is_not_taken_for_one() {
    let found = in_namespaces("mount -t tmpfs none /dev; exec \"$ERA\" doctor --json kvm");
    found.is("kvm", "absent", "no /dev/kvm", "");
    let found = in_namespaces(
        "exec 9<\"$ERA\"; mount -t tmpfs none /tmp; touch /tmp/null; mount --bind /dev/null /tmp/null
        mount -t tmpfs none /dev; touch /dev/kvm; mount --bind /tmp/null /dev/kvm
        exec /proc/self/fd/9 doctor --json kvm",
    );
    found.is("kvm", "refused", "/dev/kvm is there, and ioctl(", "");
    found.is("kvm", "refused", "KVM_CREATE_VM, 0) gives ENOTTY", "");
}

#[test]
fn kvm_runs_a_guest() {
    if !support::needs("kvm") {
        return;
    }
    let found = Found::of(&doctor(&["kvm"]).output().unwrap());
    found.is("kvm", "works", "a guest ran one instruction and halted", "");
}

#[test]
fn swap_is_what_the_kernel_lists() {
    let table = |lines: &str| {
        in_namespaces(&format!(
            "exec 9<\"$ERA\"; mount -t tmpfs none /tmp; printf 'Filename Type Size Used Priority\\n{lines}' >/tmp/s
            mount --bind /tmp/s /proc/swaps; exec /proc/self/fd/9 doctor --json swap"
        ))
    };
    table("").is("swap", "absent", "no swap", "");
    table("/dev/sdb1 partition 2097152 0 -2\\n").is("swap", "works", "2048 MiB in 1 areas", "");
}

#[test]
fn the_apparmor_remedy_changes_nothing_unless_somebody_agrees() {
    let output = Command::new(ERA)
        .args(["doctor", "--fix", "apparmor"])
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    let restricted = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns";
    match std::fs::read_to_string(restricted) {
        Ok(value) if value.trim() != "0" => {
            assert!(errors.contains("nothing was changed"), "{errors}");
        }
        _ => assert!(
            errors.contains("AppArmor does not restrict user namespaces"),
            "{errors}"
        ),
    }
    assert!(!Path::new("/etc/apparmor.d/era").exists());
}
