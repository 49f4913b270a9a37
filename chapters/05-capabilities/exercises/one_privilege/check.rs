//! 05.2: an ordinary user starts the copy and another program; each is told what to try.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use capabilities::FileCaps;
use groundwork::kernel;

use crate::exercise::check::cell::BOX;
use crate::exercise::check::scene::Actor;
use crate::exercise::check::{Checked, Command, End, Judge, Place, Property, Run, Who, code};
use crate::exercise::check::{number, word};

const BYTES: Property = Property {
    is: "COPY has the bytes of PROGRAM",
    look: "cp(1); the task, What to write",
};
const STARTS: Property = Property {
    is: "every user may start COPY, and only its owner, root, may write it",
    look: "ls -l COPY; chmod(1), chown(1)",
};
const STATUS: Property = Property {
    is: "the script's exit status is 0",
    look: "the task; exit(1p); what does it say on stderr?",
};
const ORIGINAL: Property = Property {
    is: "PROGRAM stays as it is",
    look: "the task, What to write; getcap PROGRAM; ls -li PROGRAM COPY",
};
const CLOSED: Property = Property {
    is: "a low port is as closed to other programs as before",
    look: "the task: the copy gets something, the machine does not",
};
const SELF: Property = Property {
    is: "whoever starts COPY stays who he is",
    look: "page 05, One of forty; chmod(1) on set-user-ID",
};
const LISTENS: Property = Property {
    is: "COPY listens at a low port",
    look: "getcap COPY; page 05, May, and does",
};
const CHROOT: Property = Property {
    is: "chroot is refused to COPY",
    look: "getcap COPY; capabilities(7), CAP_SYS_CHROOT",
};
const CHOWN: Property = Property {
    is: "chown is refused to COPY",
    look: "getcap COPY; capabilities(7), CAP_CHOWN",
};
const EXACT: Property = Property {
    is: "COPY's file has that one capability, switched on",
    look: "getcap COPY; cap_from_text(3)",
};

/// What is observed of a file that is not root's.
const ANOTHERS: &str = "it is another user's";

/// The mode of PROGRAM.
const FOR_ROOT: u32 = 0o700;
/// What of a mode lets all execute, and what lets others than the owner write.
const ALL_EXECUTE: u32 = 0o111;
const OTHERS_WRITE: u32 = 0o022;

/// What a script needs and no more.
const TOOLS: &[&str] = &[
    "[", "basename", "bash", "cat", "chgrp", "chmod", "chown", "cmp", "cp", "dd", "dirname",
    "echo", "env", "expr", "false", "getcap", "getfattr", "grep", "head", "id", "install", "ln",
    "ls", "mkdir", "mktemp", "mv", "printf", "readlink", "realpath", "rm", "sed", "setcap",
    "setfattr", "sh", "stat", "sync", "tail", "tee", "test", "touch", "tr", "true", "uniq", "wc",
];

/// The script as root, then another program and COPY as somebody else.
pub fn check(judge: &mut Judge) -> Checked {
    let mut scene = judge.scene()?;
    scene.with_many_ids();
    scene.with_network();
    scene.with_tools(TOOLS);
    scene.folder_in(&Place(BOX.to_owned()), "room")?;
    let folder = scene.folder_in(&scene.folder()?, &two_words())?;
    let (original, other) = (scene.witness(&folder)?, scene.witness(&folder)?);
    let for_root = fs::Permissions::from_mode(FOR_ROOT);
    fs::set_permissions(scene.outside(&original.place), for_root)?;
    let copy = scene.folder()?.join(&two_words());
    scene.with_copy(&copy);
    let user = number(1000..30_000);
    let bytes = fs::read(scene.outside(&original.place))?;
    let commands = vec![
        scene.answer(&[&original.place.0, &copy.0]),
        as_user(user, &other.place, &other),
        as_user(user, &copy, &original),
    ];
    let mut run = scene.run(Who::Root, commands)?;

    let end = run.end_of(0)?;
    let (program, copied) = (run.path(&original.place), run.path(&copy));
    // Nobody but root was there before the script ran.
    let root = fs::metadata(run.path(&other.place))?.uid();
    has_stayed(&run, &program, &bytes, root)?;
    STARTS.holds(is_of(&copied, root), "it is root's", ANOTHERS)?;
    let what = compared(&copied, &bytes).map(|what| what + &first_words(&run));
    BYTES.holds(what.is_none(), "the same bytes", what.unwrap_or_default())?;
    let mode = fs::metadata(&copied)?.permissions().mode() & 0o7777;
    let all = mode & ALL_EXECUTE == ALL_EXECUTE && mode & OTHERS_WRITE == 0;
    let observed = format!("mode {mode:o}{}", first_words(&run));
    STARTS.holds(all, "a mode such as 755", observed)?;

    closed(&mut run)?;
    one_privilege(&mut run, user)?;
    let caps = capabilities_of(&copied)?;
    EXACT.holds(
        caps == "cap_net_bind_service=ep",
        "cap_net_bind_service=ep",
        caps,
    )?;
    let observed = format!("{end}{}", first_words(&run));
    STATUS.holds(end == End::Status(0), "status 0", observed)
}

