//! Children that are there for as long as a check looks at them, however long that is.

use super::{SIGCHLD, call, number, sleep, wait_for_all};

/// Children of ours, at most so many.
static mut CHILDREN: [usize; 8] = [0; 8];

/// Children that live until they are ended.
pub fn make(count: usize) {
    let mut at = 0;
    while at < count && at < 8 {
        let child = call(number::CLONE, [SIGCHLD, 0, 0, 0, 0]);
        if child == 0 {
            loop {
                sleep(500);
            }
        }
        let place = (&raw mut CHILDREN).cast::<usize>();
        // SAFETY: there are eight places; one thread only.
        unsafe { place.add(at).write(child as usize) };
        at += 1;
    }
}

/// Ends them, and waits for them.
pub fn end() {
    const SIGKILL: usize = 9;
    // SAFETY: as above.
    for child in unsafe { (&raw const CHILDREN).read() } {
        if child != 0 {
            call(number::KILL, [child, SIGKILL, 0, 0, 0]);
        }
    }
    wait_for_all();
}
