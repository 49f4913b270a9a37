//! Forks without an end.

fn main() {
    loop {
        // SAFETY: one thread only.
        let _ = unsafe { nix::unistd::fork() };
    }
}
