//! The small virtual machine: what it is, what it gives back, and what stays of it, which is
//! nothing. One at a time: each has two processors of its own to emulate.

#[path = "machine/asked.rs"]
mod asked;
#[path = "machine/hands.rs"]
mod hands;
mod support;
#[path = "player/terminal.rs"]
mod terminal;

use std::process::{Command, Output, Stdio};
use std::time::Instant;

use asked::{Asked, ERA, kernel, machine, state, text};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

#[test]
fn a_command_has_its_own_kernel_and_gives_back_both_outputs_and_its_status() {
    let Some(asked) = Asked::alone() else { return };
    let script =
        "cat; uname -r >&2; cat /sys/class/net/*/address | wc -l; wc -l < /proc/swaps; exit 7";
    let started = Instant::now();
    let output = asked.feeds(&["--", "sh", "-c", script], "Füße\0 \x04\n".as_bytes());
    println!("a machine from start to end: {:.1?}", started.elapsed());
    assert_eq!(text(&output.stdout), "Füße\0 \x04\n1\n2\n");
    let release = kernel().file_name().unwrap().to_string_lossy().into_owned();
    let said = text(&output.stderr);
    // Before it, a first run tells that it makes the machine's root.
    let last = said.lines().rfind(|line| !line.is_empty());
    assert!(
        last.is_some_and(|last| release.ends_with(last)),
        "{release}: {said}"
    );
    assert_eq!(output.status.code(), Some(7));
}

