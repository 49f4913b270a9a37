//! 2005: strict mode. Three calls and the way back from a signal handler are left, and any
//! other ends the process.
//!
//! It was made to rent out processors: a stranger's computation reads its input and writes
//! its output by descriptors that were opened for it before, and can do nothing else. No
//! program can be started in it, since execve(2) is a call like any other; so what runs here
//! is a piece of our own code.

use std::convert::Infallible;
use std::io::{Stdin, Stdout, stdin, stdout};

use groundwork::kernel;
use groundwork::process::{Program, Ready};
use groundwork::step;
use nix::errno::Errno;
use nix::unistd::{Pid, read, write};

use crate::error::{Error, Result};

/// A call that strict mode does not allow.
#[derive(Debug)]
pub enum Forbidden {
    /// getpid(2), which harms nobody.
    Getpid,
    /// openat(2): nothing can be opened any more.
    Open,
    /// exit_group(2), by which the C library ends a program.
    ExitGroup,
    /// execve(2) of this program.
    Execve(Program),
}

/// The status of a computation that could not read or write.
const FAILED: i32 = 125;

/// Enters strict mode, copies input to output in capital letters, and ends.
///
/// `forbidden` is called after that: what the kernel makes of it is seen from outside only.
// ANCHOR: strict
pub fn run(forbidden: Option<Forbidden>) -> Result<Infallible> {
    // All that takes a call of its own comes before.
    let (input, output) = (stdin(), stdout());
    let program = match &forbidden {
        Some(Forbidden::Execve(program)) => Some(program.ready()),
        _ => None,
    };
    make_room();

    step("From here on: read, write, exit, sigreturn, or the end");
    kernel::prctl_set_seccomp_strict().map_err(Error::Strict)?;

    let status = match program {
        None => compute(&input, &output),
        Some(_) => 0,
    };
    if let Some(forbidden) = &forbidden {
        attempt(forbidden, program.as_ref());
    }
    kernel::exit_thread(status)
}

/// Input to output, in capital letters: read(2) and write(2) are all that it takes.
fn compute(input: &Stdin, output: &Stdout) -> i32 {
    let mut piece = [0; 4096];
    loop {
        let count = match read(input, &mut piece) {
            Ok(0) => return 0,
            Ok(count) => count,
            Err(Errno::EINTR) => continue,
            Err(_) => return FAILED,
        };
        piece.make_ascii_uppercase();
        let mut rest = &piece[..count];
        while !rest.is_empty() {
            match write(output, rest) {
                Ok(written) => rest = &rest[written..],
                Err(Errno::EINTR) => {}
                Err(_) => return FAILED,
            }
        }
    }
}
// ANCHOR_END: strict

/// Does not come back, if strict mode is what it says.
fn attempt(forbidden: &Forbidden, program: Option<&Ready<'_>>) {
    match (forbidden, program) {
        (Forbidden::Getpid, _) => drop(Pid::this()),
        (Forbidden::Open, _) => drop(std::fs::File::open("/dev/null")),
        (Forbidden::ExitGroup, _) => std::process::exit(0),
        (Forbidden::Execve(_), Some(program)) => drop(program.exec()),
        (Forbidden::Execve(_), None) => {}
    }
}

/// The narration needs a little memory, and to ask the kernel for more would be the end: so
/// the allocator asks now, and keeps it.
fn make_room() {
    drop(std::hint::black_box(Vec::<u8>::with_capacity(64 * 1024)));
}
