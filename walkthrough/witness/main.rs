//! The witness: the command that an answer has to run.
//!
//! It has no libraries and asks nobody for anything, so it starts in an empty root. Its
//! first argument is a random text. Before its first instruction the check looks at it
//! from outside and then writes an order over that text; after each order it stops by
//! SIGTRAP, and gets the next. Without a check there is no order: it ends with status 1.
//!
//! Compiled by build.rs, since it is started where no library is.
#![no_std]
#![no_main]
#![no_builtins]

use core::arch::{asm, global_asm};

mod calls;
mod runners;
mod ways_out;

/// System calls by number: syscalls(2).
#[cfg(target_arch = "x86_64")]
mod number {
    pub const BRK: usize = 12;
    pub const RT_SIGACTION: usize = 13;
    pub const RT_SIGPROCMASK: usize = 14;
    pub const MADVISE: usize = 28;
    pub const NANOSLEEP: usize = 35;
    pub const GETPID: usize = 39;
    pub const SOCKET: usize = 41;
    pub const BIND: usize = 49;
    pub const LISTEN: usize = 50;
    pub const CLONE: usize = 56;
    pub const EXECVE: usize = 59;
    pub const WAIT4: usize = 61;
    pub const KILL: usize = 62;
    pub const CHDIR: usize = 80;
    pub const CHROOT: usize = 161;
    pub const UMOUNT2: usize = 166;
    pub const EXIT_GROUP: usize = 231;
    pub const MKDIRAT: usize = 258;
    pub const FCHOWNAT: usize = 260;
    pub const SETNS: usize = 308;
    pub const PIDFD_OPEN: usize = 434;
}

#[cfg(target_arch = "aarch64")]
mod number {
    pub const MKDIRAT: usize = 34;
    pub const UMOUNT2: usize = 39;
    pub const CHDIR: usize = 49;
    pub const CHROOT: usize = 51;
    pub const FCHOWNAT: usize = 54;
    pub const EXIT_GROUP: usize = 94;
    pub const NANOSLEEP: usize = 101;
    pub const KILL: usize = 129;
    pub const RT_SIGACTION: usize = 134;
    pub const RT_SIGPROCMASK: usize = 135;
    pub const GETPID: usize = 172;
    pub const SOCKET: usize = 198;
    pub const BIND: usize = 200;
    pub const LISTEN: usize = 201;
    pub const BRK: usize = 214;
    pub const CLONE: usize = 220;
    pub const EXECVE: usize = 221;
    pub const MADVISE: usize = 233;
    pub const WAIT4: usize = 260;
    pub const SETNS: usize = 268;
    pub const PIDFD_OPEN: usize = 434;
}

const SIGTRAP: usize = 5;
const SIGCHLD: usize = 17;
const AT_FDCWD: usize = -100_isize as usize;

// The kernel leaves the number of arguments at the top of the stack, then the arguments.
#[cfg(target_arch = "x86_64")]
global_asm!(
    ".globl _start",
    "_start:",
    "mov rdi, rsp",
    "and rsp, -16",
    "call {main}",
    main = sym main,
);
#[cfg(target_arch = "aarch64")]
global_asm!(
    ".globl _start",
    "_start:",
    "mov x0, sp",
    "bl {main}",
    main = sym main,
);

fn call(number: usize, arguments: [usize; 5]) -> isize {
    let [a, b, c, d, e] = arguments;
    let result: isize;
    // SAFETY: system calls that read what the arguments point to, all of it alive.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number as isize => result,
            in("rdi") a, in("rsi") b, in("rdx") c, in("r10") d, in("r8") e,
            lateout("rcx") _, lateout("r11") _,
        );
    }
    // SAFETY: as above.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        asm!(
            "svc 0",
            in("x8") number,
            inlateout("x0") a as isize => result,
            in("x1") b, in("x2") c, in("x3") d, in("x4") e,
        );
    }
    result
}

