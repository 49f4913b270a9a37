//! 04.1: four jails in which something else is missing each time.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command as Program;

use crate::exercise::check::{Checked, Command, End, Judge, Place, Property, Refusal, Scene, Who};
use crate::exercise::check::{pick, scene, word};

/// Where to look differs: see [`Broken::look`].
const STARTS: Property = Property {
    is: "the program starts in its jail",
    look: "",
};
const UNCHANGED: Property = Property {
    is: "no file that was there is changed",
    look: "the task: only what is missing is added",
};
const NEEDED: Property = Property {
    is: "nothing is added that the program does not need",
    look: "ldd(1): which files does this one program need?",
};
const SAME_PATH: Property = Property {
    is: "what is added has the same path as on this machine",
    look: "ldd(1); page 04, A jail by hand",
};
const SAME_FILE: Property = Property {
    is: "what is added is this machine's file",
    look: "the task: only what is missing is added; cmp(1)",
};

const NO_LOADER: &str = "execve(2), ENOENT; readelf -l; page 04, The shell alone";
const NO_LIBRARY: &str = "ld.so(8): what the loader says it cannot open; page 04, A jail by hand";
const NO_INTERPRETER: &str = "execve(2), Interpreter scripts: the program's first line, #!";

/// The coreutils, and what asks a file about itself.
#[rustfmt::skip]
const TOOLS: &[&str] = &[
    "awk", "bash", "file", "find", "grep", "ldd", "objdump", "readelf", "sed", "sh", "xargs",
    "[", "arch", "b2sum", "base32", "base64", "basename", "basenc", "cat", "chcon", "chgrp",
    "chmod", "chown", "chroot", "cksum", "comm", "cp", "csplit", "cut", "date", "dd", "df", "dir",
    "dircolors", "dirname", "du", "echo", "env", "expand", "expr", "factor", "false", "fmt", "fold",
    "groups", "head", "hostid", "id", "install", "join", "link", "ln", "logname", "ls", "md5sum",
    "mkdir", "mkfifo", "mknod", "mktemp", "mv", "nice", "nl", "nohup", "nproc", "numfmt", "od",
    "paste", "pathchk", "pinky", "pr", "printenv", "printf", "ptx", "pwd", "readlink", "realpath",
    "rm", "rmdir", "runcon", "seq", "sha1sum", "sha224sum", "sha256sum", "sha384sum", "sha512sum",
    "shred", "shuf", "sleep", "sort", "split", "stat", "stdbuf", "stty", "sum", "sync", "tac",
    "tail", "tee", "test", "timeout", "touch", "tr", "true", "truncate", "tsort", "tty", "uname",
    "unexpand", "uniq", "unlink", "users", "vdir", "wc", "who", "whoami", "yes",
];

/// A jail, what is started in it, and what it has to say.
struct Broken {
    jail: Place,
    program: String,
    arguments: Vec<String>,
    says: String,
    /// What it needs, by its path on this machine.
    needs: Vec<String>,
    /// What to read when it does not start.
    look: &'static str,
    before: BTreeMap<String, Found>,
}

/// A file of a jail.
#[derive(PartialEq)]
struct Found {
    mode: u32,
    /// Of a link, where it leads; of what is no file at all, nothing.
    content: Vec<u8>,
}

/// One cell: the script for each jail, then the program of each.
pub fn check(judge: &mut Judge) -> Checked {
    let mut scene = judge.scene()?;
    scene.with_tools(TOOLS);
    let jails = [
        no_loader(&scene)?,
        no_library(&scene)?,
        no_interpreter(&scene)?,
        no_interpreter_nor_library(&scene)?,
    ];
    let repair = jails
        .iter()
        .map(|one| scene.answer(&[&one.jail.0, &one.program]));
    let commands: Vec<Command> = repair.chain(jails.iter().map(starts)).collect();
    let mut run = scene.run(Who::Root, commands)?;
    let ends = run.ends()?;
    for (index, one) in jails.iter().enumerate() {
        let after = files(&run.path(&one.jail))?;
        for (path, bytes) in &one.before {
            UNCHANGED.holds(
                after.get(path) == Some(bytes),
                format!("{path} as before, contents and mode"),
                format!("{path} is another, or has another mode"),
            )?;
        }
        let new = |path: &&String| !one.before.contains_key(*path);
        for path in after.keys().filter(new) {
            is_in_place(path, one)?;
            let inside = run.path(&one.jail).join(path.trim_start_matches('/'));
            let link = fs::symlink_metadata(&inside)?.is_symlink();
            SAME_FILE.holds(
                link || after[path].content == fs::read(path)?,
                format!("{path} is this machine's"),
                format!("{path} is another file"),
            )?;
        }
        let (end, said) = (ends[jails.len() + index], run.said(jails.len() + index));
        let starts = Property {
            look: one.look,
            ..STARTS
        };
        let observed = format!(
            "{}: {} (your script: {}{})",
            one.program,
            said.trim().lines().last().unwrap_or("nothing"),
            ends[index],
            run.last_words(index)
        );
        starts.holds(
            end == End::Status(0) && said.trim() == one.says,
            format!("{} says {}", one.program, one.says),
            observed,
        )?;
    }
    Ok(())
}

