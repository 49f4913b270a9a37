//! Where this kernel refuses what a check needs, a small machine's kernel does not.

use std::fs;
use std::path::Path;
use std::process::Command;

use walkthrough::exercise::find;

use crate::candidates::state;
use crate::support::needs;

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
    let folder = home.path().to_str().unwrap().to_owned();
    let state = state.path().to_owned();
    // unshare(2) is refused, as a container or a lab machine may do it.
    let refused = move || {
        let refused = [nix::libc::SYS_unshare];
        let filter = groundwork::kernel::refusal(&refused, nix::errno::Errno::EPERM);
        groundwork::kernel::prctl_set_no_new_privs().unwrap();
        groundwork::kernel::seccomp_set_mode_filter(&[], &filter).unwrap();
        let era = |words: &[&str]| {
            let mut era = Command::new(env!("CARGO_BIN_EXE_era"));
            let output = era.arg("exercise").args(words).env("ERA_STATE", &state);
            let output = output.stdin(std::process::Stdio::null()).output().unwrap();
            let said = [output.stdout, output.stderr].concat();
            (
                output.status.code(),
                String::from_utf8_lossy(&said).into_owned(),
            )
        };
        era(&["start", "04.2", "--dir", &folder]);
        let writes = |candidate: &str| {
            let text = find("04.2").unwrap().file(candidate).unwrap();
            fs::write(Path::new(&folder).join("src/main.rs"), text).unwrap();
        };
        writes("wrong/always_zero.rs");
        let here = era(&["check", "04.2"]);
        let wrong = era(&["check", "04.2", "--machine"]);
        writes("solution.rs");
        let right = era(&["check", "04.2", "--machine"]);
        (here, wrong, right, era(&["list"]))
    };
    let (here, wrong, right, list) = std::thread::spawn(refused).join().unwrap();
    assert_eq!(here.0, Some(5), "{}", here.1);
    assert!(
        here.1.contains("era exercise check 04.2 --machine"),
        "{}",
        here.1
    );
    assert_eq!(wrong.0, Some(1), "{}", wrong.1);
    assert!(wrong.1.contains("\n  expected  "), "{}", wrong.1);
    assert_eq!(right.0, Some(0), "{}", right.1);
    let line = list.1.lines().find(|line| line.starts_with("04.2"));
    assert!(
        line.is_some_and(|line| line.ends_with("passed")),
        "{}",
        list.1
    );
}
