//! Gives a process another meaning of "/": see the book, 04-chroot.
fn main() -> std::process::ExitCode {
    bins::run(bins::chroot::main)
}
