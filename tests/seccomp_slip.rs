//! A 64-bit program may call the kernel by int 0x80, too, where each call has another number:
//! that is no way past a filter.
#![cfg(target_arch = "x86_64")]

mod support;

#[path = "seccomp/mod.rs"]
mod seccomp;

use groundwork::kernel::{Errno, refusal};
use seccomp::{folder, run_in};
use support::programs::probed;

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/seccomp/slip.c");

/// A folder with the witness in it; none where it cannot be built or int 0x80 does not work.
fn witness() -> Option<tempfile::TempDir> {
    if !support::needs("cc") {
        return None;
    }
    let folder = folder();
    let build = format!("cc -O1 -static -nostdlib -no-pie -o slip {SOURCE}");
    let built = run_in(&folder, &build);
    assert_eq!(built.status, 0, "{built:?}");
    let slipped = run_in(&folder, "./slip i; echo $?; rmdir slipped");
    let works = slipped.stdout == "0\n";
    probed("int80", works, "this kernel takes no int 0x80").then_some(folder)
}

/// Tries a way behind a filter: the status, and whether the directory is there.
fn slip(folder: &tempfile::TempDir, filter: &str, way: &str) -> (i32, bool) {
    let line = format!("era-seccomp run {filter} -- ./slip {way}; echo $?");
    let ran = run_in(folder, &line);
    let made = std::fs::remove_dir(folder.path().join("slipped")).is_ok();
    (ran.says().parse().unwrap(), made)
}

#[test]
fn a_filter_that_looks_at_the_number_alone_is_walked_around() {
    let Some(folder) = witness() else { return };
    let naive: Vec<u8> = refusal(&[83], Errno::EPERM)
        .iter()
        .flat_map(|step| {
            let mut bytes = step.code.to_ne_bytes().to_vec();
            bytes.extend([step.jt, step.jf]);
            bytes.extend(step.k.to_ne_bytes());
            bytes
        })
        .collect();
    std::fs::write(folder.path().join("naive"), naive).unwrap();
    assert_eq!(slip(&folder, "--profile naive", "n"), (1, false));
    assert_eq!(slip(&folder, "--profile naive", "i"), (0, true));
}

#[test]
fn a_denied_call_is_denied_by_each_way_to_the_kernel() {
    let Some(folder) = witness() else { return };
    for way in ["n", "i", "x"] {
        assert_eq!(
            slip(&folder, "--deny mkdir=EXDEV", way),
            (18, false),
            "{way}"
        );
    }
}

#[test]
fn where_only_some_calls_are_allowed_other_ways_are_the_end() {
    let Some(folder) = witness() else { return };
    let only = "--allow-only execve,exit,mkdir";
    assert_eq!(slip(&folder, only, "n"), (0, true));
    for way in ["i", "x"] {
        assert_eq!(slip(&folder, only, way), (159, false), "{way}");
    }
}

#[test]
fn the_default_profile_holds_on_each_way() {
    let Some(folder) = witness() else { return };
    let changed = "era-seccomp show default --deny mkdir=EXDEV --json >changed";
    assert_eq!(run_in(&folder, changed).status, 0);
    assert_eq!(slip(&folder, "--profile default", "i"), (0, true));
    for way in ["n", "i", "x"] {
        assert_eq!(
            slip(&folder, "--profile changed", way),
            (18, false),
            "{way}"
        );
    }
    for call in ["mount", "socketcall", "clone 0x10000000", "vm86"] {
        let check = format!("era-seccomp check default {call} --arch x86");
        let verdict = run_in(&folder, &check);
        assert!(verdict.stdout.contains("errno EPERM"), "{verdict:?}");
    }
}

/// A recording knows by which way a call was made, and its profile allows that way.
#[test]
fn a_recording_has_the_other_way_in_it() {
    let Some(folder) = witness() else { return };
    if !support::needs("ptrace") {
        return;
    }
    let line = "era-seccomp record --output p.json -- ./slip i; rmdir slipped; cat p.json";
    let recorded = run_in(&folder, line);
    assert!(recorded.says().contains("SCMP_ARCH_X86\""), "{recorded:?}");
    assert_eq!(slip(&folder, "--profile p.json", "i"), (0, true));
    let native = "era-seccomp record --output n.json -- ./slip n; rmdir slipped";
    assert_eq!(run_in(&folder, native).status, 0);
    assert_eq!(slip(&folder, "--profile n.json", "n"), (0, true));
    assert_eq!(slip(&folder, "--profile n.json", "i"), (159, false));
}
