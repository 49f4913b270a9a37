//! What the sets of a program are to be, and which requests contradict themselves or ask for
//! what the kernel will not give: all of it is found before the first call is made.

use groundwork::kernel::{
    CAP_SETGID, CAP_SETPCAP, CAP_SETUID, CapabilitySets, Securebits, Uid, securebits,
};

use super::{Request, uid_of};
use crate::error::{Error, Result};
use crate::set::CapSet;
use crate::sets::Sets;

/// What is so, what is to be, and what the way there needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The sets of this process.
    pub now: Sets,
    /// The sets at the moment of execve(2).
    pub target: Sets,
    /// What capset(2) sets first: what is needed on the way is on, and what is to be
    /// inheritable is so while it still may.
    pub first: CapabilitySets,
    /// Whom to become.
    pub user: Option<(u32, u32)>,
    /// Whether execve(2) may add nothing.
    pub no_new_privs: bool,
    was_root: bool,
    bits: Securebits,
    wished: CapSet,
    asked_effective: bool,
}

/// What a request will not do, though it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// Dropped, and execve(2) gives it back to uid 0.
    ComesBack(CapSet),
    /// Asked for, and execve(2) takes it from a user who is not root.
    IsLost(CapSet),
    /// Not to be effective, and execve(2) makes all effective that is permitted.
    IsEffective(CapSet),
}

impl std::fmt::Display for Note {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Note::ComesBack(caps) => write!(
                out,
                "execve gives uid 0 what its bounding set still has: {caps}"
            ),
            Note::IsLost(caps) => write!(
                out,
                "execve takes from a user who is not root what is not ambient: {caps}"
            ),
            Note::IsEffective(caps) => {
                write!(out, "execve makes effective what is permitted: {caps}")
            }
        }
    }
}

impl Plan {
    /// The plan for a request made of this process.
    pub fn new(request: &Request) -> Result<Plan> {
        let now = Sets::of_this_process().map_err(Error::Sets)?;
        let root = Uid::effective().is_root() || Uid::current().is_root();
        Plan::from(request, now, root, securebits())
    }

    /// The plan for a process with these sets.
    pub(crate) fn from(
        request: &Request,
        now: Sets,
        was_root: bool,
        bits: Securebits,
    ) -> Result<Plan> {
        let target = target(request, &now);
        check(request, &now, &target, bits)?;
        let helpers = helpers(request, &now, &target);
        let missing = helpers.without(now.permitted);
        if !missing.is_empty() {
            return Err(Error::NeedsFirst {
                missing,
                dropped: now.bounding.without(target.bounding),
            });
        }
        let lists = [request.permitted, request.effective, request.keep];
        let wished = lists
            .into_iter()
            .flatten()
            .fold(CapSet::EMPTY, CapSet::union);
        let first = Sets {
            effective: now.effective.union(helpers),
            inheritable: target.inheritable,
            ..now
        };
        let mut plan = Plan {
            now,
            target,
            first: first.three(),
            user: request.user,
            no_new_privs: request.no_new_privs,
            was_root,
            bits,
            wished: wished.intersection(target.permitted),
            asked_effective: request.effective.is_some(),
        };
        if plan.loses_root() && !plan.keeps_over_setuid() {
            // Nobody asked for anything else: setuid(2) takes them, as always.
            plan.target.permitted = CapSet::EMPTY;
            plan.target.effective = CapSet::EMPTY;
        }
        Ok(plan)
    }

    /// Whether the three sets are still to be set after all else.
    pub(super) fn wants_last(&self) -> bool {
        let reached = match (self.loses_root(), self.keeps_over_setuid()) {
            (false, _) => self.first,
            (true, true) => CapabilitySets {
                effective: 0,
                ..self.first
            },
            (true, false) => CapabilitySets {
                effective: 0,
                permitted: 0,
                ..self.first
            },
        };
        reached != self.target.three()
    }

    /// The uid that the program will have, as execve(2) looks at it.
    fn uid(&self) -> u32 {
        match self.user {
            None if self.was_root => 0,
            user => uid_of(user),
        }
    }

    /// Whether the change of user is one from uid 0 to another.
    fn loses_root(&self) -> bool {
        let fixed = self.bits.contains(Securebits::NO_SETUID_FIXUP);
        self.was_root && self.uid() != 0 && !fixed
    }

    /// Whether something is to be left after that.
    pub(super) fn keeps_over_setuid(&self) -> bool {
        self.loses_root() && !(self.wished.is_empty() && self.target.ambient.is_empty())
    }

    /// The ambient set when its turn comes: the kernel takes out what leaves the permitted or
    /// inheritable set, and all of it when uid 0 is given up.
    pub(super) fn ambient_before(&self) -> CapSet {
        if self.loses_root() {
            return CapSet::EMPTY;
        }
        let kept = self.target.permitted.intersection(self.target.inheritable);
        self.now.ambient.intersection(kept)
    }

