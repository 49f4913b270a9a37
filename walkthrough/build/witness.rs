//! Compiles the witness: a program without libraries, so cargo does not do it for us.

use std::path::PathBuf;
use std::process::Command;

const FLAGS: [&str; 5] = [
    "panic=abort",
    "opt-level=s",
    "relocation-model=static",
    "link-arg=-static",
    "strip=symbols",
];

/// For a C compiler that links: neither its start-up code nor its library.
const WITHOUT_C: [&str; 2] = ["link-arg=-nostartfiles", "link-arg=-nostdlib"];

/// For another machine, where nobody said who links: the linker that comes with rustc.
const BY_RUST: [&str; 2] = ["linker-flavor=ld.lld", "linker=rust-lld"];

/// Leaves `witness` in OUT_DIR.
pub fn compile() -> std::io::Result<()> {
    let variable = |name| std::env::var_os(name);
    let source = "witness/main.rs";
    println!("cargo::rerun-if-changed=witness");
    let out = PathBuf::from(variable("OUT_DIR").expect("cargo sets it"));
    let mut rustc = Command::new(variable("RUSTC").expect("cargo sets it"));
    rustc.args(["--edition=2024", "--crate-type=bin", "--crate-name=witness"]);
    rustc
        .arg("--target")
        .arg(variable("TARGET").expect("cargo sets it"));
    let linker = variable("RUSTC_LINKER");
    let foreign = variable("TARGET") != variable("HOST") && linker.is_none();
    for flag in FLAGS
        .iter()
        .chain(if foreign { &BY_RUST } else { &WITHOUT_C })
    {
        rustc.args(["-C", flag]);
    }
    if let Some(linker) = linker {
        let mut flag = std::ffi::OsString::from("linker=");
        flag.push(linker);
        rustc.arg("-C").arg(flag);
    }
    let status = rustc
        .arg("-o")
        .arg(out.join("witness"))
        .arg(source)
        .status()?;
    if !status.success() {
        return Err(std::io::Error::other(format!("rustc {source}: {status}")));
    }
    Ok(())
}
