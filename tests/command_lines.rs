//! What holds for the command line of every program.

use std::process::{Command, Output};

fn era(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_era"))
        .args(arguments)
        .output()
        .unwrap()
}

fn programs() -> impl Iterator<Item = &'static str> {
    bins::PROGRAMS.iter().map(|program| program.name)
}

#[test]
fn every_definition_is_sound() {
    for program in bins::PROGRAMS {
        (program.command)().debug_assert();
    }
}

#[test]
fn help_has_two_examples_and_the_page_of_the_book_and_fits_a_terminal() {
    for name in programs() {
        let output = era(&[name.strip_prefix("era-").unwrap(), "--help"]);
        let help = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{name}");
        let examples = help.split("Examples:").nth(1).unwrap_or_default();
        let lines = examples
            .lines()
            .filter(|line| line.trim_start().starts_with(name));
        assert!(
            lines.count() >= 2,
            "{name} shows fewer than two examples:\n{help}"
        );
        assert!(help.contains("ook: "), "{name} names no page:\n{help}");
        for line in help.lines() {
            assert!(line.chars().count() <= 80, "{name}: {line}");
        }
    }
}

#[test]
fn every_program_has_a_man_page_and_completions() {
    let folder = tempfile::tempdir().unwrap();
    let written = era(&["man", folder.path().to_str().unwrap()]);
    assert!(written.status.success(), "{written:?}");
    for name in programs().chain(["era"]) {
        let page = std::fs::read_to_string(folder.path().join(format!("{name}.1"))).unwrap();
        assert!(page.contains(".SH SYNOPSIS"), "{name}");
        for shell in ["bash", "zsh", "fish"] {
            let completions = era(&["completions", shell, name]).stdout;
            let completions = String::from_utf8(completions).unwrap();
            assert!(completions.contains(name), "{name} {shell}");
        }
    }
}

#[test]
fn bash_can_read_the_completions_of_every_program() {
    for name in programs().chain(["era"]) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("completions");
        std::fs::write(&file, era(&["completions", "bash", name]).stdout).unwrap();
        let checked = Command::new("bash").arg("-n").arg(&file).status().unwrap();
        assert!(checked.success(), "{name}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let script = format!("{} --help | true; {} chroot --help | true", EXE, EXE);
    let output = Command::new("bash").args(["-c", &script]).output().unwrap();
    assert!(
        output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

const EXE: &str = env!("CARGO_BIN_EXE_era");

/// Every form of a result that cannot be written: a full disk must not look like success.
#[test]
fn a_result_that_cannot_be_written_is_a_failure_and_no_panic() {
    let jail = tempfile::tempdir().unwrap();
    let jail = jail.path().to_str().unwrap();
    let lines: &[(&[&str], i32)] = &[
        (&["chroot", "new", jail, "--with", "sh"], 125),
        (&["chroot", "new", jail, "--with", "sh", "--json"], 125),
        (&["chroot", "new", jail, "--with", "sh", "--list"], 125),
        (&["chroot", "why", jail, "nothing"], 125),
        (&["chroot", "why", jail, "sh", "--json"], 125),
        (&["seccomp", "show", "default"], 125),
        (&["seccomp", "show", "default", "--json"], 125),
        (&["seccomp", "show", "default", "--bpf"], 125),
        (&["seccomp", "check", "default", "mkdir"], 125),
        (&["seccomp", "check", "default", "mount", "--json"], 125),
        (&["exercise", "list"], 1),
        (&["class", "report", jail], 1),
        (&["lsns"], 1),
        (&["lsns", "--json"], 1),
        (&["lsns", "self", "self"], 1),
    ];
    for (arguments, status) in lines {
        let full = std::fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let output = Command::new(EXE)
            .args(*arguments)
            .stdout(full)
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            output.status.code(),
            Some(*status),
            "{arguments:?}: {errors}"
        );
        assert!(
            errors.contains("cannot write the result"),
            "{arguments:?}: {errors}"
        );
    }
}