extern "C" fn main(stack: *const usize) -> ! {
    // SAFETY: the stack is as the kernel made it: argc, then argv.
    let (count, order) = unsafe { (*stack, *stack.add(2) as *const u8) };
    if count < 2 {
        exit(1);
    }
    // Whoever started us may have blocked all signals.
    let stop = 1_u64 << (SIGTRAP - 1);
    call(
        number::RT_SIGPROCMASK,
        [1, &raw const stop as usize, 0, 8, 0],
    );
    loop {
        match byte(order, 0) {
            b'q' => exit(digits(order)),
            b'e' => ways_out::chroot_again(),
            // The first letter of the text that it is started with: no order may begin so.
            b'n' => exit(1),
            b'p' => ways_out::look_below(),
            b'o' => leave_an_orphan(),
            b'z' => leave_zombies(digits(order)),
            b'k' => signal_myself(digits(order)),
            b'm' => grow(digits(order)),
            b'g' => grow_and_give_back(digits(order)),
            b'M' => child_grows(digits(order)),
            b'f' => fork_some(digits(order)),
            b'w' => wait_for_all(),
            b'd' => leave_one_who_sleeps(),
            b'u' => runners::storm(digits(order)),
            b'b' => {
                spin_twice(order);
                continue;
            }
            b'c' => {
                child_spins(order);
                continue;
            }
            b'a' => tell_where(order.cast_mut()),
            b'i' => calls::make(),
            b'l' => listen(digits(order)),
            b'r' => change_root(),
            b't' => take(digits(order)),
            b'x' => execute_again(stack),
            b's' => {
                sleep(5);
                continue;
            }
            // So begins the text that the check gave: nobody has ordered anything.
            _ => exit(1),
        }
        let me = call(number::GETPID, [0; 5]) as usize;
        call(number::KILL, [me, SIGTRAP, 0, 0, 0]);
    }
}

/// The order changes under us.
fn byte(order: *const u8, at: usize) -> u8 {
    // SAFETY: an argument has more bytes than any order.
    unsafe { order.add(at).read_volatile() }
}

fn digits(order: *const u8) -> usize {
    let (mut number, mut at) = (0, 1);
    while byte(order, at).is_ascii_digit() {
        number = number * 10 + usize::from(byte(order, at) - b'0');
        at += 1;
    }
    number
}

/// Where a call is told: over the order, for the check to read.
fn tell_where(order: *mut u8) {
    // SAFETY: an argument has more bytes than any order, and is ours.
    unsafe { order.cast::<usize>().write_unaligned(calls::place()) };
}

/// A grandchild that outlives its parent: whoever is PID 1 inherits it.
fn leave_an_orphan() {
    let child = call(number::CLONE, [SIGCHLD, 0, 0, 0, 0]);
    if child == 0 {
        if call(number::CLONE, [SIGCHLD, 0, 0, 0, 0]) == 0 {
            sleep(20);
        }
        exit(0);
    }
    call(number::WAIT4, [child as usize, 0, 0, 0, 0]);
}

/// That many grandchildren that have ended, and nobody has collected: whoever is PID 1
/// inherits all of them at once, and is told by one signal.
fn leave_zombies(count: usize) {
    let child = call(number::CLONE, [SIGCHLD, 0, 0, 0, 0]);
    if child == 0 {
        let mut made = 0;
        while made < count {
            if fork() {
                exit(0);
            }
            made += 1;
        }
        // Whoever traces them takes note of each first.
        sleep(50);
        exit(0);
    }
    call(number::WAIT4, [child as usize, 0, 0, 0, 0]);
}

/// Listens at a port.
fn listen(port: usize) {
    const AF_INET: u8 = 2;
    const SOCK_STREAM: usize = 1;
    let socket = call(number::SOCKET, [AF_INET.into(), SOCK_STREAM, 0, 0, 0]) as usize;
    let mut address = [0_u8; 16];
    // Both machines that we know have the lowest byte first; a port has its highest first.
    address[0] = AF_INET;
    address[2] = (port >> 8) as u8;
    address[3] = port as u8;
    let bound = call(number::BIND, [socket, address.as_ptr() as usize, 16, 0, 0]);
    // A socket without a port would get one here.
    if bound == 0 {
        call(number::LISTEN, [socket, 1, 0, 0, 0]);
    }
}

/// Makes a folder beside us the root directory.
fn change_root() {
    call(number::CHROOT, [c"room".as_ptr() as usize, 0, 0, 0, 0]);
}

