//! What is laid out for an answer before it runs.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use chroot::closure::{self, Wanted};
use chroot::tree::Tree;

use super::cell::{ANSWER, BOX, Command, Plan, Who};
use super::groups::Branch;
use super::{Checked, Judge, Refusal, Run, Target, number, word};

/// The program without libraries that answers have to run.
const WITNESS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/witness"));

/// A path in the cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place(pub String);

impl Place {
    /// Something in it.
    pub fn join(&self, name: &str) -> Place {
        Place(format!("{}/{}", self.0, name.trim_start_matches('/')))
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

/// A copy of the witness: a program that an answer has to run with one argument.
#[derive(Debug, Clone)]
pub struct Actor {
    /// Where it lies.
    pub place: Place,
    /// Its name.
    pub name: String,
    /// The argument.
    pub nonce: String,
    /// Arguments that have to come after it.
    pub further: Vec<OsString>,
}

/// A scene.
#[derive(Debug)]
pub struct Scene<'a> {
    pub(super) judge: &'a Judge,
    pub(super) folder: PathBuf,
    /// Programs that are the answer, and copies of the witness.
    pub(super) answers: Vec<Place>,
    pub(super) actors: Vec<Actor>,
    pub(super) targets: Vec<Target>,
    pub(super) many_ids: bool,
    /// Programs that a script may start.
    pub(super) tools: &'static [&'static str],
    /// Control groups in which answers may make their own.
    pub(super) trees: Vec<Branch>,
    pub(super) filters: bool,
    pub(super) copies: Vec<Place>,
    pub(super) with_calls: bool,
    pub(super) before_start: Option<&'static str>,
    network: bool,
    permitted: u64,
}

impl Judge {
    /// An empty scene.
    ///
    /// # Errors
    /// The ground cannot be written.
    pub fn scene(&mut self) -> Checked<Scene<'_>> {
        self.scenes += 1;
        let folder = self.folder.join(format!("scene-{}", self.scenes));
        fs::create_dir_all(folder.join("world"))?;
        fs::copy(&self.answer, folder.join("answer"))?;
        Ok(Scene {
            judge: self,
            folder,
            answers: vec![Place(ANSWER.to_owned())],
            actors: Vec::new(),
            targets: Vec::new(),
            many_ids: false,
            tools: &[],
            trees: Vec::new(),
            filters: false,
            copies: Vec::new(),
            with_calls: false,
            before_start: None,
            network: false,
            permitted: 0,
        })
    }
}

