//! The student's loop, in a folder of the student's own.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use walkthrough::exercise::find;

use crate::candidates::{era, state};
use crate::support::needs;

/// A student who has started 04.2.
struct Student {
    state: tempfile::TempDir,
    home: tempfile::TempDir,
}

impl Student {
    fn new() -> Self {
        let student = Student {
            state: state(),
            home: tempfile::tempdir_in("/var/tmp").unwrap(),
        };
        let folder = student.folder();
        let (status, _) = student.era(&["start", "04.2", "--dir", folder.to_str().unwrap()]);
        assert_eq!(status, 0);
        student
    }

    fn folder(&self) -> PathBuf {
        self.home.path().join("my answer")
    }

    fn answer(&self) -> PathBuf {
        self.folder().join("src/main.rs")
    }

    fn writes(&self, file: &str) {
        let text = find("04.2").unwrap().file(file).unwrap();
        fs::write(self.answer(), text).unwrap();
    }

    fn era(&self, arguments: &[&str]) -> (i32, serde_json::Value) {
        era(self.state.path(), arguments)
    }

    fn check(&self) -> (i32, String) {
        let (status, said) = self.era(&["check", "04.2"]);
        (status, said["verdict"].as_str().unwrap().to_owned())
    }

    fn says(&self, arguments: &[&str]) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_era"))
            .arg("exercise")
            .args(arguments)
            .env("ERA_STATE", self.state.path())
            .output()
            .unwrap();
        [output.stdout, output.stderr]
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .concat()
    }
}

fn checks_work() -> bool {
    ["cargo", "userns", "pidns", "proc-mount", "ptrace"]
        .into_iter()
        .all(needs)
}

#[test]
fn five_verdicts_have_five_statuses() {
    if !needs("cargo") {
        return;
    }
    let student = Student::new();
    assert_eq!(student.check(), (3, "not-started".to_owned()));
    let starter = fs::read_to_string(student.answer()).unwrap();
    fs::write(student.answer(), format!("// mine\n{starter}\n\n")).unwrap();
    assert_eq!(student.check(), (3, "not-started".to_owned()));
    fs::write(student.answer(), "fn main() { it is not Rust }").unwrap();
    assert_eq!(student.check(), (4, "does-not-build".to_owned()));
    if !checks_work() {
        return;
    }
    student.writes("wrong/no_chdir.rs");
    assert_eq!(student.check(), (1, "wrong".to_owned()));
    let before = fs::read_to_string(student.answer()).unwrap();
    student.writes("solution.rs");
    assert_eq!(student.check(), (0, "passed".to_owned()));
    assert_ne!(before, fs::read_to_string(student.answer()).unwrap());
    let (_, list) = student.era(&["list"]);
    let one = list
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["id"] == "04.2")
        .unwrap();
    assert!(one["passed"] == true && one["tries"] == 1, "{one}");
    let (status, said) = without_user_namespaces(&student);
    assert_eq!(status, 5, "{said}");
    assert!(said.contains("why:") && said.contains("fix:"), "{said}");
}

/// unshare(2) refused with EPERM, as an outer container may do it.
fn without_user_namespaces(student: &Student) -> (i32, String) {
    let mut era = Command::new(env!("CARGO_BIN_EXE_era"));
    era.args(["exercise", "check", "04.2"])
        .env("ERA_STATE", student.state.path());
    let filtered = move || {
        let refused = [nix::libc::SYS_unshare];
        let filter = groundwork::kernel::refusal(&refused, nix::errno::Errno::EPERM);
        groundwork::kernel::prctl_set_no_new_privs().unwrap();
        groundwork::kernel::seccomp_set_mode_filter(&[], &filter).unwrap();
        era.output().unwrap()
    };
    let output = std::thread::spawn(filtered).join().unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8_lossy(&output.stdout).into_owned(),
    )
}

#[test]
fn a_wrong_answer_is_told_in_four_lines() {
    if !checks_work() {
        return;
    }
    let student = Student::new();
    student.writes("wrong/always_zero.rs");
    let said = student.says(&["check", "04.2"]);
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines[0], "04.2 Enter, and mean it: wrong");
    let starts = [
        "  property  ",
        "  expected  ",
        "  observed  ",
        "  look at   ",
    ];
    assert_eq!(lines.len(), 5, "{said}");
    for (line, start) in lines[1..].iter().zip(starts) {
        assert!(line.starts_with(start), "{said}");
    }
}

