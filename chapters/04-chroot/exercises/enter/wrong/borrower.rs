//! Refused: the program does it itself
//! Observed: done by another program: it started /usr/

fn main() {
    let words: Vec<std::ffi::OsString> = std::env::args_os().skip(1).collect();
    let status = std::process::Command::new("chroot")
        .args(&words)
        .status()
        .unwrap();
    std::process::exit(status.code().unwrap());
}