impl Scene<'_> {
    /// A new folder with a random name, at a random depth in `/box`.
    ///
    /// # Errors
    /// The ground cannot be written.
    pub fn folder(&self) -> Checked<Place> {
        let depth = number(1..4);
        let names: Vec<_> = (0..depth).map(|_| word()).collect();
        let place = Place(BOX.to_owned()).join(&names.join("/"));
        fs::create_dir_all(self.outside(&place))?;
        Ok(place)
    }

    /// Where something of `/box` lies until the cell is furnished.
    pub fn outside(&self, place: &Place) -> PathBuf {
        let inside = place.0.strip_prefix(BOX).expect("a scene is in /box");
        self.folder
            .join("world")
            .join(inside.trim_start_matches('/'))
    }

    /// A folder below another.
    ///
    /// # Errors
    /// The ground cannot be written.
    pub fn folder_in(&self, place: &Place, name: &str) -> Checked<Place> {
        let place = place.join(name);
        fs::create_dir_all(self.outside(&place))?;
        Ok(place)
    }

    /// A file with this text.
    ///
    /// # Errors
    /// The ground cannot be written.
    pub fn file(&self, place: &Place, text: impl AsRef<[u8]>) -> Checked {
        Ok(fs::write(self.outside(place), text)?)
    }

    /// A witness in a folder, under a random name.
    ///
    /// # Errors
    /// The ground cannot be written.
    pub fn witness(&mut self, folder: &Place) -> Checked<Actor> {
        let name = word();
        let place = folder.join(&name);
        fs::write(self.outside(&place), WITNESS)?;
        fs::set_permissions(self.outside(&place), fs::Permissions::from_mode(0o755))?;
        // The first letter is no order: see witness/main.rs.
        let nonce = format!("n{}{}", word(), word());
        let actor = Actor {
            place,
            name,
            nonce,
            further: Vec::new(),
        };
        self.actors.push(actor.clone());
        Ok(actor)
    }

    /// The same witness once more, in another folder: whoever starts it there is seen, too.
    ///
    /// # Errors
    /// The ground cannot be written.
    pub fn twin(&mut self, actor: &Actor, folder: &Place) -> Checked {
        let place = folder.join(&actor.name);
        fs::copy(self.outside(&actor.place), self.outside(&place))?;
        self.actors.push(Actor {
            place,
            ..actor.clone()
        });
        Ok(())
    }

    /// Has a witness expect further arguments, which need not be text.
    pub fn expect(&mut self, actor: &Actor, further: &[OsString]) {
        let same = |one: &&mut Actor| one.nonce == actor.nonce;
        for one in self.actors.iter_mut().filter(same) {
            one.further = further.to_vec();
        }
    }

    /// A system program with all its libraries in a folder, as `era-chroot new` does it;
    /// gives the paths of all files.
    ///
    /// # Errors
    /// It is not there, or its libraries are not.
    pub fn program(&self, name: impl Into<PathBuf>, folder: &Place) -> Checked<Vec<PathBuf>> {
        let undone = |error: chroot::error::Error| Refusal::Undone(error.to_string());
        let tree = Tree::host();
        let wanted = Wanted {
            programs: vec![name.into()],
            path: ["/usr/bin", "/bin", "/usr/sbin", "/sbin"]
                .map(PathBuf::from)
                .to_vec(),
            bare: true,
            ..Wanted::default()
        };
        let found = closure::collect(&tree, &wanted).map_err(undone)?;
        chroot::jail::fill(&tree, &found, &self.outside(folder)).map_err(undone)?;
        let files = found.items.iter();
        let files = files.filter(|(_, item)| matches!(item.kind, closure::Kind::File { .. }));
        Ok(files.map(|(path, _)| path.clone()).collect())
    }

    /// The answer itself in a folder, with its libraries; gives its path in there.
    ///
    /// # Errors
    /// As [`Scene::program`].
    pub fn answer_in(&mut self, folder: &Place) -> Checked<PathBuf> {
        let file = self.folder.join("answer");
        self.program(&file, folder)?;
        self.answers.push(folder.join(&file.to_string_lossy()));
        Ok(file)
    }

    /// Processes to look at.
    pub fn targets(&mut self, targets: Vec<Target>) {
        self.targets = targets;
    }

    /// Lets the cell have many ids, and groups.
    pub fn with_many_ids(&mut self) {
        self.many_ids = true;
    }

    /// The programs that a script may start, beside those in `/box`.
    pub fn with_tools(&mut self, tools: &'static [&'static str]) {
        self.tools = tools;
    }

    /// Lets the filters be read that the answer puts before its calls.
    pub fn with_filters(&mut self) {
        self.filters = true;
    }

    /// The answer is to put a copy of the witness there.
    pub fn with_copy(&mut self, place: &Place) {
        self.copies.push(place.clone());
    }

    /// Lets the cell have a network of its own, where ports below 1024 are for root.
    pub fn with_network(&mut self) {
        self.network = true;
    }

    /// Gives the answer's file these capabilities, permitted and not effective. They count
    /// for whoever is not root.
    pub fn with_permitted(&mut self, set: u64) {
        self.permitted = set;
    }

    /// Has each call of the answer written down: [`Run::calls`].
    pub fn with_calls(&mut self) {
        self.with_calls = true;
    }

    /// Where to look if the answer ends without its command: at the calls before it.
    pub fn before_start(&mut self, look: &'static str) {
        self.before_start = Some(look);
    }

    /// The answer with these arguments.
    pub fn answer(&self, arguments: &[&str]) -> Command {
        let arguments = arguments.iter().map(|word| (*word).to_owned());
        let (file, first) = if self.judge.script {
            ("/bin/sh", vec!["sh".to_owned(), ANSWER.to_owned()])
        } else {
            (ANSWER, vec!["answer".to_owned()])
        };
        Command {
            file: file.to_owned(),
            argv: first.into_iter().chain(arguments).collect(),
            ..Command::default()
        }
    }

    /// Furnishes a cell and runs the commands in it.
    ///
    /// # Errors
    /// The machine refuses the cell.
    pub fn run(self, who: Who, commands: Vec<Command>) -> Checked<Run> {
        let learner = self.judge.learner;
        give(&self.folder, learner)?;
        let plan = Plan {
            folder: self.folder.clone(),
            who: who.id(),
            many_ids: self.many_ids,
            targets: self.targets.clone(),
            commands,
            trees: self.trees.iter().map(Branch::mounted).collect(),
            network: self.network,
            permitted: self.permitted,
        };
        Run::start(&plan, who, learner, &self)
    }
}

/// What real root has laid out belongs to the learner, who will be root of the cell.
fn give(path: &Path, learner: (u32, u32)) -> Checked {
    if !nix::unistd::geteuid().is_root() {
        return Ok(());
    }
    let meta = fs::symlink_metadata(path)?;
    std::os::unix::fs::lchown(path, Some(learner.0), Some(learner.1))?;
    if meta.is_dir() {
        for entry in fs::read_dir(path)? {
            give(&entry?.path(), learner)?;
        }
    }
    Ok(())
}

/// A command of the check's own, which may start what it likes.
pub fn command(file: &str, arguments: &[&str]) -> Command {
    let words = std::iter::once(&file).chain(arguments);
    Command {
        file: file.to_owned(),
        argv: words.map(|word| (*word).to_owned()).collect(),
        of_the_check: true,
        ..Command::default()
    }
}
