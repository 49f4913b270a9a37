//! answer ROOT COMMAND [ARGUMENT…]: the command, inside another root directory.

use std::ffi::{OsStr, OsString};

fn main() {
    // Not `args`: a path or an argument need not be text.
    let words: Vec<OsString> = std::env::args_os().skip(1).collect();
    let [root, command, arguments @ ..] = words.as_slice() else {
        eprintln!("usage: answer ROOT COMMAND [ARGUMENT…]");
        std::process::exit(2);
    };
    enter(root);
    let _ = (command, arguments);
    todo!("become the command");
}

/// From here on `/` is `root`, and nothing of outside is held.
fn enter(root: &OsStr) {
    let _ = root;
    todo!("enter the root directory");
}
