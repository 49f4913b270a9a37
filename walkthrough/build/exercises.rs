//! Every folder `chapters/NN-…/exercises/NAME` becomes an exercise: its files are
//! embedded, and its `check.rs` is compiled. No list is kept anywhere else.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Writes `exercises.rs`: a module for each check, and the table of all exercises.
pub fn embed(root: &Path) -> std::io::Result<()> {
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it"));
    let mut code = fs::File::create(out.join("exercises.rs"))?;
    let found = folders(root)?;
    for (chapter, name, folder) in &found {
        let module = module(chapter, name);
        let check = folder.join("check.rs");
        writeln!(code, "#[path = {check:?}]\nmod {module};")?;
    }
    writeln!(code, "\n/// All exercises, as they lie in the chapters.")?;
    writeln!(code, "pub const FOLDERS: &[Folder] = &[")?;
    for (chapter, name, folder) in &found {
        writeln!(code, "    Folder {{ chapter: {chapter:?}, name: {name:?},")?;
        writeln!(
            code,
            "        check: {}::check, files: &[",
            module(chapter, name)
        )?;
        let mut files = Vec::new();
        all_files(folder, &mut files)?;
        files.sort();
        for file in files {
            let inside = file.strip_prefix(folder).expect("below it");
            writeln!(code, "            ({inside:?}, include_str!({file:?})),")?;
        }
        writeln!(code, "        ] }},")?;
    }
    writeln!(code, "];\n")?;
    let lock = fs::read_to_string(root.join("Cargo.lock"))?;
    println!(
        "cargo::rerun-if-changed={}",
        root.join("Cargo.lock").display()
    );
    writeln!(
        code,
        "/// The crates that an answer may use, as this project locks them."
    )?;
    writeln!(
        code,
        "pub const LOCKED: &str = {:?};",
        closure(&lock, &["libc", "nix"])
    )
}

/// Chapter, name and folder of each exercise, in the order of the story.
fn folders(root: &Path) -> std::io::Result<Vec<(String, String, PathBuf)>> {
    let mut found = Vec::new();
    for chapter in children(&root.join("chapters"))? {
        let exercises = chapter.join("exercises");
        if !exercises.is_dir() {
            continue;
        }
        println!("cargo::rerun-if-changed={}", exercises.display());
        for folder in children(&exercises)? {
            found.push((last_name(&chapter), last_name(&folder), folder));
        }
    }
    Ok(found)
}

/// The folders in a folder, in order.
fn children(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        found.push(entry?.path());
    }
    found.retain(|path| path.is_dir());
    found.sort();
    Ok(found)
}

fn all_files(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            all_files(&path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

fn last_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn module(chapter: &str, name: &str) -> String {
    let word = |text: &str| text.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    format!("check_{}_{}", word(chapter), word(name))
}

/// The part of a lock file that `wanted` needs.
fn closure(lock: &str, wanted: &[&str]) -> String {
    let packages: Vec<&str> = lock.split("[[package]]\n").skip(1).collect();
    let name_of = |package: &&str| {
        let line = package
            .lines()
            .find_map(|line| line.strip_prefix("name = "));
        line.unwrap_or_default().trim_matches('"').to_owned()
    };
    let needs = |package: &str| -> Vec<String> {
        let list = package.split("dependencies = [").nth(1).unwrap_or_default();
        let words = list.split('"').skip(1).step_by(2);
        words
            .map(|word| word.split(' ').next().unwrap_or(word).to_owned())
            .collect()
    };
    let mut names: Vec<String> = wanted.iter().map(|name| (*name).to_owned()).collect();
    let mut next = 0;
    while next < names.len() {
        let package = packages
            .iter()
            .find(|package| name_of(package) == names[next]);
        for name in package.map(|package| needs(package)).unwrap_or_default() {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        next += 1;
    }
    let chosen = packages
        .iter()
        .filter(|package| names.contains(&name_of(package)));
    chosen
        .map(|package| format!("[[package]]\n{}\n\n", package.trim_end()))
        .collect()
}
