//! Which capabilities does a program need? Found out by running it with more and fewer of
//! them, until a set is left that is enough, and of which none can be left out.
//!
//! # Layout
//!
//! - [`Need`] (here): the question, and the runs that answer it.
//! - [`search`]: which sets to try.
//! - [`trial`]: one run; [`watch`]: while it goes on; [`tracer`]: which calls are refused.
//! - [`sandbox`]: what a run sees, and what is thrown away after it.
//! - [`answer`]: what comes out of it.
//! - [`refused`], [`why`]: a run that could not be made.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use groundwork::kernel::{self, CallError, CloneFlags, Errno, Uid};
use groundwork::process::{self, Program};

use crate::error::{Error, Result};
use crate::run;
use crate::set::{Cap, CapSet};

mod answer;
mod refused;
mod sandbox;
mod search;
mod tracer;
mod trial;
mod watch;
pub(crate) mod why;

pub use answer::{Setting, Verdict, Without};
pub use refused::Refused;
pub use sandbox::Sandbox;
pub use tracer::Refusal;
pub use trial::{Ended, Outcome};

use trial::{Run, Trials};

/// What no sandbox holds, since it changes the machine itself: the clock, the kernel's code,
/// its log, its policies, its accounting, the ports of its devices, whether it runs at all.
const OF_THE_MACHINE: &[&str] = &[
    "sys_time",
    "sys_boot",
    "sys_module",
    "sys_rawio",
    "sys_pacct",
    "syslog",
    "mac_admin",
    "audit_control",
];

/// Wide ones, the widest last: of two that would do, the narrower is named.
const WIDE: &[&str] = &[
    "dac_read_search",
    "fowner",
    "dac_override",
    "setpcap",
    "net_admin",
    "sys_ptrace",
    "sys_admin",
];

/// What counts as success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// It ends with this status.
    Status(u8),
    /// It still runs at its time limit: for programs that serve.
    Running,
}

/// A question.
#[derive(Debug, Clone)]
pub struct Need {
    /// About which program.
    pub program: Program,
    /// Whom it runs as, and in which group; None is whoever we are.
    pub user: Option<(u32, u32)>,
    /// What counts as success.
    pub expect: Expect,
    /// How long a run may take.
    pub limit: Duration,
    /// Run it right here: what it changes stays.
    pub in_place: bool,
    /// Run it in the network of this machine.
    pub share_network: bool,
    /// Give it these, too, though no sandbox holds what they can do.
    pub allow: CapSet,
}

impl Need {
    // ANCHOR: need
    /// Finds it out.
    pub fn find(&self) -> Result<(Verdict, Setting)> {
        self.check_program()?;
        let began = Instant::now();
        let (mut runs, mut setting) = self.begin()?;
        let verdict = self.judge(&mut runs, setting.given)?;
        setting.runs = runs.count;
        setting.read_only = runs.read_only;
        setting.took = began.elapsed();
        Ok((verdict, setting))
    }

    fn judge(&self, runs: &mut Runs, given: CapSet) -> Result<Verdict> {
        if runs.is_enough(CapSet::EMPTY)? {
            for _ in 0..2 {
                if let Some(failed) = runs.again(CapSet::EMPTY)? {
                    return Ok(Verdict::Random(CapSet::EMPTY, failed));
                }
            }
            return Ok(Verdict::Needs(CapSet::EMPTY, Vec::new()));
        }
        if !runs.is_enough(given)? {
            let failed = runs.outcome(given)?.clone();
            return Ok(match runs.again(given)? {
                None => Verdict::FailsWithAll(failed, runs.refused(given)?.pop()),
                Some(_) => Verdict::Random(given, failed),
            });
        }
        let order = in_order(given);
        let needs = search::minimal(&order, &mut |set| runs.is_enough(set))?;
        let parts = needs.iter().map(|cap| needs.without(cap.into()));
        for set in [needs, needs].into_iter().chain(parts) {
            if let Some(other) = runs.again(set)? {
                return Ok(Verdict::Random(set, other));
            }
        }
        let always = runs.refused(needs)?;
        let without = needs.iter().map(|cap| {
            let mut without = without(cap, needs, &order, runs)?;
            let refused = runs.refused(needs.without(cap.into()))?;
            without.refused = refused.into_iter().rfind(|one| !always.contains(one));
            Ok(without)
        });
        let without = without.collect::<Result<Vec<_>>>()?;
        Ok(Verdict::Needs(needs, without))
    }
    // ANCHOR_END: need

