//! The page for instructors: its plans add up, and what it names is there.

use std::fs;
use std::path::Path;
use std::process::Command;

use walkthrough::exercise::{all, find};
use walkthrough::library;

const CHECKOUT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(CHECKOUT).join(path)).unwrap()
}

/// The rows of each plan: its heading, then clock, minutes and what.
fn plans(page: &str) -> Vec<(String, Vec<Vec<String>>)> {
    let mut plans = Vec::new();
    let mut heading = "";
    let mut lines = page.lines().peekable();
    while let Some(line) = lines.next() {
        heading = line.trim_start_matches('#').trim_start();
        if !line.starts_with('#') {
            continue;
        }
        let mut rows = Vec::new();
        while let Some(line) = lines.next_if(|line| !line.starts_with('#')) {
            let cells: Vec<_> = line.split('|').map(|cell| cell.trim().to_owned()).collect();
            let is_row = cells.len() == 5 && cells[1].contains(':');
            rows.extend(is_row.then(|| cells[1..4].to_vec()));
        }
        if !rows.is_empty() {
            plans.push((heading.to_owned(), rows));
        }
    }
    let _ = heading;
    plans
}

fn clock(text: &str) -> u32 {
    let (hours, minutes) = text.split_once(':').unwrap();
    hours.parse::<u32>().unwrap() * 60 + minutes.parse::<u32>().unwrap()
}

/// The number that a row names after `word`: `page [04](…)`, `exercise 04.1`.
fn named<'a>(what: &'a str, word: &str) -> Option<&'a str> {
    let rest = what.strip_prefix(word)?.trim_start_matches([' ', '[']);
    rest.split([']', ' ']).next()
}

#[test]
fn the_minutes_of_every_plan_add_up_and_are_those_of_pages_and_tasks() {
    let page = read("book/src/teaching.md");
    let plans = plans(&page);
    let names: Vec<_> = plans.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["Half a day", "Day one", "Day two"]);
    for (name, rows) in &plans {
        let mut at = 0;
        for row in rows {
            assert_eq!(clock(&row[0]), at, "{name}: {row:?}");
            let (minutes, what) = (row[1].parse().unwrap_or(0), &row[2]);
            if let Some(number) = named(what, "page ") {
                let page = library::find(number).unwrap();
                assert_eq!(page.head.minutes, Some(minutes), "{name}: {row:?}");
            } else if let Some(id) = named(what, "exercise ") {
                let task = find(id).unwrap_or_else(|| panic!("{name}: {row:?}")).task();
                assert_eq!(task.minutes, minutes, "{name}: {row:?}");
            }
            at += minutes;
        }
        let total = if name == "Half a day" {
            4 * 60
        } else {
            7 * 60 + 30
        };
        assert_eq!(at, total, "{name}");
        assert_eq!(rows.last().unwrap()[2], "", "{name} says when it ends");
    }
}

#[test]
fn two_days_have_every_page_and_time_for_every_exercise() {
    let page = read("book/src/teaching.md");
    let rows: Vec<_> = plans(&page)
        .into_iter()
        .filter(|(name, _)| name.starts_with("Day"))
        .flat_map(|(_, rows)| rows)
        .collect();
    for page in library::pages().unwrap() {
        let number = page.stem.split('-').next().unwrap();
        let shown = |row: &Vec<String>| named(&row[2], "page ") == Some(number);
        assert!(rows.iter().any(shown), "{number} is shown on no day");
        let of_it = rows
            .iter()
            .filter(|row| named(&row[2], "exercises of ") == Some(number));
        let given: u32 = of_it.map(|row| row[1].parse::<u32>().unwrap()).sum();
        let asked = all().into_iter().filter(|one| one.chapter == page.stem);
        let asked: u32 = asked.map(|one| one.task().minutes).sum();
        assert!(asked <= given, "{number}: {asked} minutes in {given}");
    }
}

