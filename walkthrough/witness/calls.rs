//! A call that a check asks for, by its number: it is told and answered in our memory, which
//! the check fills and reads from outside while we are stopped.

use core::arch::asm;

/// A call: see the check's `calls.rs`, which has the same.
#[repr(C)]
struct Call {
    /// 0: the machine's own instruction. 1: `int 0x80`.
    way: usize,
    number: usize,
    arguments: [usize; 6],
    result: isize,
}

static mut CALL: Call = Call {
    way: 0,
    number: 0,
    arguments: [0; 6],
    result: 0,
};

/// Where the call is told.
pub fn place() -> usize {
    (&raw const CALL) as usize
}

/// Makes it, and writes down what came of it.
pub fn make() {
    let call = &raw mut CALL;
    // SAFETY: nobody else runs here; while the check writes, we are stopped.
    let Call {
        way,
        number,
        arguments,
        ..
    } = unsafe { call.read_volatile() };
    let result = match way {
        0 => native(number, arguments),
        _ => by_interrupt(number, arguments),
    };
    // SAFETY: as above.
    unsafe { (&raw mut (*call).result).write_volatile(result) };
}

#[cfg(target_arch = "x86_64")]
fn native(number: usize, [a, b, c, d, e, f]: [usize; 6]) -> isize {
    let result: isize;
    // SAFETY: the check asks for calls that leave our memory alone.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number as isize => result,
            in("rdi") a, in("rsi") b, in("rdx") c, in("r10") d, in("r8") e, in("r9") f,
            lateout("rcx") _, lateout("r11") _,
        );
    }
    result
}

#[cfg(target_arch = "aarch64")]
fn native(number: usize, [a, b, c, d, e, f]: [usize; 6]) -> isize {
    let result: isize;
    // SAFETY: the check asks for calls that leave our memory alone.
    unsafe {
        asm!(
            "svc 0",
            in("x8") number,
            inlateout("x0") a as isize => result,
            in("x1") b, in("x2") c, in("x3") d, in("x4") e, in("x5") f,
        );
    }
    result
}

/// The way of 32-bit programs, with their numbers; the sixth argument is left out.
#[cfg(target_arch = "x86_64")]
fn by_interrupt(number: usize, [a, b, c, d, e, _]: [usize; 6]) -> isize {
    let result: i32;
    // SAFETY: as above. The compiler needs rbx for itself: it gets it back.
    unsafe {
        asm!(
            "xchg {a}, rbx",
            "int 0x80",
            "xchg {a}, rbx",
            a = inout(reg) a => _,
            inlateout("eax") number as i32 => result,
            in("rcx") b, in("rdx") c, in("rsi") d, in("rdi") e,
            lateout("r8") _, lateout("r9") _, lateout("r10") _, lateout("r11") _,
        );
    }
    result as isize
}

/// No such way on this machine: ENOSYS.
#[cfg(target_arch = "aarch64")]
fn by_interrupt(_: usize, _: [usize; 6]) -> isize {
    -38
}
