//! Jails of real programs: what is copied is what their loader would load and what looking
//! up names needs, and they work inside.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[path = "chroot/mod.rs"]
mod chroot;
mod support;

use chroot::{Ground, listed, loaders_own_list, real, run, said};

/// What we add for names of users and hosts, found here by other means than ours: the
/// services of nsswitch.conf, their libraries beside the C library, the loader's own list.
fn for_names() -> BTreeSet<PathBuf> {
    let files = ["/etc/passwd", "/etc/group", "/etc/nsswitch.conf"];
    let mut all: BTreeSet<_> = files.iter().map(|file| real(Path::new(file))).collect();
    let sh = loaders_own_list(Path::new("/bin/sh"));
    let libc = sh.iter().find(|path| path.ends_with("libc.so.6"));
    let beside = libc.and_then(|path| path.parent()).expect("sh uses glibc");
    let switch = std::fs::read_to_string("/etc/nsswitch.conf").unwrap();
    let databases = ["passwd:", "group:", "initgroups:", "hosts:"];
    let lines = switch
        .lines()
        .filter(|line| databases.iter().any(|d| line.starts_with(d)));
    for service in lines.flat_map(|line| line.split_whitespace().skip(1)) {
        let library = beside.join(format!("libnss_{service}.so.2"));
        // glibc has these two in itself, since 2.34.
        if !["files", "dns"].contains(&service) && library.exists() {
            all.extend(loaders_own_list(&library));
            all.insert(real(&library));
        }
    }
    all
}

fn assert_closure(program: &Path, with: &str, and: &[&Path]) {
    let mut expected = loaders_own_list(program);
    expected.insert(real(program));
    for path in and {
        expected.extend(loaders_own_list(path));
        expected.insert(real(path));
    }
    let glibc = expected.iter().any(|path| path.ends_with("libc.so.6"));
    // A program without the C library gets the files, and no library.
    let mut names = for_names();
    names.retain(|path| glibc || path.starts_with("/etc"));
    expected.extend(names);
    let ours = listed(&["--bare", "--with", with]).into_iter();
    let ours: BTreeSet<_> = ours.map(|(path, _)| path).collect();
    assert_eq!(ours, expected, "{with}");
}

#[test]
fn a_programs_closure_is_its_loaders_own_list_and_the_files_for_names() {
    for program in [
        "/bin/bash",
        "/bin/ls",
        "/usr/bin/python3",
        "/usr/bin/perl",
        "/usr/bin/git",
    ] {
        assert!(
            !loaders_own_list(Path::new(program)).is_empty(),
            "{program}"
        );
        assert_closure(Path::new(program), program, &[]);
    }
}

#[test]
fn a_static_program_needs_nothing_else() {
    let busybox = Path::new("/bin/busybox");
    assert!(
        loaders_own_list(busybox).is_empty(),
        "busybox-static is the one"
    );
    assert_closure(busybox, "busybox", &[]);
}

#[test]
fn a_script_brings_its_interpreters() {
    let ground = Ground::new();
    let script = ground.script("hello", "#!/bin/bash\n");
    let bash = Path::new("/bin/bash");
    assert_closure(&script, script.to_str().unwrap(), &[bash]);

    let script = ground.script("by-env", "#!/usr/bin/env python3\n");
    let both = [Path::new("/usr/bin/env"), Path::new("/usr/bin/python3")];
    assert_closure(&script, script.to_str().unwrap(), &both);

    let inner = ground.join("hello");
    let outer = ground.script("outer", &format!("#!{}\n", inner.display()));
    assert_closure(&outer, outer.to_str().unwrap(), &[&inner, bash]);
}

/// `chroot` with these programs, then this command inside, then what it has to say.
fn works(with: &str, options: &[&str], command: &[&str], expected: &str) {
    if !chroot::is_root() && !support::needs("userns") {
        return;
    }
    let ground = Ground::new();
    let jail = ground.jail(&["--with", with]);
    let said = said(&mut run(options, &jail, command));
    assert_eq!(
        (said.status, said.out.as_str()),
        (0, expected),
        "{}",
        said.err
    );
    assert_eq!(said.err, "", "{with}");
}

#[test]
fn a_shell_works_inside() {
    works(
        "bash",
        &[],
        &["bash", "-c", "echo *"],
        "bin etc lib lib64 tmp usr\n",
    );
}

