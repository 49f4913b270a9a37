//! What strace saw: `strace -ff -v -y`, a file for each process.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use groundwork::kernel;

use crate::{Calls, Listed, Seen, canonical};

/// One line of strace: `name(args) = result`.
struct Line {
    name: String,
    args: Vec<String>,
    result: String,
}

/// The calls of our own processes, until each became a program.
pub fn seen(folder: &Path, listed: &Listed) -> Calls {
    let files: BTreeMap<i32, String> = std::fs::read_dir(folder)
        .expect("strace wrote its files")
        .flatten()
        .map(|file| {
            let name = file.file_name().into_string().unwrap();
            let pid = name.trim_start_matches("t.").parse().unwrap();
            (pid, std::fs::read_to_string(file.path()).unwrap())
        })
        .collect();
    let mut calls = Calls::new();
    let Some((&first, _)) = files.iter().find(|(_, text)| begins_with_us(text)) else {
        return calls;
    };
    let mut ours = BTreeSet::from([first]);
    while let Some(pid) = ours.pop_first() {
        let lines = files.get(&pid).map_or("", String::as_str);
        // The first execve is strace's own: it started us.
        let skip = usize::from(pid == first);
        for line in lines.lines().filter_map(parse).skip(skip) {
            let is_start = line.name == "execve" && line.result == "0";
            if line.name.starts_with("clone") {
                ours.extend(line.result.parse::<i32>());
            }
            if listed.has(&line.name, &line.args) {
                calls.entry(pid).or_default().push(Seen {
                    call: canonical(&line.name, &line.args),
                    result: line.result,
                });
            }
            if is_start {
                break;
            }
        }
    }
    calls
}

/// The process that strace started.
fn begins_with_us(text: &str) -> bool {
    let start = text.lines().next().unwrap_or_default();
    start.starts_with("execve(") && start.contains("/era-")
}

fn parse(line: &str) -> Option<Line> {
    let (call, result) = line.rsplit_once(" = ")?;
    let (name, args) = call.trim_end().split_once('(')?;
    // clone3 shows what came back behind an arrow, within its brackets.
    let args = args.strip_suffix(')')?;
    let args = args.split(" => ").next()?;
    let mut words = result.split_whitespace();
    let result = match words.next()? {
        "-1" => words.next()?.to_owned(),
        number => undecorated(number),
    };
    let args = as_told(name, split(args));
    let name = name.to_owned();
    Some(Line { name, args, result })
}

/// `3</proc/1/ns/uts>` is 3.
fn undecorated(text: &str) -> String {
    match text.split_once('<') {
        Some((number, _)) if number.parse::<i32>().is_ok() => number.to_owned(),
        _ => text.to_owned(),
    }
}

/// The arguments, at the commas that are in no string and no bracket.
fn split(args: &str) -> Vec<String> {
    let (mut words, mut word) = (Vec::new(), String::new());
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    for letter in args.chars() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '[' | '{' if !quoted => depth += 1,
            ']' | '}' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                words.push(std::mem::take(&mut word).trim().to_owned());
                continue;
            }
            _ => {}
        }
        word.push(letter);
    }
    if !word.trim().is_empty() {
        words.push(word.trim().to_owned());
    }
    words
}

/// The same arguments as we tell them: less for the few calls where strace tells more.
fn as_told(name: &str, args: Vec<String>) -> Vec<String> {
    let field = |text: &str, name: &str| {
        let (_, rest) = text.split_once(&format!("{name}="))?;
        let end = rest.find([',', '}']).unwrap_or(rest.len());
        Some(rest[..end].to_owned())
    };
    match name {
        "clone3" => field(&args[0], "flags").into_iter().collect(),
        "execve" => args.into_iter().take(2).collect(),
        // The file of the descriptor, and what is written.
        "write" => {
            let file = args[0].split_once('<').map_or("", |(_, file)| file);
            vec![file.trim_end_matches('>').to_owned(), args[1].clone()]
        }
        // Where the filter lies in memory is nobody's concern.
        "seccomp" => {
            let mut args = args;
            if let Some(length) = args.get(2).and_then(|program| field(program, "len")) {
                args[2] = format!("{{len={length}}}");
            }
            args.iter().map(|arg| undecorated(arg)).collect()
        }
        "setgroups" => vec![args[0].clone(), args[1].replace("NULL", "[]")],
        "capset" => {
            let sets = ["effective", "permitted", "inheritable"].map(|set| {
                let names = field(&args[1], set).unwrap_or_default();
                format!("{set}={:#x}", mask(&names))
            });
            vec![sets.join(", ")]
        }
        _ => args.iter().map(|arg| undecorated(arg)).collect(),
    }
}

/// `1<<CAP_CHOWN|1<<CAP_KILL` as a number.
fn mask(names: &str) -> u64 {
    let number = |name: &str| {
        let name = name.trim_start_matches("1<<");
        (0..64).find(|number| kernel::capability_name(*number) == name)
    };
    names
        .split('|')
        .filter_map(number)
        .map(|bit| 1 << bit)
        .sum()
}
