//! Every page of the book, run: texts and facts exact.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

fn tour(state: &std::path::Path, arguments: &[&str]) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_era"))
        .args(["tour", "--auto", "--exact"])
        .args(arguments)
        .env("ERA_STATE", state)
        .output()
        .expect("era runs")
}

#[test]
fn every_block_of_the_book_prints_what_its_page_says() {
    let state = state();
    let output = tour(state.path(), &[]);
    assert!(
        output.status.success(),
        "{}{}",
        text(&output.stdout),
        text(&output.stderr)
    );
}

#[test]
fn a_page_with_two_shells_and_a_program_inside_is_played() {
    let state = state();
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/one.md");
    let output = tour(state.path(), &[page]);
    assert!(
        output.status.success(),
        "{}{}",
        text(&output.stdout),
        text(&output.stderr)
    );
    let left: Vec<_> = std::fs::read_dir(state.path().join("grounds"))
        .unwrap()
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

/// A folder that the learner of a root's tour may pass, too.
fn state() -> tempfile::TempDir {
    let folder = tempfile::tempdir_in("/var/tmp").unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
    folder
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
