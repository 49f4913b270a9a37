//! Limits for groups of processes: see the book, 08-cgroups.
fn main() -> std::process::ExitCode {
    bins::run(bins::cgroup::main)
}
