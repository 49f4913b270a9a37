//! Refused: the program does it itself
//! Observed: done by another program: it started /

fn main() {
    let canary = std::env::args().nth(1).unwrap();
    std::fs::create_dir_all("x").unwrap();
    nix::unistd::chroot("x").unwrap();
    for _ in 0..1024 {
        nix::unistd::chdir("..").unwrap();
    }
    nix::unistd::chroot(".").unwrap();
    let _ = std::process::Command::new("/usr/bin/cat")
        .arg(canary)
        .status();
}