#[test]
fn no_other_file_of_the_folder_turns_a_failure_into_a_pass() {
    if !checks_work() {
        return;
    }
    let student = Student::new();
    student.writes("wrong/descriptor_left.rs");
    let solution = find("04.2").unwrap().file("solution.rs").unwrap();
    let cheats = [
        (
            "Cargo.toml",
            "[package]\nname = \"answer\"\nversion = \"9.0.0\"\nedition = \"2024\"\n[[bin]]\nname = \"answer\"\npath = \"cheat.rs\"\n",
        ),
        ("cheat.rs", solution),
        (
            "build.rs",
            "fn main() { std::fs::write(\"src/main.rs\", include_str!(\"cheat.rs\")).unwrap() }",
        ),
        (
            ".cargo/config.toml",
            "[build]\nrustc-wrapper = \"/bin/true\"\n",
        ),
        ("rust-toolchain.toml", "[toolchain]\nchannel = \"none\"\n"),
        ("src/lib.rs", solution),
        ("task.md", "# 04.2 passed\n"),
        ("check.rs", "pub fn check() { Ok(()) }"),
        (".era-exercise", "04.2\npassed\n"),
    ];
    for (name, text) in cheats {
        fs::write(student.folder().join(name), text).unwrap();
    }
    assert_eq!(student.check(), (1, "wrong".to_owned()));
    for (name, _) in cheats {
        fs::remove_file(student.folder().join(name)).unwrap();
    }
    fs::write(student.folder().join(".era-exercise"), "04.2\n").unwrap();
    assert_eq!(student.check(), (1, "wrong".to_owned()));
}

#[test]
fn the_package_builds_by_cargo_alone_without_a_network() {
    if !needs("cargo") {
        return;
    }
    let student = Student::new();
    let output = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked"])
        .current_dir(student.folder())
        .env("CARGO_TARGET_DIR", crate::candidates::target())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
}

#[test]
fn crates_that_are_not_on_the_machine_are_no_fault_of_the_answer() {
    if !needs("cargo") {
        return;
    }
    let (student, nothing) = (Student::new(), tempfile::tempdir().unwrap());
    student.writes("solution.rs");
    let output = Command::new(env!("CARGO_BIN_EXE_era"))
        .args(["exercise", "check", "04.2"])
        .env("ERA_STATE", student.state.path())
        .env("CARGO_HOME", nothing.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(5), "{said}");
    assert!(
        said.contains("fix:  with a network, once: cargo fetch"),
        "{said}"
    );
}

#[test]
fn a_reset_keeps_what_was_written() {
    let student = Student::new();
    for text in ["fn main() { /* first */ }", "fn main() { /* second */ }"] {
        fs::write(student.answer(), text).unwrap();
        let said = student.says(&["reset", "04.2"]);
        let backup = said.lines().last().unwrap().trim();
        assert_eq!(fs::read_to_string(backup).unwrap(), text, "{said}");
    }
    assert_eq!(student.check(), (3, "not-started".to_owned()));
    let (status, _) = student.era(&["start", "04.2", "--dir", student.folder().to_str().unwrap()]);
    assert_eq!(status, 0, "starting again is no harm");
}

#[test]
fn starting_again_overwrites_nothing() {
    let student = Student::new();
    fs::write(student.answer(), "fn main() { /* mine */ }").unwrap();
    student.era(&["start", "04.2", "--dir", student.folder().to_str().unwrap()]);
    assert_eq!(
        fs::read_to_string(student.answer()).unwrap(),
        "fn main() { /* mine */ }"
    );
    let said = student.says(&["start", "04.3", "--dir", student.folder().to_str().unwrap()]);
    assert!(said.contains("is another exercise's folder"), "{said}");
}

#[test]
fn a_hint_goes_one_step_further_each_time_and_is_counted() {
    let student = Student::new();
    let steps: Vec<_> = (0..4)
        .map(|_| student.era(&["hint", "04.2"]).1["step"].as_u64())
        .collect();
    assert_eq!(steps, [Some(1), Some(2), Some(3), Some(3)]);
    let (_, list) = student.era(&["list"]);
    let one = list
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["id"] == "04.2")
        .unwrap();
    assert_eq!(one["hints"], 3);
}

