//! A program in namespaces of its own: what unshare(1) does, in its order.

use groundwork::kernel::{self, CloneFlags, Signal};
use groundwork::process::{Child, Exit, Program, Relay, Spawn, Waiting};
use groundwork::step;

use crate::clocks::{self, Offsets};
use crate::error::{Error, Result};
use crate::keep::{self, Keep};
use crate::kinds::{self, Kind};
use crate::maps::{self, IdMap, Ids, Me};
use crate::settle::Inside;

/// What is to be unshared, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unshare {
    /// The views that the program does not share any more.
    pub new: Vec<Kind>,
    /// Those that outlive it.
    pub keep: Vec<Keep>,
    /// Who is who, in a new user namespace.
    pub users: IdMap,
    /// And which group is which.
    pub groups: IdMap,
    /// The clocks of a new time namespace.
    pub offsets: Offsets,
    /// Whether the program is a child. A new PID or time namespace is for children only.
    pub fork: bool,
    /// What is done inside before the program starts.
    pub inside: Inside,
}

/// unshare(1) is deaf to these while its child runs: Ctrl-C is for the child.
const DEAF_TO: &[Signal] = &[Signal::SIGINT, Signal::SIGTERM];

impl Unshare {
    // ANCHOR: unshare
    /// Leaves the shared views and becomes the program, or its parent if it is to be a child.
    ///
    /// Gives back how the child ended. Without a child it comes back only if it failed.
    pub fn run(&self, program: &Program) -> Result<Exit> {
        let me = Me::now();
        // Two that must stay behind: for the old mounts, and with the old user's rights.
        let keeper = self.keeper()?;
        let mappers = self.mappers(me, program)?;

        step("Leave the shared views: from here on we have copies of our own");
        kernel::unshare(self.flags()).map_err(|call| self.refused(call))?;

        for (ids, map, helper) in mappers {
            maps::write_by_helper(ids, map, me, helper)?;
        }
        clocks::shift(self.offsets)?;
        if self.fork {
            let child = self.child(me, program, keeper)?;
            return Ok(child.wait(Relay::Swallow));
        }
        self.keep(keeper)?;
        match self.inside_and_exec(me, program)? {}
    }

    fn child(&self, me: Me, program: &Program, keeper: Option<Waiting<Error>>) -> Result<Child> {
        step(match self.new.contains(&Kind::Pid) {
            true => "The first child is process 1 of the new PID namespace",
            false => "Run the program as a child, and wait for it",
        });
        let started = Spawn::new()
            .holding(DEAF_TO)
            .start(|_| self.keep(keeper), || self.inside_and_exec(me, program));
        started.map_err(Error::from_start)
    }

    fn inside_and_exec(&self, me: Me, program: &Program) -> Result<std::convert::Infallible> {
        self.inside.settle(me)?;
        step("Become the program");
        program.exec().map_err(|call| Error::Exec {
            program: program.name(),
            call,
        })
    }
    // ANCHOR_END: unshare

    fn flags(&self) -> CloneFlags {
        kinds::flags(&self.new)
    }

    fn refused(&self, call: kernel::CallError) -> Error {
        Error::Unshare {
            kinds: self.new.clone(),
            call,
        }
    }

    /// The one who mounts our namespaces on files, where we shall not see those files.
    fn keeper(&self) -> Result<Option<Waiting<Error>>> {
        if self.keep.is_empty() || !self.new.contains(&Kind::Mnt) {
            return Ok(None);
        }
        keep::keeper(&self.keep).map(Some)
    }

    fn keep(&self, keeper: Option<Waiting<Error>>) -> Result<()> {
        match keeper {
            Some(keeper) => keeper.finish().map_err(Error::from_start),
            None if self.keep.is_empty() => Ok(()),
            None => keep::mount_on_files(kernel::Pid::this(), &self.keep),
        }
    }

    fn mappers(&self, me: Me, env: &Program) -> Result<Vec<(Ids, IdMap, Waiting<Error>)>> {
        let mut mappers = Vec::new();
        for (ids, map) in [(Ids::Users, self.users), (Ids::Groups, self.groups)] {
            if let Some(helper) = maps::helper(ids, map, me, env)? {
                mappers.push((ids, map, helper));
            }
        }
        Ok(mappers)
    }
}
