//! `era-chroot run` does what chroot(1) does, in this very process; `escape` gets out, and
//! pivot_root(2) stops it; each failure is told with its reason.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

#[path = "chroot/mod.rs"]
mod chroot;
mod support;

use chroot::{Ground, chroot as era_chroot, is_root, run, said};

fn jail(with: &str) -> Option<(Ground, PathBuf)> {
    if !is_root() && !support::needs("userns") {
        return None;
    }
    let ground = Ground::new();
    let jail = ground.jail(&["--with", with]);
    Some((ground, jail))
}

#[test]
fn statuses_are_those_of_chroot_1() {
    let Some((_ground, jail)) = jail("bash") else {
        return;
    };
    std::fs::write(jail.join("text"), "").unwrap();
    let status = |command: &[&str]| said(&mut run(&[], &jail, command)).status;
    assert_eq!(status(&["bash", "-c", "exit 42"]), 42);
    assert_eq!(status(&["bash", "-c", "exit 125"]), 125);
    assert_eq!(status(&["/text"]), 126);
    assert_eq!(status(&["/nothing"]), 127);
    assert_eq!(status(&["nothing"]), 127);
    let nowhere = said(&mut run(&[], Path::new("/nowhere"), &["bash"]));
    assert_eq!(nowhere.status, 125);
    assert_eq!(said(&mut era_chroot(&["run"])).status, 125);
    assert_eq!(
        said(&mut era_chroot(&["run", "--nothing", "x"])).status,
        125
    );
}

#[test]
fn a_signal_ends_it_as_it_would_end_the_program() {
    use std::os::unix::process::ExitStatusExt;
    let Some((_ground, jail)) = jail("bash") else {
        return;
    };
    let status = run(&[], &jail, &["bash", "-c", "kill -9 $$"])
        .status()
        .unwrap();
    assert_eq!(status.signal(), Some(9));
}

#[test]
fn the_program_is_this_very_process() {
    let Some((_ground, jail)) = jail("bash") else {
        return;
    };
    let mut command = run(&["--dev", "--proc"], &jail, &["bash", "-c", "echo $$"]);
    let child = command.stdout(Stdio::piped()).spawn().unwrap();
    let pid = child.id();
    let said = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&said.stdout), format!("{pid}\n"));
}

