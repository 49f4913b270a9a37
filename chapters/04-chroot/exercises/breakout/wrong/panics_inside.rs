//! Refused: the program prints what is in the canary
//! Observed: kind: NotFound, message: "No such file or directory" }; it did not come to read

fn main() {
    let canary = std::env::args().nth(1).unwrap();
    std::fs::create_dir_all("x").unwrap();
    nix::unistd::chroot("x").unwrap();
    nix::unistd::chdir("/").unwrap();
    println!("{}", std::fs::read_to_string(canary).unwrap());
}
