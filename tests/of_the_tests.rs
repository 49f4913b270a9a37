//! A test of the tests: what a page says is held to what happens. A flipped
//! character, a fact taken out of reality, and a program that only prints the
//! right words: each makes `tour --auto --exact` fail, and says where.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

const PAGE: &str = "\
# Make

```console claim=9.9
# mkdir made
# echo word > made/file
# cat made/file
word
# ls -d absent
ls: cannot access 'absent': No such file or directory
? 2
```
<!-- fact: file-is made/file word -->
<!-- fact: absent absent -->
";

fn state() -> tempfile::TempDir {
    let folder = tempfile::tempdir_in("/var/tmp").unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
    folder
}

fn play(state: &Path, text: &str, flags: &[&str]) -> Output {
    let page = state.join("page.md");
    std::fs::write(&page, text).unwrap();
    let era = Command::new(env!("CARGO_BIN_EXE_era"))
        .args(["tour", "--auto"])
        .args(flags)
        .arg(&page)
        .env("ERA_STATE", state)
        .output();
    era.unwrap()
}

/// Plays the page with `from` replaced: what it says, after it failed.
#[track_caller]
fn caught(from: &str, to: &str) -> String {
    assert!(PAGE.contains(from), "{from:?} is in the page");
    let state = state();
    let output = play(state.path(), &PAGE.replacen(from, to, 1), &["--exact"]);
    assert!(
        !output.status.success(),
        "{to:?} in place of {from:?} was not noticed"
    );
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_page_itself_is_good() {
    let state = state();
    let output = play(state.path(), PAGE, &["--exact"]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    assert!(String::from_utf8_lossy(&output.stdout).contains("claims shown: 9.9"));
}

#[test]
fn a_flipped_character_in_a_text_is_caught() {
    let said = caught("\nword\n", "\nwurd\n");
    assert!(said.contains("-wurd") && said.contains("+word"), "{said}");
    assert!(
        !said.contains("claims shown"),
        "a claim is not shown by a wrong text: {said}"
    );
}

#[test]
fn a_flipped_status_is_caught() {
    assert!(caught("? 2", "? 1").contains("+? 2"));
    assert!(caught("? 2\n", "").contains("+? 2"));
}

#[test]
fn a_line_too_many_and_a_line_too_few_are_caught() {
    caught("\nword\n", "\nword\nword\n");
    caught("\nword\n", "\n");
}

#[test]
fn a_fact_that_is_taken_out_of_reality_is_caught_also_without_exact() {
    let state = state();
    let broken = PAGE.replace("# cat made/file", "# cat made/file; echo other > made/file");
    let output = play(state.path(), &broken, &[]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!output.status.success());
    assert!(
        said.contains("fact does not hold: file-is made/file word"),
        "{said}"
    );
}

#[test]
fn a_text_that_differs_alone_fails_only_exact() {
    let state = state();
    let output = play(state.path(), &PAGE.replace("\nword\n", "\nwurd\n"), &[]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}

#[test]
fn a_program_that_prints_the_right_words_and_does_nothing_is_caught() {
    let silent = "# echo word > made/file\n# cat() { echo word; }; rm made/file\n# cat made/file";
    let said = caught("# echo word > made/file\n# cat made/file", silent);
    assert!(said.contains("fact does not hold"), "{said}");
    assert!(
        !said.contains("text differs"),
        "its words are right: {said}"
    );
}

#[test]
fn a_program_that_is_left_running_is_caught_and_ended() {
    let said = caught("# mkdir made", "# mkdir made; setsid tail -f /dev/null &");
    assert!(said.contains("left behind: process"), "{said}");
}

#[test]
fn a_command_that_hangs_is_stopped_and_reported() {
    let said = caught("# mkdir made", "# tail -f /dev/null");
    assert!(said.contains("it hung"), "{said}");
}

#[test]
fn a_page_that_cannot_be_read_says_where() {
    let state = state();
    let output = play(state.path(), "# X\n\n```console hidden\n# true\n```\n", &[]);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("line 3: `hidden`"));
}

#[test]
fn what_only_real_root_may_runs_as_root_and_is_labelled_elsewhere() {
    let state = state();
    let output = play(
        state.path(),
        "# X\n\n```console\n#! id -u\n0\n```\n",
        &["--exact"],
    );
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}");
    if nix::unistd::geteuid().is_root() {
        assert!(said.contains("1 blocks ran: 1 matched"), "{said}");
    } else {
        assert!(said.contains("skipped: real root is needed"), "{said}");
    }
}

#[test]
fn root_of_a_sandbox_with_one_user_is_its_own_learner() {
    let state = state();
    let page = state.path().join("page.md");
    std::fs::write(&page, "# X\n\n```console\n$ id -u\n0\n```\n").unwrap();
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", env!("CARGO_BIN_EXE_era")])
        .args(["tour", "--auto", "--exact"])
        .arg(&page)
        .env("ERA_STATE", state.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("1 blocks ran: 1 matched"), "{said}");
}