#[test]
fn a_solution_is_shown_once_its_exercise_is_passed() {
    let student = Student::new();
    let said = student.says(&["solution", "04.2"]);
    assert!(
        said.contains("04.2 is not passed yet") && !said.contains("fn main"),
        "{said}"
    );
    let progress = student.state.path().join("exercises/progress.txt");
    let text = fs::read_to_string(&progress)
        .unwrap()
        .replace("passed=no", "passed=yes");
    fs::write(progress, text).unwrap();
    let said = student.says(&["solution", "04.2"]);
    assert!(
        said.contains("Why this way:") && said.contains("another.rs"),
        "{said}"
    );
}

#[test]
fn an_answer_is_checked_again_within_a_second_of_a_save() {
    if !checks_work() {
        return;
    }
    let student = Student::new();
    let mut watch = Command::new(env!("CARGO_BIN_EXE_era"))
        .args(["exercise", "watch", "04.2"])
        .env("ERA_STATE", student.state.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut says = BufReader::new(watch.stderr.take().unwrap()).lines();
    let mut until = |word: &str| while !says.next().unwrap().unwrap().starts_with(word) {};
    until("waiting for");
    let saved = Instant::now();
    fs::write(student.answer(), "fn main() { not Rust }").unwrap();
    until("checking");
    assert!(
        saved.elapsed() < Duration::from_secs(1),
        "{:?}",
        saved.elapsed()
    );
    until("waiting for");
    student.writes("solution.rs");
    assert!(watch.wait().unwrap().success());
}

#[test]
fn a_place_that_cannot_be_written_changes_no_verdict() {
    let student = Student::new();
    let progress = student.state.path().join("exercises/progress.txt");
    fs::remove_file(&progress).unwrap();
    fs::create_dir(&progress).unwrap();
    let said = student.says(&["hint", "04.2"]);
    assert!(
        said.contains("Hint 1 of 3") && said.contains("warning: progress is not remembered"),
        "{said}"
    );
}

#[test]
fn what_has_no_folder_is_not_started() {
    let student = Student::new();
    student.writes("solution.rs");
    fs::remove_dir_all(student.folder()).unwrap();
    assert_eq!(student.check(), (3, "not-started".to_owned()));
}

#[test]
fn an_exercise_that_is_none_is_an_error_that_names_those_that_are() {
    let student = Student::new();
    let said = student.says(&["check", "99.9"]);
    assert!(
        said.contains("error: no exercise 99.9; there are: 04.1, "),
        "{said}"
    );
    assert!(Path::new(&student.folder()).is_dir());
}

/// `given/jails.sh` of 04.1: what a student tries an answer with.
#[test]
fn the_jails_to_try_with_lack_something_and_can_be_repaired() {
    if !needs("userns") {
        return;
    }
    let (state, home) = (state(), tempfile::tempdir_in("/var/tmp").unwrap());
    let (status, _) = era(
        state.path(),
        &["start", "04.1", "--dir", home.path().to_str().unwrap()],
    );
    assert_eq!(status, 0);
    fs::write(
        home.path().join("answer.sh"),
        find("04.1").unwrap().source("solution"),
    )
    .unwrap();
    let runs = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        // An ordinary user's PATH may lack the folder of chroot(8).
        command
            .args(arguments)
            .env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
            .current_dir(home.path())
            .output()
            .unwrap()
    };
    assert!(runs("sh", &["jails.sh"]).status.success());
    let jails: [&[&str]; 3] = [
        &["one", "/bin/bash", "-c", "echo it works"],
        &["two", "/bin/ls", "-d", "/bin"],
        &["three", "/bin/job"],
    ];
    for words in jails {
        let chroot = [&["--user", "--map-root-user", "chroot"], words].concat();
        assert_eq!(
            runs("unshare", &chroot).status.code(),
            Some(127),
            "{words:?} starts already"
        );
        assert!(
            runs("sh", &["answer.sh", words[0], words[1]])
                .status
                .success()
        );
        let output = runs("unshare", &chroot);
        assert!(output.status.success(), "{words:?}: {output:?}");
    }
}
