//! Another way: a child enters while its parent waits and hands the status on. All
//! descriptors are closed one by one, as it was done before close_range(2).

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::Command;

fn main() {
    let words: Vec<std::ffi::OsString> = std::env::args_os().skip(1).collect();
    let [root, command, arguments @ ..] = words.as_slice() else {
        std::process::exit(2);
    };
    let open: Vec<i32> = std::fs::read_dir("/proc/self/fd")
        .expect("there is a /proc")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|number| *number > 2)
        .collect();
    for number in open {
        let _ = nix::unistd::close(number);
    }
    let root = root.clone();
    let mut child = Command::new(command);
    child.args(arguments);
    // SAFETY: only system calls between fork and exec.
    unsafe {
        child.pre_exec(move || {
            nix::unistd::chdir(root.as_os_str())?;
            nix::unistd::chroot(".")?;
            Ok(())
        });
    }
    let status = child.status().expect("the command starts");
    let code = status.code().or(status.signal().map(|signal| 128 + signal));
    std::process::exit(code.unwrap_or(125));
}
