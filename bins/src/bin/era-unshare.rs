//! Runs a program with some views of the system for itself: see the book, 06-namespaces.
fn main() -> std::process::ExitCode {
    bins::run(bins::unshare::main)
}
