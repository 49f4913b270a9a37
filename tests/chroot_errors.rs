//! What `era-chroot` says when something fails, to the letter: what was being done, the
//! call with its errno, why on this machine, and what to do.

use std::path::Path;
use std::process::Command;

#[path = "chroot/mod.rs"]
mod chroot;
mod support;

use chroot::{Ground, chroot as era_chroot, is_root, said, write_script};

/// In a ground, `era-chroot` with these words fails with 125 and says this; HERE stands for
/// the ground.
fn says(ground: &Ground, words: &[&str], expected: &str) {
    let failed = said(era_chroot(words).current_dir(ground.path()));
    let text = failed.err.replace(ground.path().to_str().unwrap(), "HERE");
    assert_eq!(text, expected, "{words:?}");
    assert_eq!((failed.status, failed.out.as_str()), (125, ""), "{words:?}");
}

#[test]
fn a_name_that_is_no_program() {
    let expected = "\
error: there is no program \"tea\" in PATH
  why:  a name without a slash is looked for in each folder of PATH
  fix:  install it, or give its path
";
    says(&Ground::new(), &["new", "jail", "--with", "tea"], expected);
}

#[test]
fn a_program_for_another_machine() {
    let ground = Ground::new();
    let mut bytes = std::fs::read("/bin/ls").unwrap();
    bytes[18..20].copy_from_slice(&22_u16.to_ne_bytes()); // EM_S390
    std::fs::write(ground.join("ls"), bytes).unwrap();
    let expected = "\
error: \"HERE/ls\" is a program for s390x; this machine is ARCH
  why:  a jail runs on this kernel and this processor
  fix:  take the program of this machine's own architecture
";
    let expected = expected.replace("ARCH", std::env::consts::ARCH);
    says(&ground, &["new", "jail", "--with", "./ls"], &expected);
    assert!(!ground.join("jail").exists(), "nothing was begun");
}

#[test]
fn a_script_that_nobody_runs() {
    let ground = Ground::new();
    let advice = "  why:  the first line of a script names the program that runs it
  fix:  install that, or correct the line
";
    let first = "error: \"HERE/x\" is a script for \"/opt/tea\", which is not on this machine\n";
    write_script(&ground.join("x"), "#!/opt/tea\n");
    says(
        &ground,
        &["new", "jail", "--with", "./x"],
        &format!("{first}{advice}"),
    );
    write_script(&ground.join("x"), "#!/usr/bin/env tea\n");
    let first = first.replace("/opt/tea", "tea");
    says(
        &ground,
        &["new", "jail", "--with", "./x"],
        &format!("{first}{advice}"),
    );
}

#[test]
fn a_folder_that_is_no_jail() {
    let ground = Ground::new();
    std::fs::create_dir(ground.join("home")).unwrap();
    std::fs::write(ground.join("home/letters"), "").unwrap();
    let expected = "\
error: cannot make a jail of \"home\": it holds other things, such as \"letters\"
  why:  a jail is a folder of its own: it gets a usr, an etc and more of a root
  fix:  name a new folder, or an empty one
";
    says(&ground, &["new", "home", "--with", "bash"], expected);
    let expected = expected.replace("\"home\"", "\"/\"");
    let machine = "it is the root of this machine";
    let expected = expected.replace("it holds other things, such as \"letters\"", machine);
    says(&ground, &["new", "/", "--with", "bash"], &expected);
}

#[test]
fn something_else_in_the_place_of_a_link() {
    let merged = Path::new("/lib64").is_symlink();
    if !support::programs::probed("merged-usr", merged, "no link /lib64") {
        return;
    }
    let ground = Ground::new();
    std::fs::create_dir_all(ground.join("jail/lib64")).unwrap();
    let expected = "\
error: \"jail/lib64\" is there already, and is a folder, where a link to usr/lib64 has to be
  why:  a jail keeps the links of this machine, such as /bin to usr/bin
  fix:  begin with an empty folder
";
    says(&ground, &["new", "jail", "--with", "bash"], expected);
}

#[test]
fn a_package_that_is_not_installed() {
    let expected = "\
error: dpkg has no list of files of a package \"tea-pot\"
  why:  dpkg has such a list for each package that is installed
  fix:  apt-get install tea-pot   (as root)
";
    says(
        &Ground::new(),
        &["new", "jail", "--package", "tea-pot"],
        expected,
    );
}

