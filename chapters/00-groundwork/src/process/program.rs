//! A program to become.

use std::convert::Infallible;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use super::gate;
use crate::kernel;

/// A program to become: what exec(3) needs, given by whoever knows the environment.
#[derive(Debug, Clone)]
pub struct Program {
    /// Its name or path, and its arguments.
    pub argv: Vec<OsString>,
    /// `NAME=value`, each.
    pub envp: Vec<OsString>,
    /// Its file, where that is not what `argv` says.
    pub file: Option<PathBuf>,
}

impl Program {
    /// `argv` with the environment of this process.
    pub fn new(argv: Vec<OsString>, env: impl Iterator<Item = (OsString, OsString)>) -> Self {
        let pair = |(name, value): (OsString, OsString)| {
            let mut text = name;
            text.push("=");
            text.push(value);
            text
        };
        Program {
            argv,
            envp: env.map(pair).collect(),
            file: None,
        }
    }

    /// The shell that `SHELL` names, else /bin/sh, as a login shell (its name has a dash in
    /// front): what unshare(1) and nsenter(1) run when no program is given.
    pub fn shell(env: impl Iterator<Item = (OsString, OsString)>) -> Self {
        let mut program = Program::new(Vec::new(), env);
        let shell = program.variable("SHELL").unwrap_or(OsStr::new("/bin/sh"));
        let shell = PathBuf::from(shell);
        let mut name = OsString::from("-");
        name.push(shell.file_name().unwrap_or_default());
        program.argv.push(name);
        program.file = Some(shell);
        program
    }

    /// The value of a variable in the environment that the program will have.
    pub fn variable(&self, name: &str) -> Option<&OsStr> {
        let of_pair = |pair: &'_ OsString| -> Option<usize> {
            let rest = pair.as_bytes().strip_prefix(name.as_bytes())?;
            rest.starts_with(b"=").then_some(name.len() + 1)
        };
        self.envp
            .iter()
            .find_map(|pair| of_pair(pair).map(|at| OsStr::from_bytes(&pair.as_bytes()[at..])))
    }

    /// The name that the user gave it.
    pub fn name(&self) -> String {
        let name = match &self.file {
            Some(file) => file.as_os_str(),
            None => self.argv.first().map_or(OsStr::new(""), |name| name),
        };
        name.to_string_lossy().into_owned()
    }

    /// PATH, or what exec(3) takes without one.
    pub fn search_path(&self) -> &OsStr {
        self.variable("PATH").unwrap_or(OsStr::new("/bin:/usr/bin"))
    }

    /// Where the program's file is: a name with a slash is a path, another is looked for
    /// in each folder of PATH, as in exec(3). Looked up in the root that we have now.
    pub fn path(&self) -> PathBuf {
        if let Some(file) = &self.file {
            return file.clone();
        }
        let name = self
            .argv
            .first()
            .map_or(OsStr::new(""), OsString::as_os_str);
        if name.as_bytes().contains(&b'/') {
            return PathBuf::from(name);
        }
        let found = std::env::split_paths(self.search_path())
            .map(|folder| folder.join(name))
            .filter(|file| file.is_file())
            .collect::<Vec<_>>();
        let runs = found.iter().find(|file| is_executable(file));
        let found = runs.or(found.first()).cloned();
        found.unwrap_or_else(|| PathBuf::from(name))
    }

    /// Becomes the program: execve(2). A file without `#!` that is no program is given to
    /// /bin/sh, as execvp(3) does.
    #[track_caller]
    pub fn exec(&self) -> kernel::Result<Infallible> {
        self.ready().exec()
    }

    /// All of [`exec`](Self::exec) that can be done before: what is left is execve(2) alone,
    /// for whoever may soon call little else.
    pub fn ready(&self) -> Ready<'_> {
        // Rust's start-up code ignores SIGPIPE, and what is ignored stays so over execve.
        kernel::default_action(kernel::Signal::SIGPIPE);
        Ready {
            program: self,
            path: self.path(),
        }
    }
}

/// A program whose file has been looked up.
#[derive(Debug)]
pub struct Ready<'a> {
    program: &'a Program,
    path: PathBuf,
}

impl Ready<'_> {
    /// Its file, or its name if there is no such file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Becomes the program, see [`Program::exec`].
    #[track_caller]
    pub fn exec(&self) -> kernel::Result<Infallible> {
        let Program { argv, envp, .. } = self.program;
        gate::announce(&self.path);
        let Err(error) = kernel::execve(&self.path, argv, envp);
        if error.errno() != Errno::ENOEXEC {
            return Err(error);
        }
        let mut by_shell = vec![OsString::from("/bin/sh"), self.path.clone().into()];
        by_shell.extend(argv.iter().skip(1).cloned());
        kernel::execve("/bin/sh", &by_shell, envp)
    }
}

/// exec(3) goes on looking after a file that may not be run.
fn is_executable(file: &Path) -> bool {
    use nix::unistd::{AccessFlags, access};
    access(file, AccessFlags::X_OK).is_ok()
}
