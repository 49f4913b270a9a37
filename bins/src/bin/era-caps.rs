//! Shows, gives and takes capabilities: see the book, 05-capabilities.
fn main() -> std::process::ExitCode {
    bins::run(bins::caps::main)
}