/// A name that a shell takes for two where it is not quoted.
fn two_words() -> String {
    format!("{} {}", word(), word())
}

/// PROGRAM is what it was.
fn has_stayed(run: &Run, program: &Path, bytes: &[u8], root: u32) -> Checked {
    ORIGINAL.holds(is_of(program, root), "it is root's", ANOTHERS)?;
    let what = compared(program, bytes).map(|what| what + &first_words(run));
    ORIGINAL.holds(what.is_none(), "the same bytes", what.unwrap_or_default())?;
    let mode = fs::metadata(program)?.permissions().mode() & 0o7777;
    ORIGINAL.holds(mode == FOR_ROOT, "mode 700", format!("mode {mode:o}"))?;
    let caps = capabilities_of(program)?;
    ORIGINAL.holds(caps == "none", "no capabilities", caps)
}

/// A witness, started by this user.
fn as_user(user: u32, place: &Place, actor: &Actor) -> Command {
    Command {
        file: place.0.clone(),
        argv: vec![actor.name.clone(), actor.nonce.clone()],
        user: Some(user),
        ..Command::default()
    }
}

/// Another program is refused.
fn closed(run: &mut Run) -> Checked {
    let seen = run.witness()?;
    let port = number(2..1024);
    run.order(seen, &format!("l{port}"))?;
    let ports = seen.ports()?;
    let expected = format!("port {port} is refused");
    CLOSED.holds(ports.is_empty(), expected, "it listens there, too")?;
    run.send(seen, &format!("q{}", code()))?;
    run.end_of(1).map(drop)
}

/// COPY gets the port and nothing else.
fn one_privilege(run: &mut Run, user: u32) -> Checked {
    let seen = run.witness()?;
    for key in ["Uid", "Gid"] {
        let (ids, expected) = (run.ids(seen, key)?, [user; 4]);
        let shown = |ids: &[u32]| format!("{key} {ids:?}");
        SELF.holds(ids == expected, shown(&expected), shown(&ids))?;
    }
    let port = number(2..1024) as u16;
    run.order(seen, &format!("l{port}"))?;
    let listens = seen.ports()?.iter().any(|(found, _)| *found == port);
    let observed = format!("it is refused{}", first_words(run));
    LISTENS.holds(listens, format!("it listens at {port}"), observed)?;

    let before = seen.inode("root")?;
    run.order(seen, "r")?;
    let same = seen.inode("root")? == before;
    CHROOT.holds(same, "its root stays", "its root is another now")?;
    let room = run.path(&Place(BOX.to_owned()).join("room"));
    let owner = || fs::metadata(&room).map(|meta| meta.uid());
    let before = owner()?;
    run.order(seen, &format!("t{user}"))?;
    let expected = "a folder of root stays root's";
    let observed = format!("the owner is user {user} now");
    CHOWN.holds(owner()? == before, expected, observed)
}

/// As getcap(8) tells them; `none`.
fn capabilities_of(file: &Path) -> Checked<String> {
    let found = kernel::lgetxattr(file, c"security.capability");
    Ok(match found.map(|bytes| FileCaps::decode(&bytes)) {
        Ok(Ok(caps)) => caps.triple().to_string(),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "none".to_owned(),
    })
}

/// Whether a file is this user's, if it is there.
fn is_of(file: &Path, user: u32) -> bool {
    fs::symlink_metadata(file).map_or(true, |meta| meta.uid() == user)
}

/// What is to be found instead of a plain file with these bytes.
fn compared(file: &Path, bytes: &[u8]) -> Option<String> {
    let plain = fs::symlink_metadata(file).is_ok_and(|meta| meta.is_file());
    match fs::read(file) {
        Ok(found) if plain && found == bytes => None,
        Ok(_) if plain => Some("others".to_owned()),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Some(error.to_string()),
        _ => Some("no file".to_owned()),
    }
}

/// What the script complained of first: setcap(8) explains itself at length after that.
fn first_words(run: &Run) -> String {
    const LINES: usize = 3;
    const MOST: usize = 160;
    let said = run.complained(0);
    let lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
    let words = lines.take(LINES).collect::<Vec<_>>().join("; ");
    if words.is_empty() {
        return words;
    }
    let words: String = words.chars().take(MOST).collect();
    format!("; the script said: {words}")
}