/// Every `era …` of the page is a command line that era takes.
#[test]
fn every_command_that_the_page_names_is_one() {
    let page = read("book/src/teaching.md");
    let quoted = page.split('`').skip(1).step_by(2).map(str::to_owned);
    let typed = page.lines().filter_map(|line| line.strip_prefix("$ "));
    let typed = typed.map(|line| line.split("  ").next().unwrap().to_owned());
    let mut seen = 0;
    for line in quoted.chain(typed) {
        let Some(words) = line.strip_prefix("era ") else {
            continue;
        };
        let words: Vec<_> = words.split(' ').collect();
        let flags = words.iter().filter(|word| word.starts_with("--"));
        let command: Vec<_> = words
            .iter()
            .take_while(|word| word.bytes().all(|byte| byte.is_ascii_lowercase()))
            .take(2)
            .collect();
        let help = |words: &[&&str]| {
            let era = Command::new(env!("CARGO_BIN_EXE_era"))
                .args(words)
                .arg("--help")
                .output()
                .unwrap();
            (era.status.success(), String::from_utf8(era.stdout).unwrap())
        };
        let (mut known, mut text) = help(&command);
        if !known
            || command.len() == 2 && ["exercise", "class"].iter().all(|it| **command[0] != **it)
        {
            (known, text) = help(&command[..1]);
        }
        assert!(known, "{line}");
        for flag in flags.filter(|flag| **flag != "--") {
            let name = flag.split('=').next().unwrap();
            assert!(text.contains(name), "{line}: {name} is none of\n{text}");
        }
        seen += 1;
    }
    assert!(seen > 20, "{seen} command lines were found");
}

/// The packages that an `apt-get install` of a file names.
fn packages(text: &str) -> Vec<String> {
    let (_, rest) = text.split_once("apt-get install").unwrap();
    let lines = rest.split_inclusive('\n');
    let mut list = String::new();
    for line in lines {
        list.push_str(line.trim_end().trim_end_matches('\\'));
        if !line.trim_end().ends_with('\\') {
            break;
        }
    }
    let list = list.split("&&").next().unwrap();
    let words = list.split([' ', '"']).map(str::trim);
    let words = words.filter(|word| !word.is_empty() && !word.starts_with('-'));
    words.map(str::to_owned).collect()
}

/// Those of another system get what CI installs, and no more.
#[test]
fn machines_for_other_systems_have_the_packages_that_ci_has() {
    let ci = read(".ci/run");
    let container = read(".devcontainer/Dockerfile");
    let lima = read("lima.yaml");
    let wanted = packages(&lima);
    assert_eq!(packages(&container), wanted);
    for package in wanted.iter().filter(|package| *package != "$qemu") {
        let is_installed = ci
            .split([' ', ',', '\n'])
            .any(|word| word == package || word.ends_with(&format!("={package}")));
        assert!(is_installed, "{package} is not in .ci/run");
    }
    for needed in [
        "bash",
        "cargo",
        "gcc",
        "libc6-dev",
        "libcap2-bin",
        "strace",
        "tmux",
        "uidmap",
    ] {
        assert!(wanted.iter().any(|package| package == needed), "{needed}");
    }
    for file in [&container, &lima] {
        for qemu in ["qemu=qemu-system-arm ", "qemu=qemu-system-x86 "] {
            assert!(file.contains(qemu), "{qemu}");
        }
    }
    // What the page has people install by hand is among it, too.
    let page = read("book/src/teaching.md");
    let by_hand = page.split("sudo apt install ").skip(1);
    for word in by_hand.filter_map(|rest| rest.split('`').next()) {
        for package in word.split_whitespace() {
            let known = wanted.iter().any(|one| one == package);
            assert!(
                known || package.starts_with("qemu-system-") || package == "rustup",
                "{package}"
            );
        }
    }
}

#[test]
fn the_devcontainer_and_the_lima_file_can_be_read() {
    let json: serde_json::Value =
        serde_json::from_str(&read(".devcontainer/devcontainer.json")).unwrap();
    assert_eq!(json["build"]["dockerfile"], "Dockerfile");
    let flags = json["runArgs"].to_string();
    for needed in [
        "seccomp=unconfined",
        "apparmor=unconfined",
        "systempaths=unconfined",
    ] {
        assert!(flags.contains(needed), "{flags}");
    }
    let container = read(".devcontainer/Dockerfile");
    let user = json["remoteUser"].as_str().unwrap();
    assert!(container.contains(&format!("useradd --create-home --shell /bin/bash {user}")));
    // Debian 13: the first with a Rust that is new enough.
    assert!(container.contains("\nFROM debian:13\n"));

    use saphyr::LoadableYamlNode;
    let lima = saphyr::Yaml::load_from_str(&read("lima.yaml")).unwrap();
    let lima = &lima[0];
    assert_eq!(lima["base"][0].as_str(), Some("template:_images/debian-13"));
    let scripts = lima["provision"].as_vec().unwrap();
    for script in scripts {
        assert!(["system", "user"].contains(&script["mode"].as_str().unwrap()));
        let text = script["script"].as_str().unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        let checked = Command::new("bash").arg("-n").arg(file.path()).status();
        assert!(checked.unwrap().success(), "{text}");
    }
    for page in ["README.md", "book/src/teaching.md"] {
        let text = read(page);
        assert!(
            text.contains("lima.yaml") && text.contains("devcontainer"),
            "{page}"
        );
    }
}
