//! answer GROUP: ends everybody in the group, and nobody else.

use std::path::{Path, PathBuf};

fn main() {
    let Some(group) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: answer GROUP");
        std::process::exit(2);
    };
    end_all(&group);
}

/// Returns when nobody is left.
fn end_all(group: &Path) {
    let _ = group;
    todo!("end everybody");
}
