//! Starts another program in a thread that is not traced. execve(2) then makes the process
//! itself that program, and the tracer has lost it.

extern "C" fn helper(program: *mut libc::c_void) -> libc::c_int {
    let sleep = libc::timespec {
        tv_sec: 0,
        tv_nsec: 50_000_000,
    };
    let words = [program.cast::<libc::c_char>(), std::ptr::null_mut()];
    // SAFETY: the program's name and the list end as they have to, and live on.
    unsafe {
        libc::nanosleep(&raw const sleep, std::ptr::null_mut());
        libc::execv(words[0], words.as_ptr().cast());
    }
    1
}

fn main() {
    let mut stack = vec![0_u8; 64 << 10];
    let flags = libc::CLONE_VM
        | libc::CLONE_FS
        | libc::CLONE_FILES
        | libc::CLONE_SIGHAND
        | libc::CLONE_THREAD
        | libc::CLONE_SYSVSEM
        | libc::CLONE_UNTRACED;
    let program = c"/bin/true".as_ptr().cast_mut().cast();
    // SAFETY: the stack is the thread's alone, grows down, and outlives it.
    unsafe {
        let top = stack.as_mut_ptr().add(stack.len()).cast();
        libc::clone(helper, top, flags, program);
    }
    std::thread::sleep(std::time::Duration::from_secs(1));
}
