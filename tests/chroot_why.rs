//! `era-chroot why` names the link of the chain that is missing: each is taken out of a
//! jail, the kernel refuses the program, and `why` and `run` say which it was.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

#[path = "chroot/mod.rs"]
mod chroot;
mod support;

use chroot::{Ground, is_root, loaders_own_list, real, run, said, write_script};

/// A jail with bash, python3's env and two scripts: /bash, run by bash; /env, by env and bash.
struct Broken {
    _ground: Ground,
    jail: PathBuf,
}

impl Broken {
    fn new() -> Option<Broken> {
        if !is_root() && !support::needs("userns") {
            return None;
        }
        let ground = Ground::new();
        let jail = ground.jail(&["--with", "/bin/bash,/usr/bin/env"]);
        write_script(&jail.join("bash"), "#!/bin/bash\nexit 3\n");
        write_script(&jail.join("env"), "#!/usr/bin/env bash\nexit 4\n");
        Some(Broken {
            _ground: ground,
            jail,
        })
    }

    fn path(&self, inside: impl AsRef<Path>) -> PathBuf {
        let inside = inside.as_ref();
        self.jail.join(inside.strip_prefix("/").unwrap_or(inside))
    }

    fn remove(&self, inside: impl AsRef<Path>) {
        let path = self.path(inside);
        std::fs::remove_file(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    }

    /// `why` says `gap` and `fix`, with status 1; JAIL stands for the jail.
    fn why(&self, command: &str, gap: &str, fix: &str) {
        let why = said(chroot::chroot(&["why"]).arg(&self.jail).arg(command));
        assert_eq!(why.status, 1, "{}{}", why.out, why.err);
        let out = why.out.replace(self.jail.to_str().unwrap(), "JAIL");
        assert!(out.contains(&format!("missing      {gap}\n")), "{out}");
        assert!(out.contains(&format!("fix          {fix}\n")), "{out}");
    }

    /// `run` is refused by the kernel with this status, and gives the same reason.
    fn run(&self, command: &str, status: i32, errno: &str, gap: &str) {
        let ran = said(&mut run(&[], &self.jail, &[command]));
        assert_eq!(ran.status, status, "{}", ran.err);
        assert!(
            ran.err.contains(&format!("failed: {errno} (")),
            "{}",
            ran.err
        );
        assert!(ran.err.contains(&format!("why:  {gap}\n")), "{}", ran.err);
    }
}

fn ends(command: &str, jail: &Broken, status: i32) {
    let ran = said(&mut run(&[], &jail.jail, &[command]));
    assert_eq!(ran.status, status, "{}", ran.err);
    let why = said(chroot::chroot(&["why"]).arg(&jail.jail).arg(command));
    assert_eq!(why.status, 0, "{}", why.out);
    assert!(why.out.ends_with("it starts\n"), "{}", why.out);
}

#[test]
fn of_a_whole_chain_it_says_that_it_starts() {
    let Some(jail) = Broken::new() else { return };
    ends("/bash", &jail, 3);
    ends("/env", &jail, 4);
}

#[test]
fn the_program() {
    let Some(jail) = Broken::new() else { return };
    let gap = r#"the program "/bin/tea" is not there"#;
    jail.why("/bin/tea", gap, "era-chroot new JAIL --with /bin/tea");
    jail.run("/bin/tea", 127, "ENOENT", gap);
    jail.why(
        "tea",
        "there is no tea in /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "era-chroot new JAIL --with tea",
    );
}

#[test]
fn the_interpreter_of_a_script() {
    let Some(jail) = Broken::new() else { return };
    jail.remove(real(Path::new("/bin/bash")));
    let gap = r#"the interpreter "/bin/bash" is not there"#;
    jail.why("/bash", gap, "era-chroot new JAIL --with /bin/bash");
    jail.run("/bash", 127, "ENOENT", gap);
    // env(1) itself starts, and then finds no bash.
    jail.why(
        "/env",
        "there is no bash in /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "era-chroot new JAIL --with bash",
    );
}

#[test]
fn the_loader() {
    let Some(jail) = Broken::new() else { return };
    let loader = chroot::loader();
    jail.remove(real(&loader));
    let bash = real(Path::new("/bin/bash"));
    let missing = format!("the loader {loader:?} is not there");
    let why = said(chroot::chroot(&["why"]).arg(&jail.jail).arg("/bin/bash"));
    assert!(why.out.contains(&missing), "{}", why.out);
    let fix = format!("--with {}\n", bash.display());
    assert!(why.out.ends_with(&fix), "{}", why.out);
    let ran = said(&mut run(&[], &jail.jail, &["/bin/bash"]));
    assert_eq!(ran.status, 127);
    assert!(
        ran.err.contains("ENOENT") && ran.err.contains(&missing),
        "{}",
        ran.err
    );
}

#[test]
fn a_library_and_who_needs_it() {
    let Some(jail) = Broken::new() else { return };
    let list = loaders_own_list(Path::new("/bin/bash"));
    let tinfo = list
        .iter()
        .find(|path| path.to_str().unwrap().contains("libtinfo"));
    jail.remove(tinfo.expect("bash needs it"));
    jail.why(
        "/bin/bash",
        r#"the library libtinfo.so.6 is missing, which "/usr/bin/bash" needs"#,
        "era-chroot new JAIL --with /usr/bin/bash",
    );
    // The kernel starts it; it is the loader that gives up.
    let ran = said(&mut run(&[], &jail.jail, &["/bin/bash"]));
    assert_eq!(ran.status, 127);
    assert!(
        ran.err
            .contains("error while loading shared libraries: libtinfo.so.6")
    );
}

#[test]
fn every_library_that_is_missing_and_not_only_the_first() {
    let Some(jail) = Broken::new() else { return };
    for path in loaders_own_list(Path::new("/bin/bash")) {
        if path != real(&chroot::loader()) {
            jail.remove(path);
        }
    }
    let why = said(
        chroot::chroot(&["why", "--json"])
            .arg(&jail.jail)
            .arg("/bin/bash"),
    );
    let answer: serde_json::Value = serde_json::from_str(&why.out).unwrap();
    let gaps = answer["gaps"].as_array().unwrap().iter();
    let mut names: Vec<_> = gaps.map(|gap| gap["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["libc.so.6", "libtinfo.so.6"]);
    assert_eq!(answer["gaps"][0]["gap"], "library");
}

#[test]
fn a_link_that_means_something_else_inside() {
    let Some(jail) = Broken::new() else { return };
    symlink("/opt/tea/bin/tea", jail.path("/usr/bin/tea")).unwrap();
    let gap = r#"the program "/bin/tea" is not there: the link "/usr/bin/tea" leads to "/opt/tea/bin/tea", inside this root"#;
    let fix = "inside, /opt/tea/bin/tea begins at this root: copy what it means, or make the \
               link /usr/bin/tea relative";
    jail.why("/bin/tea", gap, fix);
    jail.run("/bin/tea", 127, "ENOENT", gap);
}

#[test]
fn a_circle_of_links() {
    let Some(jail) = Broken::new() else { return };
    symlink("b", jail.path("a")).unwrap();
    symlink("a", jail.path("b")).unwrap();
    let why = said(chroot::chroot(&["why"]).arg(&jail.jail).arg("/a"));
    assert!(why.out.contains("circle of links"), "{}", why.out);
    let ran = said(&mut run(&[], &jail.jail, &["/a"]));
    assert_eq!(ran.status, 126);
    assert!(
        ran.err.contains("ELOOP") && ran.err.contains("circle of links"),
        "{}",
        ran.err
    );
}

#[test]
fn scripts_that_run_each_other() {
    let Some(jail) = Broken::new() else { return };
    write_script(&jail.path("x"), "#!/x\n");
    let gap = r#""/x" is run by scripts that are run by scripts: the kernel gives up"#;
    jail.why("/x", gap, "name a program in the first line, not a script");
    jail.run("/x", 126, "ELOOP", gap);
}

#[test]
fn a_line_end_of_windows() {
    let Some(jail) = Broken::new() else { return };
    write_script(&jail.path("x"), "#!/bin/bash\r\nexit\r\n");
    let gap = r#""/x" was written on Windows: its first line asks for "/bin/bash\r""#;
    jail.why(
        "/x",
        gap,
        "save it with Unix line ends: sed -i 's/\\r$//' JAIL/x",
    );
    jail.run("/x", 127, "ENOENT", gap);
}

#[test]
fn another_architecture() {
    let Some(jail) = Broken::new() else { return };
    let mut bytes = std::fs::read("/bin/ls").unwrap();
    bytes[18..20].copy_from_slice(&8_u16.to_ne_bytes()); // EM_MIPS
    write_script(&jail.path("x"), "");
    std::fs::write(jail.path("x"), bytes).unwrap();
    let gap = format!(
        r#""/x" was built for machine number 8, and this machine is {}"#,
        std::env::consts::ARCH
    );
    jail.why("/x", &gap, "take the one for this machine");
    // As execvp(3) does, a shell is tried with what the kernel does not know: there is none.
    jail.run("/x", 127, "ENOENT", &gap);
}

#[test]
fn a_file_that_may_not_be_run() {
    let Some(jail) = Broken::new() else { return };
    let path = jail.path(real(Path::new("/bin/bash")));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let gap = r#""/usr/bin/bash" may not be run: its mode is 0644"#;
    jail.why("/bin/bash", gap, "chmod +x JAIL/usr/bin/bash");
    jail.run("/bin/bash", 126, "EACCES", gap);
    jail.run("/bash", 126, "EACCES", gap);
}

/// Root of a user namespace may go everywhere in its own files, so the ordinary user asks.
#[test]
fn a_folder_on_the_way_that_may_not_be_entered() {
    let Some(jail) = Broken::new() else { return };
    std::fs::create_dir(jail.path("closed")).unwrap();
    write_script(&jail.path("closed/x"), "#!/bin/bash\n");
    let mode = |mode| {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(jail.path("closed"), mode).unwrap();
    };
    mode(0o000);
    let gap = r#"the way to the program "/closed/x" is closed: this user may not go through "/closed", whose mode is 0000"#;
    let text = if is_root() {
        let ran = said(&mut run(&["--user", "65534"], &jail.jail, &["/closed/x"]));
        assert_eq!(ran.status, 126);
        assert!(ran.err.contains("EACCES"), "{}", ran.err);
        ran.err
    } else {
        said(chroot::chroot(&["why"]).arg(&jail.jail).arg("/closed/x")).out
    };
    mode(0o755);
    assert!(text.contains(gap), "{text}");
}

#[test]
fn what_is_no_program_at_all() {
    let Some(jail) = Broken::new() else { return };
    let gap = r#""/tmp" is no file that can be run, but a folder"#;
    jail.why("/tmp", gap, "name a program");
    jail.run("/tmp", 126, "EACCES", gap);

    write_script(&jail.path("empty"), "");
    let gap = r#""/empty" is no program: it is empty"#;
    jail.why(
        "/empty",
        gap,
        "name a program, or a script with a first line",
    );

    write_script(&jail.path("data"), "\0\u{1}\u{2}");
    let gap = r#""/data" is no program: it is neither ELF nor text"#;
    jail.why(
        "/data",
        gap,
        "name a program, or a script with a first line",
    );
}

#[test]
fn a_file_system_that_is_mounted_noexec() {
    if !support::needs("userns") {
        return;
    }
    let Some(jail) = Broken::new() else { return };
    std::fs::create_dir(jail.path("data")).unwrap();
    let script = r#"
        mount -t tmpfs -o noexec none "$1/data" && cp "$1/bash" "$1/data/x" || exit 99
        "$2" chroot why "$1" /data/x
        "$2" chroot run "$1" -- /data/x"#;
    let mut inside = std::process::Command::new("unshare");
    inside.args(["--map-root-user", "--mount", "sh", "-c", script, "sh"]);
    let ran = said(inside.arg(&jail.jail).arg(env!("CARGO_BIN_EXE_era")));
    let gap = r#""/data/x" lies on a file system that is mounted noexec"#;
    assert_eq!(ran.status, 126, "{}", ran.err);
    assert!(
        ran.out.contains(&format!("missing      {gap}\n")),
        "{}",
        ran.out
    );
    assert!(ran.err.contains(&format!("why:  {gap}\n")), "{}", ran.err);
}

#[test]
fn the_folders_that_a_program_reads_when_it_runs() {
    let Some(jail) = Broken::new() else { return };
    let with = ["--bare", "--with", "/usr/bin/python3"];
    let made = said(chroot::chroot(&["new"]).arg(&jail.jail).args(with));
    assert_eq!(made.status, 0, "{}", made.err);
    let ran = said(&mut run(&[], &jail.jail, &["/usr/bin/python3", "-c", "1"]));
    assert_eq!(ran.status, 1, "it starts, and ends without its library");
    let why = said(chroot::chroot(&["why"]).arg(&jail.jail).arg("python3"));
    assert_eq!(why.status, 0);
    let python = real(Path::new("/usr/bin/python3"));
    let library = format!("/usr/lib/{}", python.file_name().unwrap().to_str().unwrap());
    let later = format!("later        it reads {library}: ");
    assert!(
        why.out.contains("it starts\n") && why.out.contains(&later),
        "{}",
        why.out
    );

    let fix = why
        .out
        .lines()
        .last()
        .unwrap()
        .split(" --with ")
        .last()
        .unwrap();
    let mended = said(
        chroot::chroot(&["new"])
            .arg(&jail.jail)
            .args(["--with", fix]),
    );
    assert_eq!(mended.status, 0, "{}", mended.err);
    let ran = said(&mut run(&[], &jail.jail, &["/usr/bin/python3", "-c", "1"]));
    assert_eq!(ran.status, 0, "{}", ran.err);
    let why = said(chroot::chroot(&["why"]).arg(&jail.jail).arg("python3"));
    assert!(why.out.ends_with("it starts\n"), "{}", why.out);
}

#[test]
fn a_command_that_is_no_word() {
    let Some(jail) = Broken::new() else { return };
    jail.run(
        "",
        127,
        "ENOENT",
        r#"the program has no name: "" is the empty word"#,
    );
}

#[test]
fn a_folder_of_path_that_may_not_be_searched() {
    let Some(jail) = Broken::new() else { return };
    let mode = |mode| {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(jail.path("usr"), mode).unwrap();
    };
    mode(0o000);
    let text = if is_root() {
        said(&mut run(&["--user", "65534"], &jail.jail, &["bash"])).err
    } else {
        said(chroot::chroot(&["why"]).arg(&jail.jail).arg("bash")).out
    };
    mode(0o755);
    let gap = r#"is closed: this user may not go through "/usr", whose mode is 0000"#;
    assert!(text.contains(gap), "{text}");
}
