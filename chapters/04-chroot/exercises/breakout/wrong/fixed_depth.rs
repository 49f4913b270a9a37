//! Refused: the program prints what is in the canary
//! Observed: No such file or directory

fn main() {
    let canary = std::env::args().nth(1).unwrap();
    std::fs::create_dir_all("x").unwrap();
    nix::unistd::chroot("x").unwrap();
    for _ in 0..256 {
        nix::unistd::chdir("..").unwrap();
    }
    nix::unistd::chroot(".").unwrap();
    match std::fs::read_to_string(canary) {
        Ok(text) => print!("{text}"),
        Err(error) => eprintln!("{error}"),
    }
}