/// It is judged by what its path leads to here: `/lib` may be a link to `/usr/lib`.
fn is_in_place(path: &str, one: &Broken) -> Checked {
    let named = |file: &String| Path::new(file).file_name() == Path::new(path).file_name();
    let place = one.needs.iter().find(|file| named(file));
    let here = fs::canonicalize(path).ok();
    let same = |file: &String| here.is_some() && here == fs::canonicalize(file).ok();
    if let Some(place) = place {
        return SAME_PATH.holds(same(place), place, format!("{path} was added"));
    }
    NEEDED.holds(
        one.needs.iter().any(same),
        format!("{} needs {}", one.program, one.needs.join(" ")),
        format!("{path} was added"),
    )
}

fn starts(one: &Broken) -> Command {
    let arguments: Vec<&str> = one.arguments.iter().map(String::as_str).collect();
    let mut command = scene::command(&one.program, &arguments);
    command.jail = Some(one.jail.0.clone());
    command
}

/// A program with random words to say, and all that it needs. Several, of which each needs
/// other libraries: who copies without a look copies too much.
fn whole(scene: &Scene<'_>, look: &'static str) -> Checked<(Broken, Vec<String>)> {
    let (jail, says) = (scene.folder()?, format!("{} {}", word(), word()));
    let file = format!("/{says}");
    let all = [
        ("/bin/bash", vec!["-c".to_owned(), format!("echo {says}")]),
        ("/bin/echo", vec![says.clone()]),
        ("/bin/ls", vec![file.clone()]),
        ("/bin/grep", vec![says.clone(), file.clone()]),
        ("/bin/sed", vec!["p;d".to_owned(), file.clone()]),
        ("/usr/bin/find", vec![file.clone()]),
        ("/usr/bin/sort", vec![file.clone()]),
    ];
    let there: Vec<_> = all
        .into_iter()
        .filter(|(path, _)| Path::new(path).exists())
        .collect();
    let (name, arguments) = pick(&there);
    let needed = by_hand(scene, &jail, name)?;
    scene.file(&jail.join(&file), &says)?;
    let says = match name {
        "/bin/ls" | "/usr/bin/find" => file,
        _ => says,
    };
    let broken = Broken {
        jail,
        program: name.to_owned(),
        arguments,
        says,
        needs: with(&needed, name),
        look,
        before: BTreeMap::new(),
    };
    Ok((broken, needed))
}

/// What a program needs is the program, too.
fn with(needed: &[String], program: &str) -> Vec<String> {
    let program = [program.to_owned()];
    needed.iter().chain(&program).cloned().collect()
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

/// Takes files away, and remembers the others.
fn without(scene: &Scene<'_>, mut broken: Broken, paths: &[&str]) -> Checked<Broken> {
    for path in paths {
        fs::remove_file(scene.outside(&broken.jail.join(path)))?;
    }
    broken.before = files(&scene.outside(&broken.jail))?;
    Ok(broken)
}

fn no_loader(scene: &Scene<'_>) -> Checked<Broken> {
    let (whole, needed) = whole(scene, NO_LOADER)?;
    without(scene, whole, &[&needed[needed.len() - 1]])
}

fn no_library(scene: &Scene<'_>) -> Checked<Broken> {
    let (whole, needed) = whole(scene, NO_LIBRARY)?;
    without(scene, whole, &[&pick(&needed[..needed.len() - 1])])
}

/// The kernel allows a blank behind `#!`, and one argument: execve(2). Here is the blank.
fn no_interpreter(scene: &Scene<'_>) -> Checked<Broken> {
    let interpreter = pick(&["/bin/bash", "/bin/sh"]);
    let (script, _) = script(scene, &format!("#! {interpreter}"), interpreter)?;
    without(scene, script, &[interpreter])
}

/// Here is the argument.
fn no_interpreter_nor_library(scene: &Scene<'_>) -> Checked<Broken> {
    let interpreter = pick(&["/bin/bash", "/bin/sh"]);
    let (script, needed) = script(scene, &format!("#!{interpreter} -e"), interpreter)?;
    without(scene, script, &[interpreter, &pick(&needed)])
}

/// A script with this first line, and all that it needs; what its interpreter needs is told.
fn script(scene: &Scene<'_>, first: &str, interpreter: &str) -> Checked<(Broken, Vec<String>)> {
    let (jail, says) = (scene.folder()?, word());
    let needed = by_hand(scene, &jail, interpreter)?;
    let program = format!("/bin/{}", word());
    let script = jail.join(&program);
    scene.file(&script, format!("{first}\necho {says}\n"))?;
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(scene.outside(&script), executable)?;
    let broken = Broken {
        jail,
        program,
        arguments: Vec::new(),
        says,
        needs: with(&needed, interpreter),
        look: NO_INTERPRETER,
        before: BTreeMap::new(),
    };
    Ok((broken, needed))
}

/// Every file below a folder, by its path in there. Only what is a file is opened: to read
/// from a pipe would be to wait for a writer.
fn files(folder: &Path) -> Checked<BTreeMap<String, Found>> {
    let (mut found, mut next) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(one) = next.pop() {
        for entry in fs::read_dir(one)? {
            let path = entry?.path();
            let meta = fs::symlink_metadata(&path)?;
            if meta.is_dir() {
                next.push(path);
                continue;
            }
            let content = if meta.is_symlink() {
                fs::read_link(&path)?.into_os_string().into_vec()
            } else if meta.is_file() {
                fs::read(&path)?
            } else {
                Vec::new()
            };
            let inside = path.strip_prefix(folder).unwrap_or(&path);
            let mode = meta.mode();
            found.insert(format!("/{}", inside.display()), Found { mode, content });
        }
    }
    Ok(found)
}
