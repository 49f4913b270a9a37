//! Puts a filter before every system call of a program: see the book, 07-seccomp.
fn main() -> std::process::ExitCode {
    bins::run(bins::seccomp::main)
}
