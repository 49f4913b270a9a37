//! Folders of libraries that nobody has to name: those that a loader was built with, and
//! those that an administrator added, ldconfig(8).

use std::path::{Path, PathBuf};

use super::elf::Machine;
use crate::tree::Tree;

/// An include that includes itself must end.
const DEEPEST_INCLUDE: usize = 16;

/// The folders of `/etc/ld.so.conf` and of what it includes, in order.
///
/// glibc's loader never reads them: ldconfig(8) does, and writes the cache. What is found
/// here and not in the cache is no library yet.
pub fn of_administrator(tree: &Tree) -> Vec<PathBuf> {
    let mut found = Vec::new();
    read(tree, Path::new("/etc/ld.so.conf"), 0, &mut found);
    found
}

fn read(tree: &Tree, file: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    let Some(bytes) = tree.read(file).filter(|_| depth < DEEPEST_INCLUDE) else {
        return;
    };
    for line in String::from_utf8_lossy(&bytes).lines() {
        let line = line.split('#').next().unwrap_or_default().trim();
        let mut words = line
            .split([' ', '\t', ',', ':'])
            .filter(|word| !word.is_empty());
        match words.next() {
            Some("include") => {
                for pattern in words {
                    let pattern = file.parent().unwrap_or(Path::new("/")).join(pattern);
                    for included in matching(tree, &pattern) {
                        read(tree, &included, depth + 1, found);
                    }
                }
            }
            // "hwcap 1 nosegneg": of the mechanism that glibc 2.37 gave up.
            Some("hwcap") | None => {}
            Some(first) => {
                for word in std::iter::once(first).chain(words) {
                    // "DIRECTORY=TYPE" is a form of libc5's times.
                    let directory = PathBuf::from(word.split('=').next().unwrap_or(word));
                    if directory.is_absolute() && !found.contains(&directory) {
                        found.push(directory);
                    }
                }
            }
        }
    }
}

/// The files that a pattern such as `/etc/ld.so.conf.d/*.conf` stands for, sorted.
/// Patterns in the last name only, which is what is out there.
fn matching(tree: &Tree, pattern: &Path) -> Vec<PathBuf> {
    let (Some(directory), Some(name)) = (pattern.parent(), pattern.file_name()) else {
        return Vec::new();
    };
    let name = name.to_string_lossy().into_owned();
    let outside = tree.find(directory).unwrap_or_default();
    let entries = std::fs::read_dir(outside).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name()).collect();
    names.sort();
    names
        .into_iter()
        .filter(|entry| {
            let entry = entry.to_string_lossy();
            // As a shell: a star does not match a name that begins with a dot.
            let hidden = entry.starts_with('.') && !name.starts_with('.');
            !hidden && fits(name.as_bytes(), entry.as_bytes())
        })
        .map(|entry| directory.join(entry))
        .collect()
}

/// Whether `text` is what `pattern` means: `*` any text, `?` any byte, `[abc]` one of them.
fn fits(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => {
            fits(rest, text)
                || text
                    .split_first()
                    .is_some_and(|(_, text)| fits(pattern, text))
        }
        (Some((b'?', rest)), Some((_, text))) => fits(rest, text),
        (Some((b'[', rest)), Some((byte, text))) => match rest.iter().position(|b| *b == b']') {
            Some(end) => rest[..end].contains(byte) && fits(&rest[end + 1..], text),
            None => *byte == b'[' && fits(rest, text),
        },
        (Some((wanted, rest)), Some((byte, text))) => wanted == byte && fits(rest, text),
        _ => false,
    }
}

/// The folders that musl's loader `/lib/ld-musl-ARCH.so.1` searches.
pub fn of_musl(tree: &Tree, loader: &Path) -> Vec<PathBuf> {
    let name = loader
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or("");
    let machine = name.strip_prefix("ld-musl-").unwrap_or("");
    let machine = machine.split(".so").next().unwrap_or("");
    let file = format!("/etc/ld-musl-{machine}.path");
    let text = tree.read(Path::new(&file)).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let listed = text.split(['\n', ':']).filter(|word| !word.is_empty());
    let listed: Vec<_> = listed.map(PathBuf::from).collect();
    if listed.is_empty() {
        ["/lib", "/usr/local/lib", "/usr/lib"]
            .map(PathBuf::from)
            .to_vec()
    } else {
        listed
    }
}