#[test]
fn its_root_is_the_folder_and_its_namespaces_are_ours() {
    let Some((_ground, jail)) = jail("bash") else {
        return;
    };
    let mut command = run(&[], &jail, &["bash", "-c", "echo; read"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut ready = [0];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut ready).unwrap();
    let of = |name: &str| std::fs::read_link(format!("/proc/{}/{name}", child.id())).unwrap();
    let ours = |name: &str| std::fs::read_link(format!("/proc/self/{name}")).unwrap();
    assert_eq!(of("root"), chroot::real(&jail));
    assert_eq!(of("cwd"), chroot::real(&jail));
    for kind in ["mnt", "pid", "net", "uts", "ipc", "cgroup", "time"] {
        let name = format!("ns/{kind}");
        assert_eq!(of(&name), ours(&name));
    }
    // An ordinary user asked for this one.
    assert_eq!(of("ns/user") == ours("ns/user"), is_root());
    drop(child.stdin.take());
    child.wait().unwrap();
}

#[test]
fn no_descriptor_but_the_three_goes_along() {
    let Some((_ground, jail)) = jail("bash") else {
        return;
    };
    // A directory outside: with it, fchdir(2) would be a way out.
    let outside = std::fs::File::open("/").unwrap();
    let inherited = nix::fcntl::fcntl(&outside, nix::fcntl::FcntlArg::F_DUPFD(77)).unwrap();
    let test = format!("if (: >&{inherited}) 2>&1; then echo open; fi");
    let with = said(&mut run(&[], &jail, &["bash", "-c", &test]));
    assert!(
        with.out
            .ends_with(&format!("{inherited}: Bad file descriptor\n")),
        "{}",
        with.out
    );
    // The test can fail: a plain shell has it.
    let plain = said(Command::new("bash").args(["-c", &test]));
    assert_eq!(plain.out, "open\n");
    nix::unistd::close(inherited).unwrap();
}

#[test]
fn it_becomes_the_user_that_was_asked_for() {
    let Some((_ground, jail)) = jail("bash") else {
        return;
    };
    let ids = ["bash", "-c", "echo $UID $EUID ${GROUPS[*]}"];
    if is_root() {
        let user = said(&mut run(&["--user", "1234:4321"], &jail, &ids));
        assert_eq!(user.out, "1234 1234 4321\n", "{}", user.err);
        let user = said(&mut run(&["--user", "1234"], &jail, &ids));
        assert_eq!(user.out, "1234 1234 1234\n", "{}", user.err);
    }
    let root = said(&mut run(
        &["--user", "0", "--userns"][..if is_root() { 3 } else { 2 }],
        &jail,
        &ids,
    ));
    assert!(root.out.starts_with("0 0 0"), "{}{}", root.out, root.err);
}

#[test]
fn without_a_command_it_is_a_shell() {
    let Some((_ground, jail)) = jail("bash") else {
        return;
    };
    let shell = |shell: &str| {
        let mut command = run(&[], &jail, &[]);
        command
            .env("SHELL", shell)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        std::io::Write::write_all(&mut stdin, b"echo $0\n").unwrap();
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert_eq!(shell("/bin/bash"), "/bin/bash\n");
    std::os::unix::fs::symlink("bash", jail.join("usr/bin/sh")).unwrap();
    assert_eq!(shell("/bin/zsh"), "/bin/sh\n");
}

/// Mounts lie in a mount namespace of its own: while it runs, and after it.
#[test]
fn proc_and_dev_are_seen_inside_and_nowhere_else() {
    let Some((_ground, jail)) = jail("bash,ls") else {
        return;
    };
    let script = "echo x > /dev/null; [ -c /dev/null ] && ls -d /proc/self/fd && ls /dev; \
                  echo ready; read; :";
    let mut command = run(&["--proc", "--dev"], &jail, &["bash", "-c", script]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    let seen: Vec<_> = lines
        .by_ref()
        .map(Result::unwrap)
        .take_while(|line| line != "ready")
        .collect();
    let mounts = |of: &str| std::fs::read_to_string(format!("/proc/{of}/mountinfo")).unwrap();
    // Inside, mount points are told as seen from the root that it has.
    assert!(mounts(&child.id().to_string()).contains(" /dev "));
    assert!(!mounts("self").contains(jail.to_str().unwrap()));
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    assert_eq!(seen[0], "/proc/self/fd");
    assert!(
        seen.contains(&"urandom".to_owned()) && seen.contains(&"fd".to_owned()),
        "{seen:?}"
    );
    // Nothing is left in the folders but the folders.
    for folder in ["dev", "proc"] {
        assert_eq!(
            std::fs::read_dir(jail.join(folder)).unwrap().count(),
            0,
            "{folder}"
        );
    }
}

#[test]
fn a_link_in_the_place_of_dev_is_not_followed() {
    let Some((ground, jail)) = jail("bash") else {
        return;
    };
    let outside = ground.join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::os::unix::fs::symlink(&outside, jail.join("dev")).unwrap();
    let refused = said(&mut run(&["--dev"], &jail, &["bash", "-c", ":"]));
    assert_eq!(refused.status, 125);
    assert!(refused.err.contains("ELOOP"), "{}", refused.err);
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0);
}

#[test]
fn in_a_user_namespace_it_is_root_there_only() {
    if !support::needs("userns") {
        return;
    }
    let ground = Ground::new();
    let jail = ground.jail(&["--with", "bash,cat"]);
    let script = ["bash", "-c", "echo $UID; cat /proc/self/uid_map"];
    let mut command = era_chroot(&["run", "--userns", "--proc"]);
    let inside = said(command.arg(&jail).arg("--").args(script));
    let words: Vec<_> = inside.out.split_whitespace().collect();
    let outside = nix::unistd::geteuid().to_string();
    assert_eq!(words, ["0", "0", &outside, "1"], "{}", inside.err);
}

// The escape.

/// A canary outside, and an escape from a jail that looks for it.
fn escape(options: &[&str], ground: &Ground, jail: &Path) -> chroot::Said {
    std::fs::write(ground.join("canary"), "not for the guest\n").unwrap();
    let mut escape = era_chroot(&["escape"]);
    if !is_root() {
        escape.arg("--userns");
    }
    said(escape.args(options).arg(jail))
}

#[test]
fn the_escape_reads_what_lies_outside_and_stands_in_another_root() {
    use std::os::unix::fs::MetadataExt;
    let Some((ground, jail)) = jail("bash") else {
        return;
    };
    let escaped = escape(&[], &ground, &jail);
    let shown = |path: &Path| {
        let found = std::fs::metadata(path).unwrap();
        format!("inode {} on device {}", found.ino(), found.dev())
    };
    let expected = format!(
        "before  / is {}\nafter   / is {}\ncanary  not for the guest\n",
        shown(&jail),
        shown(Path::new("/"))
    );
    assert_ne!(shown(&jail), shown(Path::new("/")));
    assert_eq!((escaped.out, escaped.err.as_str()), (expected, ""));
    // It leaves nothing behind in the jail.
    let names = std::fs::read_dir(&jail).unwrap().flatten();
    let left: Vec<_> = names
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    assert!(!left.iter().any(|name| name.contains("escape")), "{left:?}");
}

/// A jail that holds our own program, started inside by chroot or behind pivot_root.
fn jail_with_ourselves() -> Option<(Ground, PathBuf, PathBuf)> {
    if !support::needs("userns") {
        return None;
    }
    let ground = Ground::new();
    let ours = ground.join("era-chroot");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_era"), &ours).unwrap();
    let with = format!("bash,{}", ours.display());
    let jail = ground.jail(&["--bare", "--with", &with]);
    std::fs::write(ground.join("canary"), "not for the guest\n").unwrap();
    Some((ground, jail, ours))
}

#[test]
fn our_own_program_is_copied_with_its_libraries_and_escapes_from_within() {
    let Some((ground, jail, ours)) = jail_with_ourselves() else {
        return;
    };
    let canary = ground.join("canary");
    let command = [
        &ours,
        Path::new("escape"),
        Path::new("--here"),
        Path::new("--canary"),
        &canary,
    ];
    let command = command.map(|word| word.to_str().unwrap().to_owned());
    let command: Vec<_> = command.iter().map(String::as_str).collect();
    let escaped = said(&mut run(&[], &jail, &command));
    assert_eq!(escaped.status, 0, "{}", escaped.err);
    assert!(
        escaped.out.ends_with("canary  not for the guest\n"),
        "{}",
        escaped.out
    );
}

#[test]
fn pivot_root_leaves_nothing_to_escape_to() {
    let Some((ground, jail, ours)) = jail_with_ourselves() else {
        return;
    };
    let mut pivoted = Command::new(env!("CARGO_BIN_EXE_era"));
    pivoted.args(["unshare", "--map-root-user", "--mount", "--pivot"]);
    pivoted.args([&jail, &ours]);
    pivoted
        .args(["escape", "--here", "--canary"])
        .arg(ground.join("canary"));
    let kept = said(pivoted.env("NO_COLOR", "1"));
    assert_eq!((kept.status, kept.out.as_str()), (125, ""), "{}", kept.err);
    assert!(
        kept.err.starts_with("error: did not get out"),
        "{}",
        kept.err
    );
}