#[test]
fn ls_works_inside_and_knows_the_name_of_root() {
    let listing = ["ls", "-ld", "--time-style=+", "/tmp"];
    works(
        "bash,ls",
        &[],
        &[
            "bash",
            "-c",
            "ls -ld /tmp | { read m n u g x; echo $m $u; }",
        ],
        "drwxrwxrwt root\n",
    );
    works(
        "ls",
        &[],
        &[listing[0], "/etc"],
        "group\nnsswitch.conf\npasswd\n",
    );
}

#[test]
fn python_works_inside_with_its_own_library() {
    let program = "import json, ssl, sqlite3, ctypes, lzma; print(json.dumps([1, None]))";
    works(
        "/usr/bin/python3",
        &[],
        &["/usr/bin/python3", "-c", program],
        "[1, null]\n",
    );
}

#[test]
fn perl_works_inside_with_its_modules() {
    let program = "print floor(2.5), Data::Dumper->can('Dumper') ? ' yes' : ' no'";
    let command = [
        "perl",
        "-MPOSIX",
        "-MData::Dumper",
        "-MEncode",
        "-e",
        program,
    ];
    // With -e it opens /dev/null.
    works("perl", &["--dev"], &command, "2 yes");
}

#[test]
fn git_works_inside_with_its_templates() {
    if !chroot::is_root() && !support::needs("userns") {
        return;
    }
    let ground = Ground::new();
    let jail = ground.jail(&["--with", "/usr/bin/git"]);
    // It opens /dev/null.
    let init = ["/usr/bin/git", "init", "--quiet", "/tmp/work"];
    let said = said(&mut run(&["--dev"], &jail, &init));
    assert_eq!((said.status, said.err.as_str()), (0, ""));
    let repository = jail.join("tmp/work/.git");
    assert!(repository.join("HEAD").is_file());
    assert!(
        repository.join("description").is_file(),
        "the templates are there"
    );
}

#[test]
fn busybox_works_inside() {
    works("busybox", &[], &["busybox", "echo", "here"], "here\n");
}

#[test]
fn a_script_works_inside() {
    let ground = Ground::new();
    let script = ground.script("hello", "#!/usr/bin/env bash\necho \"hello from $0\"\n");
    let path = script.to_str().unwrap();
    works(path, &[], &[path], &format!("hello from {path}\n"));
}

#[test]
fn made_twice_nothing_is_copied_twice() {
    let ground = Ground::new();
    let jail = ground.jail(&["--with", "bash,perl"]);
    let inode = |path: &str| {
        use std::os::unix::fs::MetadataExt;
        std::fs::metadata(jail.join(path)).unwrap().ino()
    };
    let before = inode("usr/bin/perl");
    let again = said(
        chroot::chroot(&["new"])
            .arg(&jail)
            .args(["--with", "bash,perl", "--json"]),
    );
    let done: serde_json::Value = serde_json::from_str(&again.out).unwrap();
    assert_eq!(done["copied"], 0);
    assert_eq!(inode("usr/bin/perl"), before);
}

#[test]
fn a_tree_is_copied_whole_with_what_its_programs_need() {
    let ground = Ground::new();
    let tree = ground.join("tree");
    std::fs::create_dir_all(tree.join("deep/er")).unwrap();
    std::fs::write(tree.join("deep/er/note"), "x").unwrap();
    std::fs::copy("/bin/ls", tree.join("ls")).unwrap();
    std::os::unix::fs::symlink("deep", tree.join("link")).unwrap();
    let jail = ground.jail(&["--tree", tree.to_str().unwrap()]);
    let inside = jail.join(tree.strip_prefix("/").unwrap());
    assert_eq!(
        std::fs::read_to_string(inside.join("link/er/note")).unwrap(),
        "x"
    );
    for library in loaders_own_list(Path::new("/bin/ls")) {
        assert!(
            jail.join(library.strip_prefix("/").unwrap()).is_file(),
            "{library:?}"
        );
    }
}

/// `new` only copies: removing a jail cannot reach anything outside.
#[test]
fn nothing_of_a_jail_is_a_mount_or_shares_an_inode_with_the_machine() {
    use std::os::unix::fs::MetadataExt;
    let ground = Ground::new();
    let jail = ground.jail(&["--with", "bash"]);
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    assert!(!mounts.contains(jail.to_str().unwrap()));
    for (path, _) in listed(&["--with", "bash"]) {
        let inside = std::fs::metadata(jail.join(path.strip_prefix("/").unwrap())).unwrap();
        let outside = std::fs::metadata(&path).unwrap();
        assert_ne!(
            (inside.dev(), inside.ino()),
            (outside.dev(), outside.ino()),
            "{path:?}"
        );
    }
}