/// Makes a user the owner of it.
fn take(user: usize) {
    let nobody = usize::MAX;
    call(
        number::FCHOWNAT,
        [AT_FDCWD, c"room".as_ptr() as usize, user, nobody, 0],
    );
}

/// Becomes itself once more, with the arguments and the environment that it has.
fn execute_again(stack: *const usize) {
    let me = c"/proc/self/exe".as_ptr() as usize;
    // SAFETY: argc; that many arguments and a zero; then the environment.
    let (argv, envp) = unsafe { (stack.add(1), stack.add(*stack + 2)) };
    call(number::EXECVE, [me, argv as usize, envp as usize, 0, 0]);
    exit(1);
}

fn fork() -> bool {
    call(number::CLONE, [SIGCHLD, 0, 0, 0, 0]) == 0
}

fn signal_myself(signal: usize) {
    let me = call(number::GETPID, [0; 5]) as usize;
    call(number::KILL, [me, signal, 0, 0, 0]);
}

/// That many MB are asked for, and touched: brk(2).
fn grow(megabytes: usize) {
    let start = call(number::BRK, [0; 5]) as usize;
    let end = start + (megabytes << 20);
    if call(number::BRK, [end, 0, 0, 0, 0]) as usize != end {
        exit(1);
    }
    let mut at = start;
    while at < end {
        // SAFETY: the kernel has just given us all of it.
        unsafe { (at as *mut u8).write_volatile(1) };
        at += 4096;
    }
}

/// That many MB are touched, each of which the kernel may have back at once: whoever has
/// less is at the limit, and lives.
fn grow_and_give_back(megabytes: usize) {
    const MADV_FREE: usize = 8;
    let mut left = megabytes;
    while left > 0 {
        // Where a page begins.
        let end = call(number::BRK, [0; 5]) as usize;
        call(number::BRK, [end.next_multiple_of(4096), 0, 0, 0, 0]);
        let start = call(number::BRK, [0; 5]) as usize;
        grow(1);
        call(number::MADVISE, [start, 1 << 20, MADV_FREE, 0, 0]);
        left -= 1;
    }
}

fn child_grows(megabytes: usize) {
    if fork() {
        grow(megabytes);
        exit(0);
    }
    wait_for_all();
}

/// Children that wait to be ended.
fn fork_some(count: usize) {
    for _ in 0..count {
        if fork() {
            sleep(60_000);
            exit(0);
        }
    }
}

fn wait_for_all() {
    while call(number::WAIT4, [usize::MAX, 0, 0, 0, 0]) > 0 {}
}

fn leave_one_who_sleeps() {
    if fork() {
        loop {
            sleep(1000);
        }
    }
}

/// A second thread computes for ever, and so do we until there is another order.
fn spin_twice(order: *const u8) {
    // CLONE_VM, _FS, _FILES, _SIGHAND, _THREAD, _SYSVSEM.
    let thread = 0x0005_0f00_usize;
    // It has no use for a stack: it makes no call and comes to no end.
    // SAFETY: the new thread writes nowhere and returns never.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        asm!(
            "syscall", "test rax, rax", "jnz 3f", "2: jmp 2b", "3:",
            inlateout("rax") number::CLONE => _,
            in("rdi") thread, in("rsi") order, in("rdx") 0, in("r10") 0, in("r8") 0,
            lateout("rcx") _, lateout("r11") _,
        );
    }
    // SAFETY: as above.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        asm!(
            "svc 0", "cbnz x0, 3f", "2: b 2b", "3:",
            in("x8") number::CLONE, inlateout("x0") thread => _,
            in("x1") order, in("x2") 0, in("x3") 0, in("x4") 0,
        );
    }
    while byte(order, 0) == b'b' {}
}

/// A child computes for ever, and so do we.
fn child_spins(order: *const u8) {
    if fork() {
        loop {
            core::hint::spin_loop();
        }
    }
    while byte(order, 0) == b'c' {}
}

fn sleep(milliseconds: i64) {
    let time = [milliseconds / 1000, milliseconds % 1000 * 1_000_000];
    call(number::NANOSLEEP, [&raw const time as usize, 0, 0, 0, 0]);
}

fn exit(status: usize) -> ! {
    loop {
        call(number::EXIT_GROUP, [status, 0, 0, 0, 0]);
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    exit(1)
}
