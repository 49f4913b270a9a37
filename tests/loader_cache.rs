//! Caches that ldconfig(8) itself wrote, in each of its three layouts.

mod support;

use std::path::Path;
use std::process::Command;

use chroot::closure::cache;
use support::programs::probed;

/// Every library that ldconfig says is in the cache: name and path.
fn printed(file: &Path) -> Vec<(String, String)> {
    let printed = Command::new("/sbin/ldconfig")
        .arg("-p")
        .arg("-C")
        .arg(file)
        .output()
        .expect("ldconfig starts");
    let text = String::from_utf8_lossy(&printed.stdout).into_owned();
    let entry = |line: &str| {
        let (name, path) = line.split_once(" => ")?;
        let name = name.split_whitespace().next()?;
        Some((name.to_owned(), path.to_owned()))
    };
    text.lines().filter_map(entry).collect()
}

#[test]
fn each_layout_of_ldconfig_is_read_as_ldconfig_reads_it() {
    let there = Path::new("/etc/ld.so.cache").exists();
    if !probed(
        "glibc",
        there,
        "no /etc/ld.so.cache, so no ldconfig that wrote it",
    ) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    // The C library and what lies beside it is enough for a cache.
    let libraries = folder.path().join("libraries");
    std::fs::create_dir(&libraries).unwrap();
    let cache = std::fs::read("/etc/ld.so.cache").unwrap();
    for entry in cache::parse(&cache).iter().take(40) {
        let _ = std::fs::copy(&entry.path, libraries.join(&entry.name));
    }
    for layout in ["old", "new", "compat"] {
        let file = folder.path().join(layout);
        let conf = folder.path().join("conf");
        std::fs::write(&conf, format!("{}\n", libraries.display())).unwrap();
        let made = Command::new("/sbin/ldconfig")
            .args(["-X", "-c", layout, "-C"])
            .arg(&file)
            .arg("-f")
            .arg(&conf)
            .output()
            .unwrap();
        assert!(file.exists(), "{}", String::from_utf8_lossy(&made.stderr));
        let bytes = std::fs::read(&file).unwrap();
        let ours = cache::parse(&bytes).into_iter();
        let mut ours: Vec<_> = ours.map(|entry| (entry.name, entry.path)).collect();
        let mut theirs = printed(&file);
        ours.sort();
        theirs.sort();
        assert!(ours.iter().any(|(name, _)| name == "libc.so.6"), "{layout}");
        assert!(theirs.len() > 5, "{layout}: {theirs:?}");
        assert_eq!(ours, theirs, "{layout}");
        for length in (0..bytes.len()).step_by(97) {
            cache::parse(&bytes[..length]);
        }
    }
}
