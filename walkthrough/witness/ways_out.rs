//! Ways out of a root directory, for who may change it.

use super::{AT_FDCWD, call, number};

/// Out of a chroot: a second one, below where we stand.
pub fn chroot_again() {
    call(
        number::MKDIRAT,
        [AT_FDCWD, c"era-x".as_ptr() as usize, 0o700, 0, 0],
    );
    for folder in [c"era-x", c"room"] {
        if call(number::CHROOT, [folder.as_ptr() as usize, 0, 0, 0, 0]) == 0 {
            break;
        }
    }
    let mut step = 0;
    while step < 64 {
        call(number::CHDIR, [c"..".as_ptr() as usize, 0, 0, 0, 0]);
        step += 1;
    }
    call(number::CHROOT, [c".".as_ptr() as usize, 0, 0, 0, 0]);
}

/// To an old root that lies below ours: takes ours away, and enters our own mount namespace
/// once more, which leads to what is topmost at its root: setns(2).
pub fn look_below() {
    const MNT_DETACH: usize = 2;
    const CLONE_NEWNS: usize = 0x0002_0000;
    let me = call(number::GETPID, [0; 5]) as usize;
    let us = call(number::PIDFD_OPEN, [me, 0, 0, 0, 0]) as usize;
    let root = c"/".as_ptr() as usize;
    call(number::UMOUNT2, [root, MNT_DETACH, 0, 0, 0]);
    call(number::SETNS, [us, CLONE_NEWNS, 0, 0, 0]);
}
