//! Every candidate, built once: one package with a program for each.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;
use walkthrough::exercise::{Folder, all, package};

/// An answer that is there to be judged.
#[derive(Clone)]
pub struct Candidate {
    /// Which exercise it is for.
    pub exercise: &'static Folder,
    /// `solution`, `another`, `wrong/liar`.
    pub name: String,
    /// Its text.
    pub text: String,
    /// The program; a script is its own.
    pub program: PathBuf,
}

const CHECKOUT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Answers that belong to no exercise and run wild.
pub const WILD: &[&str] = &[
    "bomb",
    "disk",
    "hang",
    "hang_on",
    "killer",
    "memory",
    "untraced",
    "untraced_thread",
];

fn folder_of(exercise: &Folder) -> PathBuf {
    let chapter = Path::new(CHECKOUT).join("chapters").join(exercise.chapter);
    chapter.join("exercises").join(exercise.name)
}

/// Where answers are built, by all tests: nix once, not for each.
pub fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("answers")
}

/// Which candidates are judged here: those that begin with a word of `ERA_EXERCISES`, such as
/// `08` or `08.4/wrong`. All, unless somebody says otherwise, as for the small machine.
fn is_wanted(exercise: &Folder, name: &str) -> bool {
    let wanted = std::env::var("ERA_EXERCISES").unwrap_or_default();
    let words: Vec<&str> = wanted.split_whitespace().collect();
    let whole = format!("{}/{name}", exercise.id());
    words.is_empty() || words.iter().any(|word| whole.starts_with(word))
}

/// A folder of programs that were built elsewhere: in the second kernel there is no cargo.
fn built_elsewhere() -> Option<PathBuf> {
    std::env::var_os("ERA_CANDIDATES").map(PathBuf::from)
}

/// How many are judged at a time: in the small machine each has to be alone to be in time.
pub fn lanes() -> usize {
    if built_elsewhere().is_some() { 1 } else { 3 }
}

fn programs() -> PathBuf {
    built_elsewhere().unwrap_or_else(|| target().join("debug"))
}

/// All of them, the starters first.
pub fn everything() -> &'static [Candidate] {
    static BUILT: OnceLock<Vec<Candidate>> = OnceLock::new();
    BUILT.get_or_init(build)
}

/// The program of an answer that runs wild.
pub fn wild(name: &str) -> PathBuf {
    everything();
    programs().join(format!("wild-{name}"))
}

fn build() -> Vec<Candidate> {
    let (mut found, mut bins) = (Vec::new(), String::new());
    let mut bin = |name: &str, source: &Path| {
        bins.push_str(&format!("[[bin]]\nname = {name:?}\npath = {source:?}\n\n"));
        programs().join(name)
    };
    for exercise in all() {
        let (folder, language) = (folder_of(exercise), exercise.language());
        let end = format!(".{language}");
        let sources = exercise
            .files
            .iter()
            .filter(|(path, _)| path.ends_with(&end));
        for (path, text) in
            sources.filter(|(path, _)| *path != "check.rs" && !path.starts_with("given/"))
        {
            let name = path.trim_end_matches(&end).to_owned();
            if !is_wanted(exercise, &name) {
                continue;
            }
            let source = fs::canonicalize(folder.join(path)).unwrap();
            let program = match language {
                "sh" => source,
                _ => bin(
                    &format!("{}-{}", exercise.id(), name.replace('/', "-")).replace('.', "-"),
                    &source,
                ),
            };
            found.push(Candidate {
                exercise,
                name,
                text: (*text).to_owned(),
                program,
            });
        }
    }
    for name in WILD {
        let source = Path::new(CHECKOUT).join(format!("tests/exercises/answers/{name}.rs"));
        bin(&format!("wild-{name}"), &fs::canonicalize(source).unwrap());
    }
    if built_elsewhere().is_none() {
        compile(&bins);
    }
    found.sort_by_key(|one| (one.exercise.id(), place(&one.name), one.name.clone()));
    found
}

fn place(name: &str) -> usize {
    let order = ["starter", "solution", "another"];
    order
        .iter()
        .position(|known| *known == name)
        .unwrap_or(order.len())
}

/// One package, with the very manifest and lock that students get, but for the programs.
fn compile(bins: &str) {
    let package = Path::new(env!("CARGO_TARGET_TMPDIR")).join("candidates");
    fs::create_dir_all(&package).unwrap();
    let manifest = package::manifest("candidates");
    let (head, rest) = manifest.split_once("[[bin]]").unwrap();
    let (_, rest) = rest.split_once("\n\n").unwrap();
    fs::write(package.join("Cargo.toml"), format!("{head}{bins}{rest}")).unwrap();
    fs::write(package.join("Cargo.lock"), package::lock("candidates")).unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--offline"])
        .current_dir(&package)
        .env("CARGO_TARGET_DIR", target())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.is_empty(),
        "the candidates: {said}"
    );
}

/// A state folder with a target folder that all tests share.
pub fn state() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir_in("/var/tmp").unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711)).unwrap();
    fs::create_dir(folder.path().join("exercises")).unwrap();
    if built_elsewhere().is_none() {
        fs::create_dir_all(target()).unwrap();
        std::os::unix::fs::symlink(target(), folder.path().join("exercises/target")).unwrap();
    }
    folder
}

/// `era exercise … --json`: its status and what it said.
pub fn era(state: &Path, arguments: &[&str]) -> (i32, Value) {
    let output = Command::new(env!("CARGO_BIN_EXE_era"))
        .arg("exercise")
        .args(arguments)
        .arg("--json")
        .env("ERA_STATE", state)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let value = serde_json::from_str(&said);
    let errors = String::from_utf8_lossy(&output.stderr);
    let value = value.unwrap_or_else(|_| panic!("{arguments:?}: {said}{errors}"));
    (output.status.code().unwrap(), value)
}

/// Judges a built program.
pub fn judge(state: &Path, id: &str, program: &Path) -> (i32, Value) {
    era(state, &["candidate", id, program.to_str().unwrap()])
}
