//! The search of libraries is the loader's own: each rule of ld.so(8), as a program that
//! was built for it, compared with `ld.so --list`, and run in its jail.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

#[path = "chroot/mod.rs"]
mod chroot;
mod support;

use chroot::{Ground, is_root, listed, loaders_own_list, run, said};

/// Builds with cc(1), in a ground.
struct Workshop(Ground);

impl Workshop {
    fn new() -> Option<Workshop> {
        let can_run = is_root() || support::needs("userns");
        (support::needs("cc") && can_run).then(|| Workshop(Ground::new()))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn cc(&self, output: &str, source: &str, flags: &[&str]) -> PathBuf {
        let path = self.path(output);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let file = self.path("source.c");
        std::fs::write(&file, source).unwrap();
        let built = Command::new("cc")
            .current_dir(self.0.path())
            .arg("-o")
            .args([&path, &file])
            .args(flags)
            .env("PATH", "/usr/bin:/bin")
            .output()
            .unwrap();
        assert!(
            built.status.success(),
            "{}",
            String::from_utf8_lossy(&built.stderr)
        );
        path
    }

    /// A library `folder/libNAME.so` whose function NAME calls the function `calls`.
    fn library(&self, folder: &str, name: &str, calls: Option<&str>, flags: &[&str]) -> PathBuf {
        let source = match calls {
            Some(other) => format!("int {other}(void); int {name}(void) {{ return {other}(); }}"),
            None => format!("int {name}(void) {{ return 7; }}"),
        };
        let soname = format!("-Wl,-soname,lib{name}.so");
        let all = [&["-shared", "-fPIC", soname.as_str()], flags].concat();
        self.cc(&format!("{folder}/lib{name}.so"), &source, &all)
    }

    /// A program that ends with what the function `calls` returns: 7.
    fn program(&self, output: &str, calls: &str, flags: &[&str]) -> PathBuf {
        let source = format!("int {calls}(void); int main(void) {{ return {calls}(); }}");
        self.cc(output, &source, flags)
    }

    /// Ours and the loader's are the same set, it holds `expected`, and the program runs in
    /// its jail.
    fn agrees(&self, program: &Path, expected: &[&str]) {
        let loaders = loaders_own_list(program);
        for path in expected {
            let path = chroot::real(&self.path(path));
            assert!(
                loaders.contains(&path),
                "the loader takes no {path:?}: {loaders:?}"
            );
        }
        let with = program.to_str().unwrap();
        let ours = listed(&["--bare", "--with", with]).into_iter();
        let ours = ours.filter(|(_, reason)| reason == "loader" || reason == "library");
        let ours: BTreeSet<_> = ours.map(|(path, _)| path).collect();
        let missing: Vec<_> = loaders.difference(&ours).collect();
        assert!(missing.is_empty(), "not found by us: {missing:?}");
        // What the libraries for names need in turn is ours alone.
        let more = ours.difference(&loaders);
        let more: Vec<_> = more
            .filter(|path| path.starts_with(self.0.path()))
            .collect();
        assert!(more.is_empty(), "not loaded by the loader: {more:?}");

        let jail = self.0.jail(&["--bare", "--with", with]);
        let ran = said(&mut run(&["--proc"], &jail, &[with]));
        assert_eq!(ran.status, 7, "{}", ran.err);
    }

    /// The loader does not find it, and `new` says so.
    fn both_refuse(&self, program: &Path, library: &str) {
        let ran = Command::new(program).output().unwrap();
        assert_eq!(ran.status.code(), Some(127), "the loader found {library}");
        let refused = said(
            chroot::chroot(&["new"])
                .arg(self.path("jail"))
                .arg("--with")
                .arg(program),
        );
        assert_eq!(refused.status, 125);
        assert!(refused.err.contains(library), "{}", refused.err);
    }
}

/// For a program with libraries in `lib`, and theirs.
const OLD: &str = "-Wl,--disable-new-dtags,-rpath,$ORIGIN/lib";
const NEW: &str = "-Wl,--enable-new-dtags,-rpath,$ORIGIN/lib";

#[test]
fn an_rpath_counts_for_the_libraries_of_libraries() {
    let Some(shop) = Workshop::new() else { return };
    shop.library("lib", "b", None, &[]);
    shop.library("lib", "a", Some("b"), &["-Llib", "-lb"]);
    let link = ["-Llib", "-la", "-Wl,-rpath-link,lib", OLD];
    let program = shop.program("program", "a", &link);
    shop.agrees(&program, &["lib/liba.so", "lib/libb.so"]);
}

#[test]
fn a_runpath_counts_for_its_own_libraries_only() {
    let Some(shop) = Workshop::new() else { return };
    shop.library("lib", "b", None, &[]);
    shop.library("lib", "a", Some("b"), &["-Llib", "-lb"]);
    let link = ["-Llib", "-la", "-Wl,-rpath-link,lib", NEW];
    let program = shop.program("program", "a", &link);
    shop.both_refuse(&program, "libb.so");

    shop.library(
        "lib",
        "a",
        Some("b"),
        &["-Llib", "-lb", "-Wl,--enable-new-dtags,-rpath,$ORIGIN"],
    );
    shop.agrees(&program, &["lib/liba.so", "lib/libb.so"]);
}

#[test]
fn a_library_with_a_runpath_does_not_inherit_an_rpath() {
    let Some(shop) = Workshop::new() else { return };
    shop.library("lib", "b", None, &[]);
    let elsewhere = "-Wl,--enable-new-dtags,-rpath,/nowhere";
    shop.library("lib", "a", Some("b"), &["-Llib", "-lb", elsewhere]);
    let link = ["-Llib", "-la", "-Wl,-rpath-link,lib", OLD];
    let program = shop.program("program", "a", &link);
    shop.both_refuse(&program, "libb.so");
}

#[test]
fn an_rpath_of_a_library_comes_before_that_of_the_program() {
    let Some(shop) = Workshop::new() else { return };
    shop.library("lib", "b", None, &[]);
    shop.library("near", "b", None, &[]);
    let near = "-Wl,--disable-new-dtags,-rpath,$ORIGIN/../near";
    shop.library("lib", "a", Some("b"), &["-Llib", "-lb", near]);
    let link = ["-Llib", "-la", "-Wl,-rpath-link,lib", OLD];
    let program = shop.program("program", "a", &link);
    shop.agrees(&program, &["near/libb.so"]);
}

#[test]
fn what_is_loaded_already_is_taken_again() {
    let Some(shop) = Workshop::new() else { return };
    // The program asks for lib/libb.so first; then liba's own folder is not looked into.
    shop.library("lib", "b", None, &[]);
    shop.library("near", "b", None, &[]);
    let near = "-Wl,--enable-new-dtags,-rpath,$ORIGIN/../near";
    shop.library("lib", "a", Some("b"), &["-Llib", "-lb", near]);
    let link = ["-Llib", "-Wl,--no-as-needed", "-lb", "-la", NEW];
    let program = shop.program("program", "a", &link);
    shop.agrees(&program, &["lib/libb.so", "lib/liba.so"]);
}

#[test]
fn origin_is_the_folder_of_the_program_itself_not_of_a_link_to_it() {
    let Some(shop) = Workshop::new() else { return };
    shop.library("real/lib", "a", None, &[]);
    shop.program("real/program", "a", &["-Lreal/lib", "-la", NEW]);
    std::fs::create_dir(shop.path("bin")).unwrap();
    let link = shop.path("bin/program");
    std::os::unix::fs::symlink("../real/program", &link).unwrap();
    assert_eq!(Command::new(&link).status().unwrap().code(), Some(7));
    let jail = shop.0.jail(&["--bare", "--with", link.to_str().unwrap()]);
    let ran = said(&mut run(&["--proc"], &jail, &[link.to_str().unwrap()]));
    assert_eq!(ran.status, 7, "{}", ran.err);
}

/// Of a library it is the folder in which it was opened, be it a link there.
#[test]
fn origin_of_a_library_is_where_it_was_opened() {
    let Some(shop) = Workshop::new() else { return };
    shop.library("lib", "b", None, &[]);
    let beside = "-Wl,--enable-new-dtags,-rpath,$ORIGIN";
    shop.library("store", "a", Some("b"), &["-Llib", "-lb", beside]);
    std::os::unix::fs::symlink("../store/liba.so", shop.path("lib/liba.so")).unwrap();
    let link = ["-Llib", "-la", "-Wl,-rpath-link,lib", NEW];
    let program = shop.program("program", "a", &link);
    shop.agrees(&program, &["store/liba.so", "lib/libb.so"]);
}

#[test]
fn lib_and_platform_stand_for_what_the_loader_was_built_with() {
    let Some(shop) = Workshop::new() else { return };
    let system = loaders_own_list(Path::new("/bin/sh"));
    let libc = system
        .iter()
        .find(|path| path.ends_with("libc.so.6"))
        .unwrap();
    // "lib/x86_64-linux-gnu" of /usr/lib/x86_64-linux-gnu on Debian, "lib64" elsewhere.
    let lib = libc.parent().unwrap().strip_prefix("/usr").unwrap();
    let folder = format!("opt/{}", lib.display());
    shop.library(&folder, "a", None, &[]);
    let search = format!("-L{folder}");
    let link = [search.as_str(), "-la", "-Wl,-rpath,$ORIGIN/opt/${LIB}"];
    let program = shop.program("program", "a", &link);
    shop.agrees(&program, &[&format!("{folder}/liba.so")]);

    let folder = format!("{}/plugins", std::env::consts::ARCH);
    shop.library(&folder, "b", None, &[]);
    let search = format!("-L{folder}");
    let link = [
        search.as_str(),
        "-lb",
        "-Wl,-rpath,$ORIGIN/$PLATFORM/plugins",
    ];
    let program = shop.program("platform", "b", &link);
    shop.agrees(&program, &[&format!("{folder}/libb.so")]);
}

#[test]
fn a_library_with_a_slash_in_its_name_is_a_path() {
    let Some(shop) = Workshop::new() else { return };
    let path = shop.path("odd/liba.so");
    let soname = format!("-Wl,-soname,{}", path.display());
    shop.cc(
        "odd/liba.so",
        "int a(void) { return 7; }",
        &["-shared", "-fPIC", &soname],
    );
    let program = shop.program("program", "a", &[path.to_str().unwrap()]);
    shop.agrees(&program, &["odd/liba.so"]);
}

#[test]
fn a_library_for_another_machine_is_passed_over() {
    let Some(shop) = Workshop::new() else { return };
    let library = shop.library("first", "a", None, &[]);
    shop.library("second", "a", None, &[]);
    let link = ["-Lfirst", "-la", "-Wl,-rpath,$ORIGIN/first:$ORIGIN/second"];
    let program = shop.program("program", "a", &link);
    shop.agrees(&program, &["first/liba.so"]);

    let mut bytes = std::fs::read(&library).unwrap();
    bytes[18] ^= 0x40; // e_machine
    std::fs::write(&library, bytes).unwrap();
    std::fs::remove_dir_all(shop.path("jail")).unwrap();
    shop.agrees(&program, &["second/liba.so"]);
}

/// x86-64-v2 is any CPU since 2009: the folder for it is looked into first.
#[test]
#[cfg(target_arch = "x86_64")]
fn a_library_for_this_kind_of_cpu_is_preferred() {
    let Some(shop) = Workshop::new() else { return };
    shop.library("lib", "a", None, &[]);
    shop.library("lib/glibc-hwcaps/x86-64-v2", "a", None, &[]);
    let program = shop.program("program", "a", &["-Llib", "-la", NEW]);
    shop.agrees(&program, &["lib/glibc-hwcaps/x86-64-v2/liba.so"]);
}

/// DF_1_NODEFLIB: even the C library is found only where a path leads to it.
#[test]
fn a_program_may_refuse_the_default_folders() {
    let Some(shop) = Workshop::new() else { return };
    shop.library("lib", "a", None, &[]);
    let without = ["-Llib", "-la", "-Wl,-z,nodefaultlib", NEW];
    let program = shop.program("program", "a", &without);
    shop.both_refuse(&program, "libc.so.6");
}

#[test]
fn a_static_program_needs_no_loader() {
    let Some(shop) = Workshop::new() else { return };
    let program = shop.cc("program", "int main(void) { return 7; }", &["-static"]);
    shop.agrees(&program, &[]);
    assert!(!shop.path("jail/lib64").exists());
}