    /// What will not be as asked for, once a program without capabilities of its own has been
    /// executed.
    pub fn notes(&self) -> Vec<Note> {
        let uid = self.uid();
        let after = self.target.after_execve(uid, self.bits, self.no_new_privs);
        let dropped = self.now.permitted.without(self.target.permitted);
        let comes_back = after.permitted.intersection(dropped);
        let is_lost = self.wished.without(after.permitted);
        let kept_off = self.target.permitted.without(self.target.effective);
        let is_effective = match self.asked_effective {
            true => after.effective.intersection(kept_off),
            false => CapSet::EMPTY,
        };
        let notes = [
            (comes_back, Note::ComesBack(comes_back)),
            (is_lost, Note::IsLost(is_lost)),
            (is_effective, Note::IsEffective(is_effective)),
        ];
        let notes = notes.into_iter().filter(|(caps, _)| !caps.is_empty());
        notes.map(|(_, note)| note).collect()
    }
}

/// The five sets that a request means. `all` in a list is all that may be in that set.
fn target(request: &Request, now: &Sets) -> Sets {
    let kept = |set: CapSet| {
        let set = set.without(request.drop);
        request.keep.map_or(set, |keep| set.intersection(keep))
    };
    let asked = |list: Option<CapSet>, all: CapSet, kept: CapSet| match list {
        Some(list) if list == CapSet::all() => all,
        Some(list) => list,
        None => kept,
    };
    let permitted = asked(request.permitted, now.permitted, kept(now.permitted));
    let effective = kept(now.effective).intersection(permitted);
    let inheritable = asked(request.inheritable, permitted, kept(now.inheritable));
    let both = permitted.intersection(inheritable);
    let gone = match request.permitted {
        Some(_) => now.permitted.without(permitted),
        None => CapSet::EMPTY,
    };
    let bounding = kept(now.bounding).without(gone);
    Sets {
        permitted,
        effective: asked(request.effective, permitted, effective),
        inheritable,
        bounding: asked(request.bounding, now.bounding, bounding),
        ambient: asked(request.ambient, both, kept(now.ambient).intersection(both)),
    }
}

/// What is needed on the way.
fn helpers(request: &Request, now: &Sets, target: &Sets) -> CapSet {
    let more = target.inheritable.without(now.inheritable);
    let beyond_permitted = !more.is_within(now.permitted);
    let of = |numbers: &[u8]| CapSet::from_bits(numbers.iter().fold(0, |set, bit| set | 1 << bit));
    let mut helpers = CapSet::EMPTY;
    if target.bounding != now.bounding || beyond_permitted {
        helpers = helpers.union(of(&[CAP_SETPCAP]));
    }
    if request.user.is_some() && request.user != Some(us()) {
        helpers = helpers.union(of(&[CAP_SETUID, CAP_SETGID]));
    }
    helpers
}

/// Who we are.
fn us() -> (u32, u32) {
    (
        Uid::effective().as_raw(),
        groundwork::kernel::Gid::effective().as_raw(),
    )
}

/// Refuses what contradicts itself, by the names of the sets.
fn check(request: &Request, now: &Sets, target: &Sets, bits: Securebits) -> Result<()> {
    let named = [
        ("permitted", request.permitted),
        ("effective", request.effective),
        ("inheritable", request.inheritable),
        ("ambient", request.ambient),
    ];
    for (set, caps) in named
        .into_iter()
        .filter_map(|(set, caps)| Some((set, caps?)))
    {
        let both = caps.intersection(request.drop);
        if !both.is_empty() {
            return Err(Error::Contradiction { set, caps: both });
        }
    }
    not_held("permitted", target.permitted, now.permitted)?;
    not_held("bounding", target.bounding, now.bounding)?;
    within("effective", target.effective, "permitted", target.permitted)?;
    within("ambient", target.ambient, "permitted", target.permitted)?;
    within("ambient", target.ambient, "inheritable", target.inheritable)?;
    let reachable = now.inheritable.union(now.bounding);
    within("inheritable", target.inheritable, "bounding", reachable)?;
    let raises = target.ambient.without(now.ambient);
    if !raises.is_empty() && bits.contains(Securebits::NO_CAP_AMBIENT_RAISE) {
        return Err(Error::NoAmbientRaise);
    }
    Ok(())
}

fn not_held(set: &'static str, wanted: CapSet, held: CapSet) -> Result<()> {
    let caps = wanted.without(held);
    match caps.is_empty() {
        true => Ok(()),
        false => Err(Error::NotHeld { set, caps }),
    }
}

fn within(set: &'static str, inner: CapSet, of: &'static str, outer: CapSet) -> Result<()> {
    let caps = inner.without(outer);
    match caps.is_empty() {
        true => Ok(()),
        false => Err(Error::NotWithin { set, of, caps }),
    }
}

#[cfg(test)]
mod tests;
