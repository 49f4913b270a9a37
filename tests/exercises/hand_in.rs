//! What students hand in, and what an instructor makes of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use walkthrough::exercise::find;
use walkthrough::exercise::submission::{Submission, whole};

use crate::candidates::state;
use crate::support::needs;

/// A desk with folders of exercises on it.
struct Desk {
    state: tempfile::TempDir,
    home: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        Desk {
            state: state(),
            home: tempfile::tempdir_in("/var/tmp").unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn era(&self, words: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_era"))
            .args(words)
            .env("ERA_STATE", self.state.path())
            .env("HOME", self.home.path())
            .current_dir(self.home.path())
            .output()
            .unwrap()
    }

    fn says(&self, words: &[&str], status: i32) -> String {
        let output = self.era(words);
        let said = [&output.stdout[..], &output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        assert_eq!(output.status.code(), Some(status), "{words:?}: {said}");
        said
    }

    /// A started exercise with one of its candidates as the answer.
    fn starts(&self, id: &str, candidate: &str) {
        let folder = self.path(id);
        self.says(
            &["exercise", "start", id, "--dir", folder.to_str().unwrap()],
            0,
        );
        let text = find(id).unwrap().file(candidate).unwrap();
        fs::write(folder.join("src/main.rs"), text).unwrap();
    }

    /// As if it had been checked with this result.
    fn remembers(&self, from: &str, to: &str) {
        let file = self.state.path().join("exercises/progress.txt");
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(file, text.replace(from, to)).unwrap();
    }

    fn submits(&self, name: &str) -> (PathBuf, Submission) {
        self.era(&["exercise", "submit", "--name", name]);
        let file = self.path(&format!("eras-{name}.json"));
        let text = fs::read_to_string(&file).unwrap();
        (file, Submission::parse(&text).unwrap())
    }

    fn report(&self, words: &[&str], status: i32) -> Value {
        let output = self.era(&[&["class", "report", "--json"], words].concat());
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{words:?}: {said}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

/// Every file below a folder, with what is in it.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(contents(&path)),
            false => found.push((path.clone(), fs::read(&path).unwrap())),
        }
    }
    found.sort();
    found
}

#[test]
fn what_is_handed_in_is_the_answers_and_what_came_of_them_and_nothing_is_touched() {
    if !needs("cargo") {
        return;
    }
    let desk = Desk::new();
    desk.starts("04.2", "starter.rs");
    desk.starts("06.1", "starter.rs");
    fs::write(desk.path("06.1/src/main.rs"), "fn main() { no Rust }\r\n").unwrap();
    let before = [contents(&desk.path("04.2")), contents(&desk.path("06.1"))];
    let said = desk.says(&["exercise", "submit", "--name", "Zoë"], 0);
    let file = desk.path("eras-Zoë.json");
    assert!(
        said.contains(&format!("Zoë hands in  {}", file.display())),
        "{said}"
    );
    let handed = Submission::parse(&fs::read_to_string(file).unwrap()).unwrap();
    let tags: Vec<_> = handed
        .exercises
        .iter()
        .map(|one| one.verdict.as_deref())
        .collect();
    assert_eq!(tags, [Some("not-started"), Some("does-not-build")]);
    let answer = handed.exercises[1].answer.as_ref().unwrap();
    assert_eq!(whole(answer), "fn main() { no Rust }\r\n");
    assert!(
        handed
            .exercises
            .iter()
            .all(|one| one.started.is_some() && one.checked.is_some())
    );
    assert_eq!(handed.version, env!("CARGO_PKG_VERSION"));
    assert_eq!(
        before,
        [contents(&desk.path("04.2")), contents(&desk.path("06.1"))]
    );
}

#[test]
fn a_folder_that_was_moved_is_said_and_found_when_it_is_named() {
    let desk = Desk::new();
    desk.starts("04.2", "starter.rs");
    fs::create_dir(desk.path("elsewhere")).unwrap();
    fs::rename(desk.path("04.2"), desk.path("elsewhere/mine")).unwrap();
    let said = desk.says(&["exercise", "submit", "--name", "a"], 1);
    assert!(
        said.contains("missing: its folder") && said.contains("is gone"),
        "{said}"
    );
    let moved = ["elsewhere", "elsewhere/mine"];
    for folder in moved {
        let words = ["exercise", "submit", "--name", "a", folder];
        assert!(desk.says(&words, 0).contains("not started"));
    }
    let said = desk.says(&["exercise", "submit", "--name", "a"], 0);
    assert!(
        said.contains("not started"),
        "it is known from now on: {said}"
    );
    desk.says(&["exercise", "submit", "--name", "a", "/usr/bin"], 1);
}

#[test]
fn a_file_that_is_no_submission_is_not_overwritten() {
    let desk = Desk::new();
    assert!(
        desk.says(&["exercise", "submit", "--name", "a"], 1)
            .contains("nothing is started")
    );
    desk.starts("04.2", "starter.rs");
    fs::write(desk.path("eras-a.json"), "{\"mine\": 1}").unwrap();
    let said = desk.says(&["exercise", "submit", "--name", "a"], 1);
    assert!(said.contains("is no submission; fix: --out FILE"), "{said}");
    assert_eq!(
        fs::read_to_string(desk.path("eras-a.json")).unwrap(),
        "{\"mine\": 1}"
    );
    desk.says(&["exercise", "submit", "--name", "a", "--out", "b.json"], 0);
    desk.says(&["exercise", "submit", "--name", "a", "--out", "b.json"], 0);
    desk.says(&["exercise", "submit", "--name", "a\u{1b}[2J"], 1);
}

#[test]
fn a_class_is_written_once_read_back_and_refused_by_line() {
    let desk = Desk::new();
    desk.says(&["class", "init", "c.toml"], 0);
    assert!(
        desk.says(&["class", "init", "c.toml"], 1)
            .contains("File exists")
    );
    assert!(
        desk.says(&["class", "plan", "c.toml"], 0)
            .contains("all that there are")
    );
    let text = fs::read_to_string(desk.path("c.toml")).unwrap();
    let line = text
        .lines()
        .position(|line| line.contains("\"04.2\""))
        .unwrap()
        + 1;
    fs::write(desk.path("c.toml"), text.replace("\"04.2\"", "\"4.22\"")).unwrap();
    let said = desk.says(&["class", "plan", "c.toml"], 1);
    assert!(
        said.contains(&format!(
            "c.toml, line {line}: no exercise 4.22; there are: "
        )),
        "{said}"
    );
    let short = "title = \"x\"\nminutes = 10\nparts = [{ exercise = \"04.2\", minutes = 15 }]\n";
    fs::write(desk.path("short.toml"), short).unwrap();
    let said = desk.says(&["class", "plan", "short.toml"], 0);
    assert!(
        said.contains("0:00   15 min  exercise  04.2 Enter, and mean it"),
        "{said}"
    );
    assert!(said.contains("15 minutes, 5 more than there are"), "{said}");
}

/// What is claimed is the claim; what is found out is told beside it.
#[test]
fn a_claim_is_believed_only_after_its_answer_was_judged_again() {
    if !["cargo", "userns", "pidns", "proc-mount", "ptrace"]
        .into_iter()
        .all(needs)
    {
        return;
    }
    let desk = Desk::new();
    desk.starts("04.2", "wrong/no_chdir.rs");
    desk.starts("06.1", "solution.rs");
    let (_, honest) = desk.submits("honest");
    let tags: Vec<_> = honest
        .exercises
        .iter()
        .map(|one| one.verdict.as_deref())
        .collect();
    assert_eq!(tags, [Some("wrong"), Some("passed")]);
    // A cheat's progress, and so the sum of the cheat's file, is as it should be.
    desk.remembers("verdict=wrong", "verdict=passed");
    let (cheat, _) = desk.submits("cheat");
    let files = [cheat.to_str().unwrap(), "eras-honest.json"];
    let claims = desk.report(&files, 0);
    assert_eq!(claims["students"][0]["passed"], 2, "{claims}");
    let only = "title = \"x\"\nparts = [{ exercise = \"04.2\", minutes = 15 }]\n";
    fs::write(desk.path("only.toml"), only).unwrap();
    let words = [&["--recheck", "--class", "only.toml"], &files[..]].concat();
    let found = desk.report(&words, 1);
    let cheat = &found["students"][0];
    assert_eq!(
        (&cheat["name"], &cheat["passed"]),
        (&"cheat".into(), &0.into())
    );
    assert_eq!(cheat["exercises"].as_array().unwrap().len(), 1);
    assert_eq!(cheat["exercises"][0]["found"]["verdict"], "wrong");
    let said = found["problems"].to_string();
    assert!(
        said.contains("cheat, 04.2: claims \\\"passed\\\", and is wrong: "),
        "{said}"
    );
    assert!(!said.contains("honest"), "{said}");
    let grounds = fs::read_dir(desk.state.path().join("grounds"));
    assert_eq!(grounds.unwrap().count(), 0);
}

/// It may write in its cell, and that is gone; it may look for what is outside, and finds
/// nothing.
#[test]
fn an_answer_that_is_judged_again_reaches_nothing_outside_of_its_cell() {
    let probes = ["cargo", "userns", "pidns", "proc-mount", "ptrace"];
    if !probes.into_iter().all(needs) {
        return;
    }
    let desk = Desk::new();
    desk.starts("04.2", "starter.rs");
    let (mark, secret) = (desk.path("mark"), desk.path("secret"));
    fs::write(&secret, "the instructor's").unwrap();
    let hostile = format!(
        "fn main() {{\n    let _ = std::fs::create_dir_all({:?});\n    \
         let _ = std::fs::write({mark:?}, \"x\");\n    \
         panic!(\"{{:?}}\", std::fs::read_to_string({secret:?}));\n}}\n",
        desk.home.path()
    );
    fs::write(desk.path("04.2/src/main.rs"), hostile).unwrap();
    let output = desk.era(&["class", "report", "--recheck", "--json", "04.2"]);
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    assert!(said.contains("\"wrong\""), "{said}");
    assert!(!said.contains("the instructor's"), "{said}");
    assert!(!mark.exists());
}

/// `include_str!` and the like read files while an answer is built.
#[test]
fn an_answer_that_is_built_again_reads_no_file_of_the_instructors() {
    let probes = ["cargo", "userns", "pidns", "proc-mount", "ptrace"];
    if !probes.into_iter().all(needs) {
        return;
    }
    let desk = Desk::new();
    desk.starts("04.2", "starter.rs");
    let secret = desk.path("secret.rs");
    fs::write(&secret, "fn main() {}").unwrap();
    let spy = format!("include!({secret:?});\n");
    fs::write(desk.path("04.2/src/main.rs"), spy).unwrap();
    assert_eq!(
        desk.era(&["exercise", "check", "04.2"]).status.code(),
        Some(1)
    );
    let report = desk.report(&["--recheck", "04.2"], 0);
    let work = &report["students"][0]["exercises"][1];
    assert_eq!(
        work["found"],
        serde_json::json!({"verdict": "does-not-build"})
    );
}

#[test]
fn what_is_damaged_changed_or_no_file_is_said_and_not_counted() {
    let desk = Desk::new();
    desk.starts("04.2", "starter.rs");
    let (file, _) = desk.submits("alice");
    let text = fs::read_to_string(&file).unwrap();
    fs::create_dir(desk.path("in")).unwrap();
    let put = |name: &str, text: &str| fs::write(desk.path("in").join(name), text).unwrap();
    put(
        "forged.json",
        &text.replace("\"not-started\"", "\"passed\""),
    );
    put("torn.json", &text[..text.len() / 2]);
    put("other.json", "[]");
    put(
        "later.json",
        &text.replace("eras submission 1", "eras submission 2"),
    );
    put("alien.json", &text.replace("\"04.2\"", "\"99.9\""));
    std::os::unix::fs::symlink("/etc/hostname", desk.path("in/link.json")).unwrap();
    Command::new("mkfifo")
        .arg(desk.path("in/pipe.json"))
        .status()
        .unwrap();
    let report = desk.report(&["in", "missing.json"], 1);
    let said = report["problems"].as_array().unwrap();
    let has = |file: &str, why: &str| {
        let is = |line: &&Value| {
            let line = line.as_str().unwrap();
            line.contains(file) && line.contains(why)
        };
        assert!(said.iter().any(|line| is(&line)), "{file}: {why}: {said:?}");
    };
    has("forged.json", "its claims are void");
    has("torn.json", "it is damaged");
    has("other.json", "it is damaged");
    has("later.json", "eras submission 2");
    has("alien.json", "no exercise \"99.9\"");
    has("link.json", "no ordinary file");
    has("pipe.json", "no ordinary file");
    has("missing.json", "No such file");
    for student in report["students"].as_array().unwrap() {
        assert_eq!(student["passed"], 0, "{student}");
    }
}

#[test]
fn students_folders_are_read_and_a_spreadsheet_gets_no_formula() {
    let desk = Desk::new();
    desk.starts("04.2", "starter.rs");
    for student in ["bob", "=carol()"] {
        let folder = desk.path("in").join(student).join("era-exercises");
        fs::create_dir_all(&folder).unwrap();
        let copied = Command::new("cp")
            .arg("-r")
            .arg(desk.path("04.2"))
            .arg(&folder)
            .status();
        assert!(copied.unwrap().success());
    }
    let folders = ["in/bob/era-exercises", "in/=carol()/era-exercises"];
    let csv = desk.says(&[&["class", "report", "--csv"], &folders[..]].concat(), 0);
    let lines: Vec<_> = csv.lines().collect();
    assert!(lines[0].starts_with("student,04.1,04.2,"), "{csv}");
    assert!(
        lines[1].starts_with("'=carol(),none,unknown,none,"),
        "{csv}"
    );
    assert!(lines[2].starts_with("bob,none,unknown,none,"), "{csv}");
    let table = desk.says(&["class", "report", "--recheck", folders[0], "in/bob"], 1);
    assert!(table.contains("two have handed in as bob"), "{table}");
    let row = table.lines().find(|line| line.starts_with("bob ")).unwrap();
    assert!(row.contains(".s..") && row.contains(" 0/"), "{table}");
    assert!(
        table.lines().all(|line| line.chars().count() <= 80),
        "{table}"
    );
}