#[test]
fn memory_has_a_second_place_and_the_root_can_be_swapped() {
    let Some(asked) = Asked::alone() else { return };
    let script = "grep -c ^/dev/zram0 /proc/swaps
        cd /tmp; mkdir new; mount -t tmpfs new new; mkdir new/old
        cp --parents /bin/busybox new 2>/dev/null
        unshare --mount sh -c 'cd new && pivot_root . old && echo swapped'
        unshare --user --map-root-user true && echo users
        cat /sys/fs/cgroup/cgroup.subtree_control | tr ' ' '\\n' | grep -E '^(cpu|io|memory|pids)$' | sort | xargs";
    let output = asked.runs(&["--", "sh", "-c", script]);
    assert_eq!(
        text(&output.stdout),
        "1\nswapped\nusers\ncpu io memory pids\n",
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn the_ordinary_user_limits_a_group_of_their_own_and_files_come_and_go() {
    let Some(asked) = Asked::alone() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (share, out) = (folder.path().join("in"), folder.path().join("out"));
    std::fs::create_dir(&share).unwrap();
    std::fs::write(share.join("word"), "from outside\n").unwrap();
    let script = "set -e
        id -u; cat /in/word; echo mine > /in/word
        cut -d: -f3 /proc/self/cgroup
        cd /sys/fs/cgroup/user-1000; mkdir small; echo 50M > small/memory.max
        sh -c 'echo $$ > small/cgroup.procs; cut -d: -f3 /proc/self/cgroup; cat small/memory.max'
        echo 1 2>/dev/null > /sys/fs/cgroup/cgroup.procs || echo refused
        unshare --user --map-auto --map-root-user cat /proc/self/uid_map | xargs
        umask 027; mkdir /out/a; echo back > /out/a/b; ln -s a/b /out/link";
    let to = format!("{}:/in", share.display());
    let words = ["--user", "--share", &to, "--out", out.to_str().unwrap()];
    let output = asked.runs(&[&words[..], &["--", "sh", "-c", script]].concat());
    assert_eq!(
        text(&output.stdout),
        "1000\nfrom outside\n/user-1000/session\n/user-1000/small\n52428800\nrefused\n\
         0 1000 1 1 100000 65535\n",
        "{}",
        text(&output.stderr)
    );
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(std::fs::read_to_string(out.join("link")).unwrap(), "back\n");
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&out.join("a").metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o750);
    // A copy went in, and nothing else came back.
    assert_eq!(
        std::fs::read_to_string(share.join("word")).unwrap(),
        "from outside\n"
    );
}

#[test]
fn the_groups_of_v1_are_each_in_a_hierarchy_of_its_own_and_the_users_too() {
    let Some(asked) = Asked::alone() else { return };
    let script = "grep -c cgroup2 /proc/mounts; grep -E -c '^[0-9]+:(cpu|memory|pids|freezer):/user-1000$' /proc/self/cgroup
        cd /sys/fs/cgroup/memory/user-1000; mkdir small; echo 50M > small/memory.limit_in_bytes
        cat small/memory.limit_in_bytes; era doctor cgroup-v1 cgroup-delegated >/dev/null && echo both";
    let output = asked.runs(&["--v1", "--user", "--", "sh", "-c", script]);
    assert_eq!(
        text(&output.stdout),
        "0\n4\n52428800\nboth\n",
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn a_machine_whose_time_is_up_is_ended_and_leaves_nothing() {
    let Some(asked) = Asked::alone() else { return };
    let output = asked.runs(&["--timeout", "2", "--", "sleep", "1000"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(124), "{said}");
    assert!(
        said.contains("was not done after 2 s") && said.contains("fix:  --timeout"),
        "{said}"
    );
    assert_eq!(asked.left(), [0; 0]);
}

#[test]
fn a_machine_ends_with_us_however_we_end_and_nobody_elses_cleaning_ends_it() {
    let Some(asked) = Asked::alone() else { return };
    for signal in [Signal::SIGTERM, Signal::SIGKILL] {
        let mut era = asked.command(&["--", "sleep", "1000"]).spawn().unwrap();
        let emulator = asked.emulator_of(era.id());
        let other = tempfile::tempdir().unwrap();
        let mut clean = Command::new(ERA);
        clean
            .args(["clean", "--yes"])
            .env("ERA_STATE", other.path())
            .output()
            .unwrap();
        assert!(asked::runs(emulator), "it was not left by anybody");
        kill(Pid::from_raw(era.id() as i32), signal).unwrap();
        let status = era.wait().unwrap();
        asked::eventually("the emulator's end", || !asked::runs(emulator));
        if signal == Signal::SIGTERM {
            assert_eq!(status.code(), Some(128 + signal as i32));
        }
    }
    assert_eq!(asked.left(), [0; 0]);
}

#[test]
fn an_emulator_that_belongs_to_nobody_is_found_by_its_mark() {
    // The kernel leaves none: so this one only carries the mark.
    let mut orphan = Command::new("sleep")
        .arg("6400")
        .env("ERA_MACHINE", "1")
        .spawn()
        .unwrap();
    let state = tempfile::tempdir().unwrap();
    let clean = |words: &[&str]| {
        Command::new(ERA)
            .arg("clean")
            .args(words)
            .env("ERA_STATE", state.path())
            .output()
            .unwrap()
    };
    let dry = text(&clean(&["--dry-run"]).stdout);
    let line = format!("end process  {} (sleep)", orphan.id());
    assert!(dry.contains(&line), "{dry}");
    assert!(clean(&["--yes"]).status.success());
    assert!(!orphan.wait().unwrap().success());
}

#[test]
fn a_module_that_is_compressed_is_loaded_too() {
    let Some(asked) = Asked::alone() else { return };
    let folder = tempfile::tempdir().unwrap();
    let packed = format!(
        "cp -r {0}/../lib/modules {1}/ 2>/dev/null || cp -r /lib/modules {1}/
         find {1}/modules -name 'zram.ko' -o -name 'virtio*.ko' | xargs gzip",
        kernel().parent().unwrap().display(),
        folder.path().display()
    );
    assert!(
        Command::new("sh")
            .args(["-c", &packed])
            .status()
            .unwrap()
            .success()
    );
    let modules = folder.path().join("modules");
    let words = [
        "--kernel",
        kernel().to_str().unwrap(),
        "--modules",
        modules.to_str().unwrap(),
    ];
    let output = asked.runs(&[&words[..], &["--", "cat", "/proc/swaps"]].concat());
    assert!(
        text(&output.stdout).contains("zram0"),
        "{}",
        text(&output.stderr)
    );
}

/// A failure says what is missing and how to get it; nothing is started.
#[track_caller]
fn refused(output: &Output, words: &[&str]) {
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(125), "{said}");
    for word in words {
        assert!(said.contains(word), "{word:?} in\n{said}");
    }
}

#[test]
fn without_a_kernel_it_says_how_to_get_one() {
    let state = tempfile::tempdir().unwrap();
    let run = |words: &[&str], name: &str, value: &str| {
        machine(words)
            .env("ERA_STATE", state.path())
            .env(name, value)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    };
    let gone = run(&[], "ERA_KERNEL", "/nonexistent");
    refused(
        &gone,
        &["there is no kernel", "\"/nonexistent\" cannot be read"],
    );

    let garbage = state.path().join("vmlinuz");
    std::fs::write(&garbage, "this is no kernel\n".repeat(1000)).unwrap();
    let no_kernel = run(&["--kernel", garbage.to_str().unwrap()], "LC_ALL", "C");
    refused(
        &no_kernel,
        &[
            "is no Linux kernel for this processor",
            "fix:  leave it out, and: era machine --fetch",
        ],
    );

    // No apt here, and nobody who could agree.
    let no_apt = run(&["--fetch"], "PATH", "/nonexistent");
    refused(
        &no_apt,
        &[
            "cannot get Debian's package",
            "fix:  a kernel of your own: era machine --kernel FILE",
        ],
    );
}

#[test]
fn a_kernel_without_its_modules_is_refused_by_name() {
    let Some(_asked) = Asked::alone() else { return };
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("vmlinuz");
    std::fs::copy(kernel(), &image).unwrap();
    let empty = folder.path().join("empty");
    let words = [
        "--kernel",
        image.to_str().unwrap(),
        "--modules",
        empty.to_str().unwrap(),
    ];
    let output = machine(&words).env("ERA_STATE", state()).output().unwrap();
    refused(
        &output,
        &[
            "is Linux ",
            "and its modules are not in",
            "fix:  --modules DIR",
        ],
    );
}

#[test]
fn without_an_emulator_the_doctor_names_the_package() {
    let Some(_asked) = Asked::alone() else { return };
    let output = machine(&["--kernel", kernel().to_str().unwrap(), "--", "true"])
        .env("ERA_STATE", state())
        .env("PATH", "/nonexistent")
        .output()
        .unwrap();
    refused(
        &output,
        &[
            "cannot start qemu-system-",
            "why:  it is not in PATH",
            "era doctor machine",
        ],
    );
    let doctor = Command::new(ERA)
        .args(["doctor", "machine"])
        .env("PATH", "/nonexistent")
        .output()
        .unwrap();
    assert_eq!(doctor.status.code(), Some(1));
    assert!(
        text(&doctor.stdout).contains("fix:  sudo "),
        "{}",
        text(&doctor.stdout)
    );
}

#[test]
fn a_way_out_of_the_folder_of_a_share_is_refused() {
    for share in [
        "/etc:relative",
        "/etc:/a/../../b",
        "/etc:/",
        "/no/such/file",
    ] {
        let output = machine(&["--share", share, "--", "true"]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{share}");
    }
}
