//! answer PARENT NAME COMMAND [ARGUMENT…]: the command in a control group of its own.

use std::path::{Path, PathBuf};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [parent, name, command @ ..] = words.as_slice() else {
        eprintln!("usage: answer PARENT NAME COMMAND [ARGUMENT…]");
        std::process::exit(2);
    };
    let group: PathBuf = Path::new(parent).join(name);
    std::fs::create_dir(&group).expect("PARENT may be written");
    let status = run_in(&group, command);
    std::process::exit(status);
}

/// Runs the command in the group; gives its exit status.
fn run_in(group: &Path, command: &[String]) -> i32 {
    let _ = (group, command);
    todo!("start the command in the group, wait for it, remove the group");
}