#[test]
fn a_root_that_is_not_there_or_is_a_file() {
    let ground = Ground::new();
    let expected = "\
error: cannot make \"jail\" the root directory
  chdir(\"jail\") failed: ENOENT (no such file or directory)
  why:  there is no folder jail here
  fix:  era-chroot new jail --with bash
";
    says(&ground, &["run", "jail"], expected);
    let looked = |expected: &str| {
        let expected = expected.replace(
            "cannot make \"jail\" the root directory",
            "cannot look into \"jail\"",
        );
        expected.replace("chdir", "stat")
    };
    says(&ground, &["why", "jail", "ls"], &looked(expected));
    std::fs::write(ground.join("jail"), "").unwrap();
    let expected = "\
error: cannot make \"jail\" the root directory
  chdir(\"jail\") failed: ENOTDIR (not a directory)
  why:  jail is a file, and a root is a folder with files in it
  fix:  name a folder
";
    says(&ground, &["run", "jail"], expected);
    says(&ground, &["why", "jail", "ls"], &looked(expected));
}

/// Root without the one capability, and an ordinary user, are told the same.
#[test]
fn who_may_not_call_chroot() {
    let ground = Ground::new();
    std::fs::create_dir(ground.join("jail")).unwrap();
    let expected = "\
error: cannot make \"jail\" the root directory
  chroot(\".\") failed: EPERM (operation not permitted)
  why:  this process has no CAP_SYS_CHROOT: only root may say what / means
  fix:  run it as root, or as root of a user namespace: --userns
";
    if !is_root() {
        says(&ground, &["run", "jail"], expected);
        says(&ground, &["escape", "jail"], expected);
        return;
    }
    for what in ["run", "escape"] {
        let mut without = Command::new("setpriv");
        without.args([
            "--bounding-set=-sys_chroot",
            env!("CARGO_BIN_EXE_era"),
            "chroot",
        ]);
        let refused = said(without.args([what, "jail"]).current_dir(ground.path()));
        assert_eq!((refused.status, refused.err.as_str()), (125, expected));
    }
}

#[test]
fn a_user_that_the_namespace_does_not_have() {
    if !support::needs("userns") {
        return;
    }
    let ground = Ground::new();
    std::fs::create_dir(ground.join("jail")).unwrap();
    let expected = "\
error: cannot become user 77:78
  setgid(78) failed: EINVAL (invalid argument)
  why:  user 77:78 does not exist in this user namespace
  fix:  name a user that is mapped, such as 0
";
    says(
        &ground,
        &["run", "--userns", "--user", "77:78", "jail"],
        expected,
    );
}

#[test]
fn an_escape_without_a_canary() {
    if !support::needs("userns") {
        return;
    }
    let ground = Ground::new();
    std::fs::create_dir(ground.join("jail")).unwrap();
    let expected = "\
error: got out, and cannot read the canary
  open(\"HERE/canary\") failed: ENOENT (no such file or directory)
  why:  outside there is no file of this name
  fix:  put one there first, or name another: --canary FILE
";
    says(&ground, &["escape", "--userns", "jail"], expected);
}

#[test]
fn something_that_is_no_file() {
    let ground = Ground::new();
    let pipe = nix::sys::stat::Mode::from_bits_truncate(0o644);
    nix::unistd::mkfifo(&ground.join("pipe"), pipe).unwrap();
    let expected = "\
error: cannot copy \"HERE/pipe\": it is a pipe
  why:  it holds no bytes of its own to copy
  fix:  name a program
";
    says(&ground, &["new", "jail", "--with", "./pipe"], expected);
    let expected = "\
error: cannot copy \"/dev/zero\": it is a device
  why:  only the kernel can make what a device does; a copy would be a mere file
  fix:  era-chroot run --dev shows the harmless ones inside
";
    says(&ground, &["new", "jail", "--with", "/dev/zero"], expected);
    let expected = "\
error: cannot copy \"/etc\": it is a folder
  why:  --with takes programs
  fix:  --tree /etc
";
    says(&ground, &["new", "jail", "--with", "/etc"], expected);
}

#[test]
fn a_place_where_no_folder_can_be_made() {
    let ground = Ground::new();
    let expected = "\
error: cannot write into the jail
  mkdir(\"/dev/null/jail\") failed: ENOTDIR (not a directory)
  why:  /dev/null is a device, where a folder has to be
  fix:  name a new folder
";
    says(
        &ground,
        &["new", "/dev/null/jail", "--with", "bash"],
        expected,
    );
    let expected = "\
error: cannot write into the jail
  mkdir(\"/proc/jail\") failed: ENOENT (no such file or directory)
  why:  what lies in /proc is the kernel's: nobody can put files there
  fix:  name a folder elsewhere
";
    if is_root() {
        says(&ground, &["new", "/proc/jail", "--with", "bash"], expected);
        return;
    }
    let expected = "\
error: cannot write into the jail
  mkdir(\"/jail\") failed: EACCES (permission denied)
  why:  this user may not write in /
  fix:  name a folder of your own, or run it as root
";
    says(&ground, &["new", "/jail", "--with", "bash"], expected);
}

#[test]
fn who_may_not_mount() {
    let ground = Ground::new();
    std::fs::create_dir(ground.join("jail")).unwrap();
    let expected = "\
error: cannot mount anything inside the new root
  unshare(CLONE_NEWNS) failed: EPERM (operation not permitted)
  why:  this process has no CAP_SYS_ADMIN: only root may mount
  fix:  run it as root, or as root of a user namespace: --userns
";
    let mut refused = match is_root() {
        false => era_chroot(&["run", "--proc", "jail"]),
        true => {
            let mut without = Command::new("setpriv");
            without.args(["--bounding-set=-sys_admin", env!("CARGO_BIN_EXE_era")]);
            without.args(["chroot", "run", "--proc", "jail"]);
            without
        }
    };
    let refused = said(refused.current_dir(ground.path()));
    assert_eq!((refused.status, refused.err.as_str()), (125, expected));
}

#[test]
fn a_place_to_mount_on_that_is_none() {
    if !support::needs("userns") {
        return;
    }
    let ground = Ground::new();
    let run = ["run", "--userns", "--proc", "jail"];
    let expected = "\
error: cannot make \"jail\" the root directory
  mkdir(\"jail/proc\") failed: ENOENT (no such file or directory)
  why:  there is no folder jail here
  fix:  era-chroot new jail --with bash
";
    says(&ground, &run, expected);
    std::fs::create_dir(ground.join("jail")).unwrap();
    std::os::unix::fs::symlink("/proc", ground.join("jail/proc")).unwrap();
    let expected = "\
error: cannot mount on \"jail/proc\"
  open(\"jail/proc\") failed: ELOOP (too many symbolic links encountered)
  why:  jail/proc is a link: what is mounted there could land outside the root
  fix:  rm jail/proc
";
    says(&ground, &run, expected);
    std::fs::remove_file(ground.join("jail/proc")).unwrap();
    std::fs::write(ground.join("jail/proc"), "").unwrap();
    let expected = "\
error: cannot mount on \"jail/proc\"
  mkdir(\"jail/proc\") failed: EEXIST (file exists)
  why:  jail/proc is a file, where a folder has to be
  fix:  name a new folder
";
    says(&ground, &run, expected);
}

/// What the remedy names can be typed as it is.
#[test]
fn a_remedy_for_a_folder_with_a_space_in_its_name() {
    let expected = "\
error: cannot make \"my jail\" the root directory
  chdir(\"my jail\") failed: ENOENT (no such file or directory)
  why:  there is no folder 'my jail' here
  fix:  era-chroot new 'my jail' --with bash
";
    says(&Ground::new(), &["run", "my jail"], expected);
}

#[test]
fn a_result_that_cannot_be_written_is_a_failure() {
    let ground = Ground::new();
    let expected = "\
error: cannot write the result
  write(\"/dev/stdout\") failed: ENOSPC (no space left on device)
  why:  stdout goes to a file, and what that lies on is full
  fix:  make room there, or send it elsewhere
";
    for words in [
        ["new", "jail", "--with", "bash", "--list"].as_slice(),
        &["new", "jail", "--with", "bash"],
        &["why", "jail", "bash"],
        &["--help"],
    ] {
        let full = std::fs::File::options().write(true).open("/dev/full");
        let mut refused = era_chroot(words);
        let refused = refused.current_dir(ground.path()).stdout(full.unwrap());
        let refused = refused.output().unwrap();
        let err = String::from_utf8_lossy(&refused.stderr);
        assert_eq!(
            (refused.status.code(), &*err),
            (Some(125), expected),
            "{words:?}"
        );
    }
}
