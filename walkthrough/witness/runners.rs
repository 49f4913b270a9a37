//! Processes that are gone before anybody has listed them.

use super::{SIGCHLD, call, exit, number, sleep};

const CLONE_PARENT: usize = 0x8000;
const CLONE_UNTRACED: usize = 0x0080_0000;

/// Runners that nobody counts: each becomes its own child all the time, so its number is
/// another one each time that somebody looks. Nobody has to collect them.
pub fn storm(count: usize) {
    let ignore = [1_usize, 0, 0, 0];
    let action = &raw const ignore as usize;
    call(number::RT_SIGACTION, [SIGCHLD, action, 0, 8, 0]);
    for _ in 0..count {
        if call(number::CLONE, [SIGCHLD | CLONE_UNTRACED, 0, 0, 0, 0]) == 0 {
            run_away();
        }
    }
}

fn run_away() -> ! {
    let sibling = SIGCHLD | CLONE_UNTRACED | CLONE_PARENT;
    loop {
        // Others want to run, too; what is read and what is done lie further apart.
        sleep(1);
        if call(number::CLONE, [sibling, 0, 0, 0, 0]) > 0 {
            exit(0);
        }
    }
}
