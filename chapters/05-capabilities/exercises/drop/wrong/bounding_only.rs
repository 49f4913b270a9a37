//! Refused: the command has the capabilities of KEEP, and no others
//! Observed: CapPrm is cap_

use std::os::unix::process::CommandExt;
use std::process::{Command, exit};

use nix::errno::Errno;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [keep, command, arguments @ ..] = words.as_slice() else {
        eprintln!("usage: answer KEEP COMMAND [ARGUMENT…]");
        exit(2);
    };
    let number = |text: &str| text.parse::<u8>().expect("a capability is a number");
    let keep = keep.split(',').fold(0, |set, bit| set | 1 << number(bit));
    if let Err(errno) = keep_only(keep) {
        eprintln!("answer: too much is left, so nothing is started: {errno}");
        exit(125);
    }
    let error = Command::new(command).args(arguments).exec();
    eprintln!("answer: cannot run {command}: {error}");
    exit(127);
}

fn keep_only(keep: u64) -> nix::Result<()> {
    let last = std::fs::read_to_string("/proc/sys/kernel/cap_last_cap");
    let last: u64 = last
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(63);
    for bit in (0..=last).filter(|bit| keep >> bit & 1 == 0) {
        // SAFETY: takes numbers.
        Errno::result(unsafe { libc::prctl(libc::PR_CAPBSET_DROP, bit, 0, 0, 0) })?;
    }
    Ok(())
}