/// The folders that are built into glibc's loader. They are read out of it, since every
/// system builds it for others: Debian's has `/lib/x86_64-linux-gnu`, Fedora's `/lib64`.
pub fn of_glibc(tree: &Tree, machine: Machine, loader: Option<&Path>) -> Vec<PathBuf> {
    let usual = PathBuf::from(usual_loader(machine));
    let loader = tree.read(loader.unwrap_or(&usual));
    let folders = loader.and_then(|bytes| folders_in(&bytes));
    folders.unwrap_or_else(|| {
        let wide = ["/lib64", "/usr/lib64"].iter().filter(|_| machine.wide);
        wide.chain(&["/lib", "/usr/lib"])
            .map(PathBuf::from)
            .collect()
    })
}

/// For a library that is asked for alone, so that no program names the loader.
fn usual_loader(machine: Machine) -> &'static str {
    match (machine.number, machine.wide) {
        (object::elf::EM_X86_64, true) => "/lib64/ld-linux-x86-64.so.2",
        (object::elf::EM_AARCH64, _) => "/lib/ld-linux-aarch64.so.1",
        _ => "/lib/ld-linux.so.2",
    }
}

/// Texts that lie one behind the other in the loader, each with a slash at both ends.
fn folders_in(loader: &[u8]) -> Option<Vec<PathBuf>> {
    let is_folder = |text: &&[u8]| {
        let lib = text.windows(4).any(|four| four == b"/lib");
        lib && text.starts_with(b"/") && text.ends_with(b"/") && text.is_ascii()
    };
    let texts: Vec<&[u8]> = loader.split(|byte| *byte == 0).collect();
    let mut runs = texts.chunk_by(|a, b| is_folder(a) && is_folder(b));
    let run = runs.find(|run| run.iter().all(is_folder))?;
    let path = |text: &&[u8]| PathBuf::from(String::from_utf8_lossy(text).trim_end_matches('/'));
    Some(run.iter().map(path).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn includes_and_comments_are_followed_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let etc = dir.path().join("etc");
        fs::create_dir_all(etc.join("ld.so.conf.d")).unwrap();
        let main = "# first\ninclude ld.so.conf.d/*.conf\nhwcap 1 nosegneg\n/opt/lib # last\n";
        fs::write(etc.join("ld.so.conf"), main).unwrap();
        fs::write(etc.join("ld.so.conf.d/b.conf"), "/b=libc6\n/opt/lib\n").unwrap();
        let first = "/a, /a2\ninclude /etc/ld.so.conf\n";
        fs::write(etc.join("ld.so.conf.d/a.conf"), first).unwrap();
        fs::write(etc.join("ld.so.conf.d/a.txt"), "/never\n").unwrap();
        fs::write(etc.join("ld.so.conf.d/.c.conf"), "/never\n").unwrap();
        let found = of_administrator(&Tree::new(dir.path()));
        let found: Vec<_> = found.iter().map(|path| path.to_str().unwrap()).collect();
        assert_eq!(found[..2], ["/a", "/a2"]);
        assert!(found.contains(&"/b") && found.contains(&"/opt/lib"));
        assert!(!found.contains(&"/never"));
    }

    #[test]
    fn patterns_mean_what_they_mean_to_a_shell() {
        assert!(fits(b"*.conf", b"x.conf"));
        assert!(!fits(b"*.conf", b"x.conf.old"));
        assert!(fits(b"l?b[ab]*", b"liba.so"));
        assert!(!fits(b"l?b[ab]*", b"libc.so"));
    }

    #[test]
    fn the_folders_are_read_out_of_a_loader() {
        let loader = b"x\0/proc/\0/lib/a-b/\0/usr/lib/a-b/\0/lib/\0/usr/lib/\0y/\0";
        let expected = ["/lib/a-b", "/usr/lib/a-b", "/lib", "/usr/lib"];
        assert_eq!(folders_in(loader).unwrap(), expected.map(PathBuf::from));
        assert_eq!(folders_in(b"nothing\0here"), None);
    }

    #[test]
    fn musl_has_a_list_of_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let tree = Tree::new(dir.path());
        let loader = Path::new("/lib/ld-musl-aarch64.so.1");
        assert_eq!(of_musl(&tree, loader)[0], Path::new("/lib"));
        fs::create_dir(dir.path().join("etc")).unwrap();
        fs::write(dir.path().join("etc/ld-musl-aarch64.path"), "/a:/b\n/c\n").unwrap();
        assert_eq!(
            of_musl(&tree, loader),
            ["/a", "/b", "/c"].map(PathBuf::from)
        );
    }
}
