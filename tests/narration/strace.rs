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
        "mount_setattr" => {
            let at = args[0].split('<').next().unwrap_or_default().to_owned();
            // It does not know that no propagation is asked for by 0.
            let rest = args[1..].iter().map(|arg| arg.replace(" /* MS_??? */", ""));
            [at].into_iter().chain(rest).collect()
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
            let words = [
                ("eff", "effective"),
                ("prm", "permitted"),
                ("inh", "inheritable"),
            ];
            let sets = words.map(|(ours, theirs)| {
                let names = field(&args[1], theirs).unwrap_or_default();
                format!("{ours}={}", kernel::capability_list(mask(&names)))
            });
            sets.to_vec()
        }
        "lsetxattr" => {
            let (mut args, mut value) = (args, Vec::new());
            value.extend(bytes(&args[2]));
            // strace leaves a last zero out.
            value.resize(args[3].parse().unwrap(), 0);
            args[2] = words(&value);
            args
        }
        _ => args.iter().map(|arg| undecorated(arg)).collect(),
    }
}

/// The bytes of a string as C writes it: `"\1\0\0\2"`.
fn bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.trim_matches('"').bytes().peekable();
    while let Some(byte) = rest.next() {
        let escaped = if byte == b'\\' { rest.next() } else { None };
        bytes.push(match escaped {
            None => byte,
            Some(digit @ b'0'..=b'7') => {
                let mut number = u32::from(digit - b'0');
                for _ in 0..2 {
                    let Some(digit) = rest.next_if(|next| (b'0'..=b'7').contains(next)) else {
                        break;
                    };
                    number = number * 8 + u32::from(digit - b'0');
                }
                number as u8
            }
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(b'r') => b'\r',
            Some(b'v') => 0x0b,
            Some(b'f') => 0x0c,
            Some(other) => other,
        });
    }
    bytes
}

/// Bytes as words of 32 bits, the lowest first: `{0x2000001, 0x400}`.
fn words(bytes: &[u8]) -> String {
    let words =
        bytes
            .chunks_exact(4)
            .map(|word| match u32::from_le_bytes(word.try_into().unwrap()) {
                0 => "0".to_owned(),
                word => format!("{word:#x}"),
            });
    format!("{{{}}}", words.collect::<Vec<_>>().join(", "))
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
