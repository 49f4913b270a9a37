//! Where this kernel refuses what a check needs, a small machine's kernel does not.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use walkthrough::exercise::find;

use crate::candidates::state;
use crate::support::needs;

/// What came of a command: its status, and its result.
type Said = (Option<i32>, String);

/// Answers checked here and in the machine, where unshare(2) is refused, as a container or a
/// lab machine may do it.
fn checked_where_unshare_is_refused(state: &Path, home: &Path) -> [Said; 4] {
    let refused = [nix::libc::SYS_unshare];
    let filter = groundwork::kernel::refusal(&refused, nix::errno::Errno::EPERM);
    groundwork::kernel::prctl_set_no_new_privs().unwrap();
    groundwork::kernel::seccomp_set_mode_filter(&[], &filter).unwrap();
    let era = |words: &[&str]| {
        let mut era = Command::new(env!("CARGO_BIN_EXE_era"));
        let output = era.args(words).env("ERA_STATE", state);
        let output = output.stdin(Stdio::null()).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        eprintln!("{words:?}: {errors}");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.code(), said)
    };
    let writes = |id: &str, answer: &str, candidate: &str| {
        let folder = home.join(id);
        let words = ["exercise", "start", id, "--dir", folder.to_str().unwrap()];
        assert_eq!(era(&words).0, Some(0));
        let text = find(id).unwrap().file(candidate).unwrap();
        fs::write(folder.join(answer), text).unwrap();
    };
    writes("04.2", "src/main.rs", "solution.rs");
    let here = era(&["exercise", "check", "04.2"]);
    let there = era(&["exercise", "check", "04.2", "--machine"]);
    let list = era(&["exercise", "list"]);
    writes("04.2", "src/main.rs", "wrong/always_zero.rs");
    writes("04.1", "answer.sh", "another.sh");
    let report = ["class", "report", "--recheck", "--machine", "--json"];
    let report = era(&[&report[..], &[home.to_str().unwrap()]].concat());
    [here, there, list, report]
}

#[test]
fn a_check_in_the_machine_needs_nothing_of_this_kernel() {
    if !["cargo", "machine"].into_iter().all(needs) {
        return;
    }
    let (state, home) = (state(), tempfile::tempdir_in("/var/tmp").unwrap());
    // The machine's root is made once, by whichever test is first.
    let machines = Path::new(env!("CARGO_TARGET_TMPDIR")).join("machine/machine");
    fs::create_dir_all(&machines).unwrap();
    std::os::unix::fs::symlink(machines, state.path().join("machine")).unwrap();
    let (state, folder) = (state.path().to_owned(), home.path().to_owned());
    // In a thread of its own: the filter stays on whoever has put it on.
    let checked = std::thread::spawn(move || checked_where_unshare_is_refused(&state, &folder));
    let [here, there, list, report] = checked.join().unwrap();
    assert_eq!(here.0, Some(5), "{}", here.1);
    let remedy = "era exercise check 04.2 --machine";
    assert!(here.1.contains(remedy), "{}", here.1);
    assert_eq!(there.0, Some(0), "{}", there.1);
    let line = list.1.lines().find(|line| line.starts_with("04.2"));
    assert!(line.is_some_and(|line| line.ends_with("passed")));
    assert_eq!(report.0, Some(0), "{}", report.1);
    let report: serde_json::Value = serde_json::from_str(&report.1).unwrap();
    let works = &report["students"][0]["exercises"];
    assert_eq!(works[0]["found"]["verdict"], "passed", "{report}");
    assert_eq!(works[1]["found"]["verdict"], "wrong", "{report}");
    assert!(works[1]["found"]["property"].is_string(), "{report}");
}
