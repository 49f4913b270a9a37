//! 04.1: three jails in which something else is missing each time.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command as Program;

use crate::exercise::check::{Checked, Command, End, Judge, Place, Property, Refusal, Scene, Who};
use crate::exercise::check::{pick, scene, word};

const STARTS: Property = Property {
    is: "the program starts in its jail",
    look: "execve(2), ENOENT; page 04, The shell alone",
};
const UNCHANGED: Property = Property {
    is: "no file that was there is changed",
    look: "the task: only what is missing is added",
};
const FEW: Property = Property {
    is: "at most five files are added",
    look: "ldd(1): which files does this one program need?",
};

/// What a repair needs and no more.
const TOOLS: &[&str] = &[
    "[", "awk", "basename", "bash", "cat", "chmod", "chroot", "cp", "cut", "dirname", "echo",
    "env", "expr", "false", "file", "find", "grep", "head", "install", "ldd", "ln", "ls", "mkdir",
    "mktemp", "mv", "objdump", "od", "printf", "readelf", "readlink", "realpath", "rm", "sed",
    "sh", "sort", "stat", "tail", "tee", "test", "touch", "tr", "true", "uniq", "wc", "xargs",
];

/// A jail, what is started in it, and what it has to say.
struct Broken {
    jail: Place,
    program: String,
    arguments: Vec<String>,
    says: String,
    before: BTreeMap<String, Vec<u8>>,
}

/// One cell: the script for each jail, then the program of each.
pub fn check(judge: &mut Judge) -> Checked {
    let mut scene = judge.scene()?;
    scene.with_tools(TOOLS);
    let jails = [
        no_loader(&scene)?,
        no_library(&scene)?,
        no_interpreter(&scene)?,
    ];
    let repair = jails
        .iter()
        .map(|one| scene.answer(&[&one.jail.0, &one.program]));
    let commands: Vec<Command> = repair.chain(jails.iter().map(starts)).collect();
    let mut run = scene.run(Who::Root, commands)?;
    let ends = run.ends()?;
    for (index, one) in jails.iter().enumerate() {
        let after = files(&run.path(&one.jail))?;
        let added = after
            .keys()
            .filter(|path| !one.before.contains_key(*path))
            .count();
        FEW.holds(added <= 5, "at most 5", format!("{added} files"))?;
        for (path, bytes) in &one.before {
            UNCHANGED.holds(
                after.get(path) == Some(bytes),
                format!("{path} as before"),
                format!("{path} is another"),
            )?;
        }
        let (end, said) = (ends[3 + index], run.said(3 + index));
        let starts = end == End::Status(0) && said.trim() == one.says;
        let observed = format!(
            "{}: {}",
            one.program,
            said.trim().lines().last().unwrap_or("nothing")
        );
        STARTS.holds(
            starts,
            format!("{} says {}", one.program, one.says),
            observed,
        )?;
    }
    Ok(())
}

fn starts(one: &Broken) -> Command {
    let arguments: Vec<&str> = one.arguments.iter().map(String::as_str).collect();
    let mut command = scene::command(&one.program, &arguments);
    command.jail = Some(one.jail.0.clone());
    command
}

/// A program with random words to say, and all that it needs.
fn whole(scene: &Scene<'_>) -> Checked<(Broken, Vec<String>)> {
    let (jail, says) = (scene.folder()?, format!("{} {}", word(), word()));
    let (name, arguments) = pick(&[
        ("/bin/bash", vec!["-c".to_owned(), format!("echo {says}")]),
        ("/bin/echo", vec![says.clone()]),
        ("/bin/ls", vec!["-d".to_owned(), format!("/{says}")]),
    ]);
    let says = if name == "/bin/ls" {
        format!("/{says}")
    } else {
        says
    };
    let needed = by_hand(scene, &jail, name)?;
    if name == "/bin/ls" {
        scene.file(&jail.join(&says), "")?;
    }
    let (program, before) = (name.to_owned(), BTreeMap::new());
    Ok((
        Broken {
            jail,
            program,
            arguments,
            says,
            before,
        },
        needed,
    ))
}

/// As page 04 does it: the program, and the files that ldd(1) names; these are told, the
/// loader last.
fn by_hand(scene: &Scene<'_>, jail: &Place, program: &str) -> Checked<Vec<String>> {
    let listed = Program::new("ldd").arg(program).output()?;
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let mut needed: Vec<String> = listed
        .split_whitespace()
        .filter(|word| word.starts_with('/'))
        .map(str::to_owned)
        .collect();
    needed.sort_by_key(|path| path.contains("/ld-"));
    if needed.len() < 2 {
        return Err(Refusal::Undone(format!(
            "ldd names no library of {program} here"
        )));
    }
    for path in needed.iter().map(String::as_str).chain([program]) {
        let inside = jail.join(path);
        let folder = Path::new(&inside.0).parent().unwrap_or(Path::new("/box"));
        fs::create_dir_all(scene.outside(&Place(folder.display().to_string())))?;
        fs::copy(path, scene.outside(&inside))?;
    }
    Ok(needed)
}

/// Takes a file away, and remembers the others.
fn without(scene: &Scene<'_>, mut broken: Broken, path: &str) -> Checked<Broken> {
    fs::remove_file(scene.outside(&broken.jail.join(path)))?;
    broken.before = files(&scene.outside(&broken.jail))?;
    Ok(broken)
}

fn no_loader(scene: &Scene<'_>) -> Checked<Broken> {
    let (whole, needed) = whole(scene)?;
    without(scene, whole, &needed[needed.len() - 1])
}

fn no_library(scene: &Scene<'_>) -> Checked<Broken> {
    let (whole, needed) = whole(scene)?;
    without(scene, whole, &pick(&needed[..needed.len() - 1]))
}

fn no_interpreter(scene: &Scene<'_>) -> Checked<Broken> {
    let (jail, says) = (scene.folder()?, word());
    by_hand(scene, &jail, "/bin/bash")?;
    let program = format!("/bin/{}", word());
    let script = jail.join(&program);
    scene.file(&script, format!("#!/bin/bash\necho {says}\n"))?;
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(scene.outside(&script), executable)?;
    let (arguments, before) = (Vec::new(), BTreeMap::new());
    without(
        scene,
        Broken {
            jail,
            program,
            arguments,
            says,
            before,
        },
        "/bin/bash",
    )
}

/// Every file below a folder, by its path in there; of a link, where it leads.
fn files(folder: &Path) -> Checked<BTreeMap<String, Vec<u8>>> {
    let (mut found, mut next) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(one) = next.pop() {
        for entry in fs::read_dir(one)? {
            let path = entry?.path();
            let meta = fs::symlink_metadata(&path)?;
            if meta.is_dir() {
                next.push(path);
                continue;
            }
            let content = match meta.is_symlink() {
                true => fs::read_link(&path)?
                    .to_string_lossy()
                    .into_owned()
                    .into_bytes(),
                false => fs::read(&path)?,
            };
            let inside = path.strip_prefix(folder).unwrap_or(&path);
            found.insert(format!("/{}", inside.display()), content);
        }
    }
    Ok(found)
}
