//! Lists the namespaces of this machine: see the book, 06-namespaces.
fn main() -> std::process::ExitCode {
    bins::run(bins::lsns::main)
}
