//! What a program told of itself: --explain=json.

use serde_json::Value;

use crate::{Calls, Listed, Seen, canonical};

/// The calls that were told, by process.
pub fn told(stderr: &str, listed: &Listed) -> Calls {
    let mut calls = Calls::new();
    for line in stderr.lines().filter(|line| line.starts_with("{\"event\"")) {
        let event: Value = serde_json::from_str(line).expect("a line of JSON an event");
        let args: Vec<String> = match event["args"].as_array() {
            Some(args) => args.iter().map(|arg| text(arg).to_owned()).collect(),
            None => continue,
        };
        let (pid, name) = (event["pid"].as_i64().unwrap() as i32, text(&event["name"]));
        let result = match (&event["result"]["ok"], &event["result"]["errno"]) {
            (Value::Number(number), _) => number.to_string(),
            (_, Value::String(errno)) => errno.clone(),
            // An execve that was announced, and succeeded if nothing else is heard of it.
            _ => "0".to_owned(),
        };
        let args = unquoted_file(name, args);
        if !listed.has(name, &args) {
            continue;
        }
        let of_process = calls.entry(pid).or_default();
        let call = canonical(name, &args_as_seen(name, args));
        if name == "execve" && of_process.last().is_some_and(|last| last.call == call) {
            of_process.pop();
        }
        of_process.push(Seen { call, result });
    }
    calls
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The file that is written to, without its quotes.
fn unquoted_file(name: &str, mut args: Vec<String>) -> Vec<String> {
    if name == "write" {
        args[0] = args[0].trim_matches('"').to_owned();
    }
    args
}

fn args_as_seen(name: &str, mut args: Vec<String>) -> Vec<String> {
    if name == "execve" {
        args.truncate(2);
    }
    args
}