    /// A program that is not there, or that nobody may execute, needs nothing that we could
    /// give.
    fn check_program(&self) -> Result<()> {
        let path = self.program.path();
        let refused = |error: io::Error| Error::NoProgram {
            program: self.program.name(),
            call: CallError::from_io("execve", &path, "execve(2)", &error),
        };
        match path.metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(refused(error)),
            Ok(file) if !file.is_file() || file.mode() & 0o111 == 0 => {
                Err(refused(Errno::EACCES.into()))
            }
            _ => Ok(()),
        }
    }

    /// Who cannot build a sandbox becomes root of a user namespace for it.
    fn begin(&self) -> Result<(Runs, Setting)> {
        let may_mount = CapSet::from_bits(1 << kernel::CAP_SYS_ADMIN).is_within(permitted()?);
        let me = Uid::effective().as_raw();
        let outside = (!may_mount && !self.in_place).then_some(me);
        if outside.is_some() {
            process::become_root_of_own_users(CloneFlags::empty()).map_err(Error::Users)?;
        }
        let in_user_namespace = process::in_a_user_namespace();
        let sandbox = (!self.in_place).then_some(Sandbox {
            own_network: !self.share_network,
            in_user_namespace,
        });
        let has = permitted()?;
        // In a user namespace none of them reaches the machine.
        let withheld = match in_user_namespace {
            true => CapSet::EMPTY,
            false => set_of(OF_THE_MACHINE).intersection(has).without(self.allow),
        };
        let given = has.without(withheld);
        if given.is_empty() {
            return Err(Error::NothingToGive);
        }
        let setting = Setting {
            sandbox,
            outside,
            uid: run::uid_of(self.user),
            given,
            withheld,
            read_only: Vec::new(),
            runs: 0,
            took: Duration::ZERO,
        };
        let trials = Trials {
            program: self.program.clone(),
            user: self.user,
            sandbox,
            limit: self.limit,
        };
        let runs = Runs {
            trials,
            expect: self.expect,
            known: BTreeMap::new(),
            read_only: Vec::new(),
            count: 0,
        };
        Ok((runs, setting))
    }
}

/// What we may give: permitted to us, and in the bounding set.
fn permitted() -> Result<CapSet> {
    let sets = kernel::capget().map_err(Error::Sets)?;
    let bounding = CapSet::from_bits(kernel::bounding_set());
    Ok(CapSet::from_bits(sets.permitted).intersection(bounding))
}

/// How the program fails without this one, and what can stand in its place.
fn without(cap: Cap, needs: CapSet, order: &[Cap], runs: &mut Runs) -> Result<Without> {
    let rest = needs.without(cap.into());
    let outcome = runs.outcome(rest)?.clone();
    let others = order
        .iter()
        .copied()
        .filter(|other| !needs.contains(*other));
    let others: Vec<_> = others.collect();
    let instead = search::instead(rest, &others, &mut |set| runs.is_enough(set))?;
    Ok(Without {
        cap,
        outcome,
        refused: None,
        instead,
    })
}

/// The runs that were made. One set is tried once, unless it is asked for again.
struct Runs {
    trials: Trials,
    expect: Expect,
    known: BTreeMap<u64, Outcome>,
    read_only: Vec<PathBuf>,
    count: u32,
}

impl Runs {
    fn is_enough(&mut self, caps: CapSet) -> Result<bool> {
        let expect = self.expect;
        self.outcome(caps).map(|outcome| expect.holds(outcome))
    }

    fn outcome(&mut self, caps: CapSet) -> Result<&Outcome> {
        if !self.known.contains_key(&caps.bits()) {
            let outcome = self.run(caps)?;
            self.known.insert(caps.bits(), outcome);
        }
        Ok(&self.known[&caps.bits()])
    }

    /// Runs it once more, and gives what came of it if that is not what came of it before.
    fn again(&mut self, caps: CapSet) -> Result<Option<Outcome>> {
        let before = self.is_enough(caps)?;
        let outcome = self.run(caps)?;
        Ok((self.expect.holds(&outcome) != before).then_some(outcome))
    }

    fn run(&mut self, caps: CapSet) -> Result<Outcome> {
        self.count += 1;
        let run = self.trials.run(caps)?;
        self.read_only = run.read_only;
        Ok(run.outcome)
    }

    /// Runs it once more, traced: the calls that were refused, in their order. None where
    /// tracing is refused.
    fn refused(&mut self, caps: CapSet) -> Result<Vec<Refusal>> {
        self.count += 1;
        let Run { refused, .. } = self.trials.run_traced(caps)?;
        Ok(refused)
    }
}

impl Expect {
    fn holds(self, outcome: &Outcome) -> bool {
        match (self, outcome.ended) {
            (Expect::Status(wanted), Ended::Exit(exit)) => exit.status() == wanted,
            (Expect::Running, Ended::Late) => true,
            _ => false,
        }
    }
}

/// The narrow ones first, so that they are preferred.
fn in_order(given: CapSet) -> Vec<Cap> {
    let wide: Vec<Cap> = named(WIDE).filter(|cap| given.contains(*cap)).collect();
    let narrow = given.iter().filter(|cap| !wide.contains(cap));
    narrow.chain(wide.clone()).collect()
}

fn set_of(names: &[&str]) -> CapSet {
    named(names).collect()
}

/// Those of these that the running kernel knows.
fn named(names: &[&str]) -> impl Iterator<Item = Cap> {
    names.iter().filter_map(|name| name.parse().ok())
}
