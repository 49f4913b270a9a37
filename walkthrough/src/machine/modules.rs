//! The modules of a kernel that the machine needs, in the order in which they can be loaded.
//!
//! A module names those that it depends on in itself, as modinfo(8) shows it: `depends=`. So
//! a package's kernel does not need depmod(8), which runs only when it is installed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use groundwork::host::GuestKernel;

use super::error::Error;

/// First those that the host is spoken to with, then what pages and people use.
const WANTED: &[&str] = &[
    "virtio_pci",
    "virtio_console",
    "lzo_rle",
    "zram",
    "overlay",
    "veth",
    "bridge",
    "dummy",
    "tun",
    "loop",
    "fuse",
    "nf_tables",
    "nft_chain_nat",
    "nft_masq",
    "nft_nat",
    "nft_ct",
    "nft_reject_inet",
    "nft_fib_inet",
    "nft_compat",
];

/// A module, ready to be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// Its name, as lsmod(8) shows it.
    pub name: String,
    /// Its bytes, not compressed.
    pub bytes: Vec<u8>,
}

/// All of them, each after those that it depends on; and the names of those that this kernel
/// does not have.
///
/// # Errors
/// A module is there and cannot be read.
pub fn of(kernel: &GuestKernel) -> Result<(Vec<Module>, Vec<String>), Error> {
    let mut loader = Loader {
        files: BTreeMap::new(),
        built_in: built_in(&kernel.modules),
        seen: BTreeSet::new(),
        order: Vec::new(),
        missing: Vec::new(),
    };
    below(&kernel.modules.join("kernel"), &mut loader.files);
    below(&kernel.modules.join("extra"), &mut loader.files);
    for name in WANTED {
        loader.load(name)?;
    }
    Ok((loader.order, loader.missing))
}

struct Loader {
    files: BTreeMap<String, PathBuf>,
    built_in: BTreeSet<String>,
    seen: BTreeSet<String>,
    order: Vec<Module>,
    missing: Vec<String>,
}

impl Loader {
    fn load(&mut self, name: &str) -> Result<(), Error> {
        let name = name.replace('-', "_");
        if self.built_in.contains(&name) || !self.seen.insert(name.clone()) {
            return Ok(());
        }
        let Some(file) = self.files.get(&name) else {
            self.missing.push(name);
            return Ok(());
        };
        let bytes = read(file)?;
        for needed in depends(&bytes) {
            self.load(&needed)?;
        }
        self.order.push(Module { name, bytes });
        Ok(())
    }
}

/// The name of a module by the name of its file: `nft-chain.ko.xz`.
fn name_of(file: &Path) -> Option<String> {
    let name = file.file_name()?.to_str()?;
    let (name, end) = name.split_once(".ko")?;
    ["", ".xz", ".zst", ".gz"]
        .contains(&end)
        .then(|| name.replace('-', "_"))
}

fn below(folder: &Path, files: &mut BTreeMap<String, PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            below(&path, files);
        } else if let Some(name) = name_of(&path) {
            files.insert(name, path);
        }
    }
}

fn built_in(modules: &Path) -> BTreeSet<String> {
    let list = fs::read_to_string(modules.join("modules.builtin")).unwrap_or_default();
    list.lines()
        .filter_map(|line| name_of(Path::new(line)))
        .collect()
}

/// A module as the kernel wants it: distributions compress them each in their own way.
fn read(file: &Path) -> Result<Vec<u8>, Error> {
    let unpacker = match file.extension().and_then(|end| end.to_str()) {
        Some("xz") => "xz",
        Some("zst") => "zstd",
        Some("gz") => "gzip",
        _ => return fs::read(file).map_err(|error| Error::file(file, error)),
    };
    let output = Command::new(unpacker)
        .args(["--decompress", "--stdout"])
        .arg(file)
        .output();
    match output {
        Ok(output) if output.status.success() => Ok(output.stdout),
        Ok(output) => Err(Error::Module {
            file: file.to_owned(),
            why: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        }),
        Err(error) => Err(Error::Module {
            file: file.to_owned(),
            why: format!("{unpacker} does not run ({error}); fix: install it"),
        }),
    }
}

/// The text `depends=a,b` of a module's section .modinfo.
fn depends(module: &[u8]) -> Vec<String> {
    let mut texts = module.split(|byte| *byte == 0);
    let names = texts.find_map(|text| text.strip_prefix(b"depends="));
    let names = String::from_utf8_lossy(names.unwrap_or_default()).into_owned();
    names
        .split(',')
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_comes_after_those_that_it_depends_on() {
        let folder = tempfile::tempdir().unwrap();
        let modules = folder.path().to_owned();
        let file = |name: &str, depends: &str| {
            let text = format!("\x7fELF\0license=GPL\0depends={depends}\0");
            fs::create_dir_all(modules.join("kernel/net")).unwrap();
            fs::write(modules.join("kernel/net").join(name), text).unwrap();
        };
        file("bridge.ko", "stp,llc");
        file("stp.ko", "llc");
        file("llc.ko", "");
        file("nft-compat.ko", "nf_tables");
        fs::write(modules.join("modules.builtin"), "kernel/net/nf_tables.ko\n").unwrap();
        let image = folder.path().join("vmlinuz");
        let kernel = GuestKernel {
            image,
            release: "6".to_owned(),
            modules,
        };
        let (order, missing) = of(&kernel).unwrap();
        let names: Vec<_> = order.iter().map(|module| module.name.as_str()).collect();
        assert_eq!(names, ["llc", "stp", "bridge", "nft_compat"]);
        assert!(missing.contains(&"zram".to_owned()) && !missing.contains(&"nf_tables".to_owned()));
    }

    #[test]
    fn a_compressed_module_is_loaded_uncompressed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.ko");
        fs::write(&file, "depends=b").unwrap();
        let done = Command::new("gzip").arg(&file).status().unwrap();
        assert!(done.success());
        assert_eq!(read(&folder.path().join("a.ko.gz")).unwrap(), b"depends=b");
    }
}
