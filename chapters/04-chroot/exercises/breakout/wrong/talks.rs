//! Refused: the program prints nothing else on stdout
//! Observed: "outside, it seems\n

fn main() {
    let canary = std::env::args().nth(1).unwrap();
    std::fs::create_dir_all("x").unwrap();
    nix::unistd::chroot("x").unwrap();
    for _ in 0..1024 {
        nix::unistd::chdir("..").unwrap();
    }
    nix::unistd::chroot(".").unwrap();
    println!("outside, it seems");
    print!("{}", std::fs::read_to_string(canary).unwrap());
}
