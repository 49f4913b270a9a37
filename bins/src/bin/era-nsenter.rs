//! Runs a program with the views that another process has: see the book, 06-namespaces.
fn main() -> std::process::ExitCode {
    bins::run(bins::nsenter::main)
}
