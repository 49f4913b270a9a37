//! Refused: the command is in the group from its first instruction on
//! Observed: it began outside

use std::os::unix::process::CommandExt;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let group = format!("{}/{}", words[0], words[1]);
    std::fs::create_dir(&group).unwrap();
    // The child sleeps for a moment, in the hope that its parent is quick.
    // SAFETY: one thread only.
    let child = unsafe { libc::fork() };
    if child == 0 {
        std::thread::sleep(std::time::Duration::from_millis(100));
        let error = std::process::Command::new(&words[2])
            .args(&words[3..])
            .exec();
        panic!("{error}");
    }
    std::fs::write(format!("{group}/cgroup.procs"), child.to_string()).unwrap();
    let mut status = 0;
    // SAFETY: the kernel writes one number, which lives here.
    unsafe { libc::waitpid(child, &raw mut status, 0) };
    std::fs::remove_dir(&group).unwrap();
    std::process::exit(libc::WEXITSTATUS(status));
}
