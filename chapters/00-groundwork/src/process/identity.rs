//! Which process a number stands for: /proc/PID/stat, proc_pid_stat(5).

use std::fs;

/// The fields after the name: state, parent, group, …
pub fn stat(pid: &str) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name stands in parentheses and may hold some itself.
    let fields = &text[text.rfind(')')? + 1..];
    Some(fields.split_whitespace().map(str::to_owned).collect())
}

/// Whether it runs: there, and no zombie that waits to be collected.
pub fn is_alive(pid: &str) -> bool {
    stat(pid).is_some_and(|fields| {
        fields
            .first()
            .is_some_and(|state| state != "Z" && state != "X")
    })
}

/// When it started, in ticks since boot: with its number, a name that is never used again.
pub fn started(pid: &str) -> Option<String> {
    stat(pid)?.get(19).cloned()
}
